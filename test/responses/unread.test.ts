import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { fake, textStream, toSSE } from '../../src/testing/index.ts'
import { collect, collected, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const upToDelta = ok.slice(0, ok.findIndex((event) => event.type.endsWith('.delta')) + 1)
const params = { model: 'm', input: 'hi' }

/** A stream that breaks off behind its first output, and falls silent. */
const silent = () => [fake.events(upToDelta), fake.stall()].flat()
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('an unread stream with a signal', () => {
  it('has one listener on the signal while it runs', async () => {
    const s = scenario([silent()])
    s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.settle()
    expect(listeners(s.controller.signal)).toBe(1)
    await s.client.destroy()
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('has no listener after the deadline, and can still be read', async () => {
    const s = scenario([silent()], { timeouts: { staleMs: 60_000 } })
    const { signal } = s.controller
    const stream = s.responses.stream(params, { signal })
    await s.clock.advance(120_000)
    expect(listeners(signal)).toBe(0)
    const { events, error } = (await s.settle(collect(stream))).value as { events: unknown[]; error: unknown }
    expect(events).toEqual(upToDelta)
    expect(error).toMatchObject({ code: 'stale_timeout' })
    expect(listeners(signal)).toBe(0)
  })

  it('has no listener once the whole response has arrived, and can still be read', async () => {
    const s = scenario([[fake.bytes(toSSE(ok)), fake.eof()]])
    const stream = s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.settle()
    expect(listeners(s.controller.signal)).toBe(0)
    await s.settle(s.client.close())
    expect((await s.settle(stream.finalResponse())).value).toMatchObject({ status: 'completed' })
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('has no listener after the client was closed, which waits for it until staleMs', async () => {
    const s = scenario([fake.respond(ok)])
    s.responses.stream(params, { signal: s.controller.signal })
    await s.settle(s.client.close())
    expect(listeners(s.controller.signal)).toBe(0)
  })

  it('obeys a signal that was aborted after the deadline', async () => {
    const s = scenario([silent()], { timeouts: { staleMs: 60_000 } })
    const stream = s.responses.stream(params, { signal: s.controller.signal })
    await s.clock.advance(120_000)
    const reason = new Error('enough')
    s.controller.abort(reason)
    const { error } = (await s.settle(collect(stream))).value as { error: unknown }
    expect(error).toBe(reason)
  })
})

/** How a stream that broke behind its first output could go on, and what is played then. */
const broken = () => [fake.bytes(toSSE(upToDelta)), fake.reset()].flat()
const REST = (request: { readonly url: string }) =>
  ok.slice(Number(new URL(request.url).searchParams.get('starting_after')) + 1)
const GOES_ON = [
  ['restart', params, { interruption: 'restart' }, ok],
  ['background and store', { ...params, background: true, store: true }, {}, undefined],
] as const

describe.each(GOES_ON)('an unread broken stream that could continue (%s)', (_, body, options, restarted) => {
  const STALE_MS = 60_000
  const START_MS = 10_000
  const begin = (clientOptions: Parameters<typeof scenario>[1] = {}, script = broken) => {
    let requests = 0
    const ends: unknown[] = []
    const s = scenario(
      (request) => {
        if (++requests === 1) return script()
        return [fake.respond(restarted ?? REST(request))].flat()
      },
      {
        timeouts: { staleMs: STALE_MS },
        onEvent: (event) => event.type === 'call_end' && ends.push(event.outcome),
        ...clientOptions,
      },
    )
    const { signal } = s.controller
    return { s, signal, ends, stream: s.responses.stream(body, { ...options, signal }) }
  }

  it.each([
    ['that is noticed at once', 'connection_reset', broken],
    // Reading is paused behind what nobody has taken: only the deadline ends such an attempt.
    ['that is not noticed', 'stale_timeout', silent],
  ] as const)(
    'waits for its reader for staleMs, and then nothing of it is left: a break %s',
    async (_, code, script) => {
      const { s, signal, stream, ends } = begin({}, script)
      await s.clock.advance(STALE_MS - 1)
      expect(listeners(signal)).toBe(1)
      expect(s.client.stats().activeCalls).toBe(1)
      await s.clock.advance(1)
      expect(listeners(signal)).toBe(0)
      expect(s.client.stats().activeCalls).toBe(0)
      expect(ends).toEqual(['failed'])
      const { events, error } = await collected(s, stream)
      // What came before reading was paused.
      expect(events.length).toBeGreaterThan(0)
      expect(events).toEqual(upToDelta.slice(0, events.length))
      expect(error).toMatchObject({
        name: 'StreamInterruptedError',
        code,
        giveUpReason: 'deadline_exceeded',
        message: expect.stringContaining('The stream was not read for timeouts.staleMs'),
        responseId: 'resp_test',
      })
      expect(stream.explain()).toContain('a broken stream that is not read')
      expect(s.transport.requests).toHaveLength(1)
      expect(ends).toEqual(['failed'])
      await s.nothingIsLeft({ allowHangUp: true })
    },
  )

  it('delays close() until staleMs, and no longer', async () => {
    const { s, signal } = begin()
    await s.clock.settle()
    let closed = false
    const closing = s.client.close().then(() => {
      closed = true
    })
    await s.clock.advance(STALE_MS - 1)
    expect(closed).toBe(false)
    await s.clock.advance(1)
    await closing
    expect(listeners(signal)).toBe(0)
  })

  it('ends with the time of the call, if that is shorter', async () => {
    const { s, signal, stream } = begin({ timeouts: { staleMs: STALE_MS, totalMs: START_MS } })
    await s.clock.advance(START_MS)
    expect(listeners(signal)).toBe(0)
    expect((await collected(s, stream)).error).toMatchObject({ giveUpReason: 'deadline_exceeded' })
    await s.nothingIsLeft()
  })

  it('continues if it is read in time, even while the client is closing', async () => {
    const { s, signal, stream, ends } = begin()
    await s.clock.settle()
    const closing = s.client.close()
    await s.clock.advance(STALE_MS - 1)
    const { events, error } = await collected(s, stream)
    expect(error).toBeUndefined()
    expect(events.filter(({ type }) => (type as string) !== 'stream.restarted')).toEqual(
      restarted === undefined ? ok : [...upToDelta, ...ok],
    )
    await closing
    expect(s.transport.requests).toHaveLength(2)
    expect(listeners(signal)).toBe(0)
    expect(new Set(ends)).toEqual(new Set(restarted === undefined ? ['failed', 'completed'] : ['completed']))
    // Nothing is armed that could end it once more.
    await s.clock.advance(STALE_MS * 2)
    await s.nothingIsLeft()
  })

  it('ends at once on an abort, and on destroy()', async () => {
    for (const how of ['abort', 'destroy'] as const) {
      const { s, signal, stream, ends } = begin()
      await s.clock.settle()
      const reason = new Error('enough')
      if (how === 'abort') s.controller.abort(reason)
      else await s.client.destroy()
      expect(listeners(signal)).toBe(0)
      expect(s.client.stats().activeCalls).toBe(0)
      const { error } = await collected(s, stream)
      if (how === 'abort') expect(error).toBe(reason)
      else expect(error).toMatchObject({ code: 'client_closed' })
      expect(ends).toEqual(['aborted'])
    }
  })
})

describe('an unread resumed stream that breaks again', () => {
  it('waits for its reader for staleMs, and delays close() no longer', async () => {
    const s = scenario(
      (request) =>
        request.method === 'POST' ? broken() : [fake.bytes(toSSE(REST(request).slice(0, 1))), fake.reset()].flat(),
      { timeouts: { staleMs: 60_000 } },
    )
    const { signal } = s.controller
    const stream = s.responses.stream({ ...params, background: true, store: true }, { signal })
    const iterator = stream[Symbol.asyncIterator]()
    // The last of these is the first that the resume brings.
    for (let read = 0; read <= upToDelta.length; read++) await s.settle(iterator.next())
    await s.clock.settle()
    expect(s.transport.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
    expect(s.client.stats().activeCalls).toBe(1)
    let closed = false
    void s.client.close().then(() => {
      closed = true
    })
    await s.clock.advance(59_000)
    expect(closed).toBe(false)
    await s.clock.advance(1000)
    expect(closed).toBe(true)
    expect(listeners(signal)).toBe(0)
    const rest: unknown[] = []
    const error = await s
      .settle(
        (async () => {
          for (let next = await iterator.next(); !next.done; next = await iterator.next()) rest.push(next.value)
        })(),
      )
      .then(({ error }) => error)
    expect(rest).toHaveLength(1)
    expect(error).toMatchObject({ name: 'StreamInterruptedError', giveUpReason: 'deadline_exceeded' })
    await s.nothingIsLeft()
  })
})
