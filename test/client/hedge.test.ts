import { describe, expect, it } from 'vitest'
import type { ResilientClientOptions } from '../../src/index.ts'
import { failedStream, fake, textStream, toSSE } from '../../src/testing/index.ts'
import { readAll, scenario } from './harness.ts'

const ok = textStream({ text: 'hello' })
const other = textStream({ text: 'from the hedge' })
const hedged = { hedge: true, timeouts: { ttfbMs: 'auto' } } satisfies ResilientClientOptions

/** A hedged call to its end: what the caller saw, and what became of the hedges. */
async function played(script: Parameters<typeof scenario>[0], options: ResilientClientOptions = {}, body: object = {}) {
  const s = scenario(script, { ...hedged, ...options })
  const { value, error } = await s.settle(s.post(body))
  const read = value === undefined ? undefined : await s.settle(readAll(value))
  const hedges = s.events.flatMap((event) =>
    event.type === 'hedge_start'
      ? [`${event.attempt} starts`]
      : event.type === 'hedge_end'
        ? [`${event.attempt} ${event.outcome}`]
        : event.type === 'hedge_refused'
          ? [`refused: ${event.reason}`]
          : [],
  )
  return { ...s, value, error, text: read?.value?.text, readError: read?.value?.error, hedges }
}

describe('a hedge beside a silent attempt', () => {
  it('after 10 s while nothing is known; the first progress wins, and the other is destroyed', async () => {
    const s = await played([fake.stall(), fake.respond(other)])
    expect(s.text).toBe(toSSE(other))
    expect(s.transport.requests.map(({ at }) => at)).toEqual([0, expect.toSatisfy((at) => at > 9900 && at < 10_100)])
    expect(s.transport.requests.map(({ outcome }) => outcome)).toEqual(['destroyed', 'drained'])
    expect(s.transport.requests[1]).toMatchObject({ connection: 'fresh', carriedBy: { reused: false } })
    expect(s.transport.requests[1]?.body).toEqual(s.transport.requests[0]?.body)
    expect(s.hedges).toEqual(['2 starts', '2 won'])
    expect(s.decisions()).toEqual([])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it.each([
    ['no effort', {}, 10],
    ['minimal effort', { reasoning: { effort: 'minimal' } }, 10],
    ['medium effort', { reasoning: { effort: 'medium' } }, 20],
    ['high effort', { reasoning: { effort: 'high' } }, 45],
    ['an effort above it', { reasoning: { effort: 'xhigh' } }, 90],
    ['100 K tokens of input', { input: 'word'.repeat(100_000) }, 30],
  ])('%s: waits as long as that may take', async (_what, body, seconds) => {
    const s = await played([fake.stall(), fake.respond(ok)], {}, body)
    expect(Math.round((s.transport.requests[1]?.at ?? 0) / 1000)).toBe(seconds)
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('the original may still win, and the hedge ends in the same tick', async () => {
    const s = await played([[fake.delay(15_000), fake.respond(ok)], fake.stall()])
    expect(s.text).toBe(toSSE(ok))
    expect(s.hedges).toEqual(['2 starts', '2 lost'])
    expect(s.transport.requests[1]?.outcome).toBe('destroyed')
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('any first event is a sign of life: no hedge, however long the model thinks', async () => {
    const [created] = ok
    const s = await played([
      [fake.head(200), fake.event(created as object), fake.delay(120_000), fake.events(ok.slice(1)), fake.eof()],
    ])
    expect(s.transport.requests).toHaveLength(1)
    expect(s.text).toBe(toSSE(ok))
    await s.nothingIsLeft()
  })

  it('a first event of the original does not end the hedge: the first progress wins', async () => {
    const [created] = ok
    const s = await played([
      [fake.delay(10_500), fake.head(200), fake.event(created as object), fake.stall()],
      [fake.delay(3000), fake.respond(other)],
    ])
    expect(s.text).toBe(toSSE(other))
    expect(s.hedges).toEqual(['2 starts', '2 won'])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('runs at most three attempts at a time: the next hedge replaces a suspect one, the original stays to the end', async () => {
    const s = await played([
      [fake.delay(60_000), fake.respond(ok)],
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
      fake.stall(),
    ])
    expect(s.text).toBe(toSSE(ok))
    expect(s.hedges.slice(0, 4)).toEqual(['2 starts', '3 starts', '2 replaced', '4 starts'])
    const starts = s.transport.requests.map(({ at }) => at)
    for (const [n, at] of starts.entries())
      if (n > 0) expect(at - (starts[n - 1] as number)).toBeGreaterThanOrEqual(3000)
    await s.clock.advance(200)
    s.transport.assertNothingLeft()
    s.clock.assertNothingPending()
  })

  it('two attempts that answer in the same tick give one outcome, from one attempt', async () => {
    const s = await played([
      [fake.delay(20_000), fake.respond(ok)],
      [fake.delay(10_000), fake.respond(other)],
    ])
    expect([toSSE(ok), toSSE(other)]).toContain(s.text)
    expect(s.events.filter(({ type }) => type === 'attempt_commit')).toHaveLength(1)
    expect(s.events.filter(({ type }) => type === 'call_end')).toMatchObject([{ outcome: 'completed' }])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('the winner that breaks after its commit is an interruption; the loser is gone and heals nothing', async () => {
    const s = await played([fake.stall(), [fake.head(200), fake.events(other.slice(0, 5)), fake.reset()]])
    expect(s.readError).toBeInstanceOf(TypeError)
    expect(s.transport.requests).toHaveLength(2)
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

describe('when an attempt of the race fails', () => {
  it('a 4xx on the hedge does not fail the original that lives', async () => {
    const s = await played([
      [fake.delay(15_000), fake.respond(ok)],
      fake.status(400, { body: { error: { code: 'invalid_prompt' } } }),
    ])
    expect(s.text).toBe(toSSE(ok))
    expect(s.hedges).toEqual(['2 starts', '2 failed'])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a 4xx on the original is the last word, and ends the hedge', async () => {
    const s = await played([
      [fake.delay(12_000), fake.status(400, { body: { error: { code: 'invalid_prompt' } } })],
      fake.stall(),
    ])
    expect(s.value?.status).toBe(400)
    expect(s.hedges).toEqual(['2 starts', '2 lost'])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('the original that is reset leaves the race to its hedge, without a retry', async () => {
    const s = await played([
      [fake.delay(12_000), fake.reset()],
      [fake.delay(5000), fake.respond(other)],
    ])
    expect(s.text).toBe(toSSE(other))
    expect(s.decisions()).toEqual([])
    expect(s.hedges).toEqual(['2 starts', '2 won'])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('both fail: the retry rules decide, once', async () => {
    const s = await played([[fake.delay(12_000), fake.reset()], [fake.delay(5000), fake.reset()], fake.respond(ok)])
    expect(s.text).toBe(toSSE(ok))
    expect(s.decisions()).toMatchObject([{ code: 'connection_reset', retry: true }])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a pushback on the hedge keeps the call from hedging for 30 s', async () => {
    const s = await played([[fake.delay(35_000), fake.respond(ok)], fake.status(503), fake.stall()])
    expect(s.text).toBe(toSSE(ok))
    expect(s.hedges).toEqual(['2 starts', '2 failed', 'refused: pushback'])
    await s.clock.advance(200)
    expect(s.transport.requests).toHaveLength(2)
  })

  it('a retryable failure in the stream of the hedge is taken out of the race like any other', async () => {
    const s = await played([
      [fake.delay(15_000), fake.respond(ok)],
      fake.respond(failedStream({ code: 'server_is_overloaded' })),
    ])
    expect(s.text).toBe(toSSE(ok))
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

describe('hedging is refused', () => {
  it.each([
    ['by default', {}, {}],
    ['where it is switched off for a view of the client', { hedge: false }, {}],
    ['for a call whose second send could double a turn', { hedge: true }, { conversation: 'conv_1' }],
    ['for a background call', { hedge: true }, { background: true, store: true }],
    ['for a call that does not stream', { hedge: true }, { stream: false }],
  ])('%s', async (_when, options, body) => {
    const s = scenario([[fake.delay(40_000), fake.respond(ok)]], options)
    const { value } = await s.settle(s.post(body))
    await s.settle((value as Response).arrayBuffer())
    expect(s.transport.requests).toHaveLength(1)
    await s.nothingIsLeft()
  })

  it('when too many of a call have lost, and a dead endpoint prolongs it by nothing', async () => {
    const s = scenario(() => fake.stall(), { hedge: true, maxRetries: 0 })
    const { error } = await s.settle(s.post())
    expect(error).toBeInstanceOf(TypeError)
    const started = s.events.filter(({ type }) => type === 'hedge_start')
    // Twice `maxConcurrent`, of a balance of ten; and the call ends when its first attempt does.
    expect(started).toHaveLength(6)
    expect(s.events).toContainEqual(expect.objectContaining({ type: 'call_end', atMs: 180_000 }))
    expect(s.events).toContainEqual(expect.objectContaining({ type: 'hedge_refused', reason: 'budget' }))
    await s.clock.advance(200)
    s.transport.assertNothingLeft()
    s.clock.assertNothingPending()
  })
})

describe('when an origin comes back after nothing answered', () => {
  /** Without what a call may waste: the ten hedges to begin with are soon lost. */
  const hedge = { maxExtraShare: 0 }

  it('each answer frees one call that waits, beyond the budget, and that one frees the next', async () => {
    let answers = false
    const s = scenario(() => (answers ? [fake.delay(1000), fake.respond(ok)] : fake.stall()), {
      hedge,
      timeouts: { ttfbMs: 'auto' },
    })
    const old = Array.from({ length: 40 }, () => s.post().then(readAll))
    await s.clock.advance(120_000)
    const before = s.transport.requests.length
    expect(before).toBe(50)
    answers = true
    const next = s.post().then(readAll)
    await s.clock.advance(2999)
    expect(s.transport.requests.length - before).toBeLessThanOrEqual(1 + 1 + 2)
    await s.clock.advance(27_000)
    expect(s.transport.requests.length - before).toBe(1 + 40)
    expect((await Promise.all([next, ...old])).map(({ text }) => text)).toEqual(Array(41).fill(toSSE(ok)))
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a call is helped once: what is silent after that, too, asks the budget', async () => {
    let answers = false
    const s = scenario(() => (answers ? [fake.delay(1000), fake.respond(ok)] : fake.stall()), {
      hedge,
      timeouts: { ttfbMs: 600_000 },
    })
    const waiting = s.post().catch(() => {})
    await s.clock.advance(200_000)
    const before = s.transport.requests.length
    for (let n = 0; n < 5; n++) {
      answers = true
      const call = s.post().then(readAll)
      await s.clock.advance(0)
      answers = false
      await s.clock.advance(4000)
      expect((await call).text).toBe(toSSE(ok))
    }
    expect(s.transport.requests.length - before).toBe(5 + 1)
    s.controller.abort()
    await waiting
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

describe('with a plain `afterMs`', () => {
  it.each([
    ['no effort', {}],
    ['high effort', { reasoning: { effort: 'high' } }],
  ])('the second attempt goes out after that much silence: %s', async (_what, body) => {
    const s = await played([fake.stall(), fake.respond(other)], { hedge: { afterMs: 1234 } }, body)
    expect(s.text).toBe(toSSE(other))
    expect(s.transport.requests.map(({ at }) => at)).toEqual([0, 1234])
    expect(s.hedges).toEqual(['2 starts', '2 won'])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('there is one second attempt by default, and as many as `maxConcurrent` says, none of which replaces another', async () => {
    const slow = () => [fake.delay(20_000), fake.respond(ok)].flat()
    const one = await played([slow(), fake.stall()], { hedge: { afterMs: 5000 } })
    expect(one.hedges).toEqual(['2 starts', '2 lost'])
    const two = await played([slow(), fake.stall(), fake.stall()], { hedge: { afterMs: 5000, maxConcurrent: 3 } })
    expect(two.transport.requests.map(({ at }) => at)).toEqual([0, 5000, 10_000])
    expect(two.hedges).toEqual(['2 starts', '3 starts', '2 lost', '3 lost'])
    await two.nothingIsLeft({ allowHangUp: true })
  })

  it('what is learnt of the origin does not move it', async () => {
    let answers = 40
    const s = scenario(() => (answers-- > 0 ? [fake.delay(100), fake.respond(ok)] : fake.stall()), {
      hedge: { afterMs: 4000 },
      timeouts: { ttfbMs: 6000 },
      maxRetries: 0,
    })
    for (let n = 0; n < 40; n++) await s.settle(s.post().then(readAll))
    const before = s.clock.now()
    await s.settle(s.post())
    expect(s.transport.requests.slice(40).map(({ at }) => at - before)).toEqual([0, 4000])
    await s.nothingIsLeft({ allowHangUp: true })
  })

  it('a pushback of the origin still forbids it', async () => {
    const s = await played([fake.status(429, { headers: { 'retry-after': '1' } }), fake.stall()], {
      hedge: { afterMs: 100 },
      timeouts: { ttfbMs: 3000 },
      maxRetries: 1,
    })
    expect(s.hedges).toEqual(['refused: pushback'])
    await s.nothingIsLeft({ allowHangUp: true })
  })
})

it('hedge early, kill late: the automatic cutoff is 180 s with hedging, an explicit one stays', async () => {
  const s = await played([fake.stall()], { hedge: { deadProbability: 0.999, minMs: 170_000 }, maxRetries: 0 })
  expect(s.clock.now()).toBeGreaterThanOrEqual(180_000)
  const explicit = await played([fake.stall()], { timeouts: { ttfbMs: 5000 }, maxRetries: 0 })
  expect(explicit.clock.now()).toBeLessThan(6000)
})

it("an abort ends all attempts at once, with the caller's reason", async () => {
  const s = scenario([fake.stall(), fake.stall()], hedged)
  const call = s.post()
  call.catch(() => {})
  await s.clock.advance(12_000)
  expect(s.transport.requests).toHaveLength(2)
  const reason = new Error('enough')
  s.controller.abort(reason)
  expect((await s.settle(call)).error).toBe(reason)
  expect(s.transport.requests.map(({ outcome }) => outcome)).toEqual(['destroyed', 'destroyed'])
  await s.nothingIsLeft({ allowHangUp: true })
})

it('what was learnt moves the moment: an endpoint that answers in 1 s is suspect soon', async () => {
  let calls = 0
  const s = scenario(() => (calls++ % 25 === 24 ? fake.stall() : [fake.delay(1000), fake.respond(ok)]), hedged)
  const waits: number[] = []
  for (let n = 0; n < 500; n++) {
    const before = s.clock.now()
    const { value } = await s.settle(s.post())
    await s.settle(readAll(value as Response))
    waits.push(s.clock.now() - before)
  }
  expect(Math.max(...waits.slice(0, 30))).toBeGreaterThan(9000)
  expect(Math.max(...waits.slice(-100))).toBeLessThan(5000)
})
