import { describe, expect, it } from 'vitest'
import type { ResilientClientOptions, TelemetryEvent } from '../../src/index.ts'
import { explain, findResilientError } from '../../src/index.ts'
import { fake, textStream } from '../../src/testing/index.ts'
import { readAll, scenario, URL_RESPONSES } from './harness.ts'

const ok = textStream({ text: 'hello' })
const slow = [fake.delay(1000), fake.respond(ok)]

/** Calls that begin together, and when each had its answer. */
async function together(
  count: number,
  options: ResilientClientOptions,
  script: Parameters<typeof scenario>[0] = () => slow,
) {
  const s = scenario(script, options)
  const ended: number[] = []
  const calls = Array.from({ length: count }, async (_, n) => {
    await readAll(await s.post({ input: `call ${n}` }))
    ended[n] = Math.round(s.clock.now())
  })
  await s.settle(Promise.all(calls))
  const queue = s.events.filter((event): event is Extract<TelemetryEvent, { type: 'queue_start' | 'queue_end' }> =>
    event.type.startsWith('queue_'),
  )
  return { ...s, ended, queue }
}

describe('concurrency.calls', () => {
  it('limits concurrent calls, first come, first served', async () => {
    const s = await together(7, { concurrency: { calls: 2 } })
    expect(s.ended).toEqual([1000, 1000, 2000, 2000, 3000, 3000, 4000])
    expect(s.transport.requests.map(({ text }) => /call \d/.exec(text)?.[0])).toEqual(
      Array.from({ length: 7 }, (_, n) => `call ${n}`),
    )
    expect(s.queue.filter(({ type }) => type === 'queue_start')).toHaveLength(5)
    expect(s.queue.filter(({ type }) => type === 'queue_end')).toHaveLength(5)
    expect(s.queue.at(-1)).toMatchObject({ outcome: 'admitted', waitedMs: 3000 })
    expect(s.client.stats().waitingCalls).toBe(0)
    await s.nothingIsLeft()
  })

  it('counts each origin separately, and the views of a client together', async () => {
    const s = scenario(() => slow, { concurrency: { calls: 1 } })
    const view = s.client.withOptions({ maxRetries: 0 })
    const body = JSON.stringify({ model: 'm', stream: true })
    const at = async (call: Promise<Response>): Promise<number> => {
      await readAll(await call)
      return Math.round(s.clock.now())
    }
    const all = [
      at(s.client.fetch(URL_RESPONSES, { method: 'POST', body })),
      at(view.fetch(URL_RESPONSES, { method: 'POST', body })),
      at(s.client.fetch('https://other.test/v1/responses', { method: 'POST', body })),
    ]
    expect((await s.settle(Promise.all(all))).value).toEqual([1000, 2000, 1000])
    await s.nothingIsLeft()
  })

  it('holds a permit until the body ends, and through all retries', async () => {
    let calls = 0
    const s = await together(2, { concurrency: { calls: 1 }, random: () => 0 }, () =>
      calls++ === 0 ? [fake.delay(500), fake.reset()] : slow,
    )
    expect(s.ended).toEqual([1500, 2500])
    await s.nothingIsLeft()
  })

  it("an abort while waiting takes the call out at once, with the caller's reason; the next has its turn", async () => {
    const s = scenario(() => slow, { concurrency: { calls: 1 } })
    const first = s.post().then(readAll)
    const leaving = new AbortController()
    const second = s.post({}, { signal: leaving.signal })
    const third = s.post({})
    second.catch(() => {})
    await s.clock.advance(100)
    expect(s.client.stats()).toMatchObject({ activeCalls: 3, waitingCalls: 2 })
    leaving.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    expect((await s.settle(first)).error).toBeUndefined()
    expect((await s.settle(third.then(readAll))).error).toBeUndefined()
    expect(s.transport.requests).toHaveLength(2)
    await s.nothingIsLeft()
  })

  it('queueMs ends the wait with an error that says so; nothing was sent', async () => {
    const s = scenario(() => [fake.delay(60_000), fake.respond(ok)], {
      concurrency: { calls: 1, queueMs: 5000 },
      timeouts: { ttfbMs: 0 },
    })
    const first = s.post().then(readAll)
    const { error } = await s.settle(s.post())
    expect(s.clock.now()).toBe(5000)
    expect(findResilientError(error)).toMatchObject({
      code: 'queue_timeout',
      retryable: true,
      replaySafety: 'safe',
      deadline: { name: 'queue', ms: 5000, source: 'option' },
      attempts: [],
    })
    expect(explain(error)).toContain('concurrency.queueMs')
    expect(s.transport.requests).toHaveLength(1)
    await s.settle(first)
    await s.nothingIsLeft()
  })

  it('totalMs includes the wait', async () => {
    const s = scenario(() => [fake.delay(60_000), fake.respond(ok)], {
      concurrency: { calls: 1 },
      timeouts: { ttfbMs: 0 },
    })
    const first = s.post().then(readAll)
    const view = s.client.withOptions({ timeouts: { totalMs: 2000 } })
    const { error } = await s.settle(view.responses.create({ model: 'm', input: 'hi' }, { headers: {} }))
    // Another origin than the drop-in's.
    expect(error).toMatchObject({ code: 'total_timeout' })
    const same = s.settle(view.fetch(URL_RESPONSES, { method: 'POST', body: '{"model":"m","stream":true}' }))
    expect(findResilientError((await same).error)).toMatchObject({ code: 'total_timeout', attempts: [] })
    await s.settle(first)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('destroy() ends those that wait', async () => {
    const s = scenario(() => slow, { concurrency: { calls: 1 } })
    const calls = Promise.allSettled([s.post(), s.post(), s.post()])
    await s.clock.advance(10)
    await s.client.destroy()
    for (const outcome of await calls) expect(outcome).toMatchObject({ reason: { code: 'client_closed' } })
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

describe('concurrency.pace', () => {
  const limits = (remaining: number) => ({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': '60s',
  })
  const saying = (remaining: number) => () => fake.respond(ok, { headers: limits(remaining) })

  it('slows the start of calls before a 429 comes: one a second if one refills each second', async () => {
    const s = scenario(saying(0), { concurrency: {} })
    await s.settle(s.post().then(readAll))
    const starts: number[] = []
    for (let n = 0; n < 3; n++) {
      await s.settle(s.post().then(readAll))
      starts.push(Math.round(s.clock.now()))
    }
    expect(starts).toEqual([1000, 2000, 3000])
    expect(s.events.filter(({ type }) => type === 'queue_start')).toMatchObject([{ reason: 'rate' }, {}, {}])
    await s.nothingIsLeft()
  })

  it('counts calls that began and were not answered yet', async () => {
    const s = scenario(saying(0), { concurrency: {} })
    await s.settle(s.post().then(readAll))
    const calls = [s.post(), s.post(), s.post()].map(async (call) => {
      await readAll(await call)
      return Math.round(s.clock.now())
    })
    expect((await s.settle(Promise.all(calls))).value).toEqual([1000, 2000, 3000])
    await s.nothingIsLeft()
  })

  it.each([
    ['enough is left', saying(30), {}],
    ['it is switched off', saying(0), { pace: false }],
  ])('does nothing when %s', async (_when, script, concurrency) => {
    const s = scenario(script, { concurrency })
    for (let n = 0; n < 5; n++) await s.settle(s.post().then(readAll))
    expect(s.clock.now()).toBe(0)
    await s.nothingIsLeft()
  })

  it('does nothing for another model, and by default nothing at all', async () => {
    const s = scenario(saying(0), { concurrency: {} })
    await s.settle(s.post().then(readAll))
    await s.settle(s.post({ model: 'other' }).then(readAll))
    expect(s.clock.now()).toBe(0)
    const plain = scenario(saying(0))
    for (let n = 0; n < 3; n++) await plain.settle(plain.post().then(readAll))
    expect(plain.clock.now()).toBe(0)
  })

  it('an abort ends the wait', async () => {
    const s = scenario(saying(0), { concurrency: {} })
    await s.settle(s.post().then(readAll))
    const call = s.post()
    call.catch(() => {})
    await s.clock.advance(100)
    s.controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })
})
