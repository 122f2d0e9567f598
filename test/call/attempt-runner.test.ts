import { describe, expect, it } from 'vitest'
import { AttemptRunner } from '../../src/call/attempt-runner.ts'
import { CallLog } from '../../src/call/call-log.ts'
import type { CallContext, CallRequest } from '../../src/call/call-request.ts'
import { EffectiveRequest } from '../../src/call/effective-request.ts'
import { traitsOf } from '../../src/call/request-traits.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { HedgePlan } from '../../src/hedge/hedging.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import { FakeTransport, fake, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'

const url = new URL('https://api.test/v1/responses')
const HEADERS: HeaderPairs = [['x-own', '1']]
const off = { ms: 0, source: 'default' }

interface Given {
  readonly script?: ConstructorParameters<typeof FakeTransport>[0]
  readonly method?: string
  readonly body?: object
  readonly hedged?: boolean
  /** How the headers of an attempt are had. */
  readonly headers?: (refresh: boolean, scope: AbortScope) => Promise<HeaderPairs>
}

/** The rounds of a call that begins at 1000, by itself. */
function rounds({ script = [], method = 'POST', body = { stream: true }, hedged = false, headers }: Given) {
  const clock = new VirtualClock({ startMs: 1000 })
  const scope = new AbortScope(undefined)
  const transport = new FakeTransport(script, { clock })
  const asked: { refresh: boolean; scope: AbortScope }[] = []
  const planned: object[] = []
  const ended: number[] = []
  const told: string[] = []
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const address = method === 'POST' ? url : new URL(`${url}/resp_1?stream=true`)
  const traits = traitsOf({ method, url: address, headers: [], body: { kind: 'bytes', bytes } })
  const request: CallRequest = {
    ...traits,
    url: address,
    method,
    body: { kind: 'bytes', bytes },
    given: HEADERS,
    headers: ({ refresh, scope: asking }) => {
      asked.push({ refresh, scope: asking })
      return headers?.(refresh, asking) ?? Promise.resolve(HEADERS)
    },
    canRefresh: () => true,
    replay: {
      readOnce: false,
      stateful: traits.stateful,
      passthrough: false,
      idempotent: method === 'GET',
      idempotencyKey: false,
    },
  }
  let callsEnded = 0
  const plan = standIn<HedgePlan>({
    settings: { maxConcurrent: 3 },
    suspectAfterMs: () => 10_000,
    deadProbabilityAt: () => 0.5,
    take: () => ({ giveBack: () => {} }),
    answered: () => {},
    givenUp: () => {},
    died: () => {},
    isReady: true,
    callEnded: () => callsEnded++,
  })
  const hedging = {
    planFor: (...args: object[]) => {
      planned.push(...args)
      return plan
    },
  }
  const context = standIn<CallContext>({
    transport,
    clock,
    random: seededRandom(1),
    timeouts: {
      connectMs: off,
      sendMs: off,
      ttfbMs: 'auto',
      idleMs: off,
      progressMs: off,
      staleMs: { ms: 1_800_000, source: 'default' },
      totalMs: off,
    },
    reading: { needsEvents: true, wholeFrames: false, commitAt: 'progress', maxEventBytes: 0, maxPreludeBytes: 1e6 },
    policy: { maxRetries: 4 },
    hedge: hedged ? { hedging, settings: { maxConcurrent: 3 } } : undefined,
  })
  const telemetry = new TelemetryEmitter((event) => {
    if (event.type === 'hedge_start' || event.type === 'hedge_end') told.push(`${event.type} ${event.attempt}`)
  })
  const own = new AttemptRunner({
    request,
    effective: new EffectiveRequest(request, undefined),
    retries: 0,
    decisions: { couldRepeat: () => false },
    context,
    scope,
    deadlines: {
      startedAt: clock.now(),
      total: off,
      beforeCommit: off,
      commitAfterMs: 0,
    },
    log: new CallLog(clock, telemetry),
    errorOf: (failure) => new Error(failure.code),
    onAttemptEnded: (attempt) => ended.push(attempt.number),
  })
  return { rounds: own, clock, scope, transport, asked, planned, ended, told, callsEnded: () => callsEnded }
}

describe('a round', () => {
  const committed = [fake.head(200), fake.event({ type: 'response.output_text.delta', delta: 'x' }), fake.stall()]

  it('is one attempt without hedging', async () => {
    const r = rounds({ script: [fake.stall()] })
    expect(r.rounds.abort('early')).toBe(false)
    const playing = r.rounds.run(true)
    await r.clock.settle()
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([true])
    expect(r.rounds.abort('why')).toBe(true)
    expect((await playing).opened).toEqual({ kind: 'aborted', reason: 'why' })
    expect(r.ended).toEqual([1])
    r.rounds.clear()
    expect(r.rounds.abort('late')).toBe(false)
    r.rounds.end()
    expect([r.planned, r.callsEnded()]).toEqual([[], 0])
  })

  it('calls headers with refresh only if that is wanted', async () => {
    const r = rounds({ script: [fake.status(400)] })
    await r.rounds.run(false)
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([false])
  })

  it('ends with the call while its headers are made, by any function', async () => {
    let give = (_headers: HeaderPairs): void => {}
    const r = rounds({ headers: () => new Promise((resolve) => (give = resolve)) })
    const playing = r.rounds.run(false)
    r.scope.abort('why')
    give(HEADERS)
    await expect(playing).rejects.toBe('why')
    expect(r.transport.requests).toEqual([])
  })

  it('gives an attempt the cutoff of its kind, more after each cut, and not after other failures', async () => {
    const r = rounds({ script: [fake.reset(), fake.stall(), fake.stall()] })
    expect((await r.rounds.run(false)).opened).toMatchObject({ failure: { code: 'connection_reset' } })
    const deadlines: unknown[] = []
    for (let n = 0; n < 2; n++) {
      const playing = r.rounds.run(false)
      await r.clock.advance(100_000)
      const { opened } = await playing
      deadlines.push(opened.kind === 'failed' && opened.failure.deadline)
    }
    expect(deadlines).toMatchObject([{ ms: 45_000 }, { ms: 72_000 }])
    expect(r.transport.requests.map(({ connection }) => connection)).toEqual(['any', 'fresh', 'fresh'])
  })

  it.each([
    ['a call that may double something', { body: { stream: true, background: true } }],
    ['a call that does not stream', { body: {} }],
    ['a stream that is asked for again', { method: 'GET' }],
  ])('is one attempt in %s', async (_, given) => {
    const r = rounds({ hedged: true, script: [fake.stall()], ...given })
    void r.rounds.run(false)
    await r.clock.advance(20_000)
    expect([r.planned, r.transport.requests.length]).toEqual([[], 1])
    r.rounds.abort('done')
  })

  it('is a race otherwise, planned once from the request', async () => {
    const body = { stream: true, model: 'm', reasoning: { effort: 'high' }, input: 'x'.repeat(40) }
    const r = rounds({ hedged: true, body, script: [fake.stall(), committed] })
    const playing = r.rounds.run(true)
    await r.clock.advance(10_000)
    const { attempt, opened } = await playing
    expect([attempt.number, opened.kind]).toEqual([2, 'committed'])
    // A credential is exchanged once, not by each of them.
    expect(r.asked.map(({ refresh }) => refresh)).toEqual([true, false])
    expect(r.planned).toEqual([
      {
        origin: 'https://api.test',
        model: 'm',
        effort: 'high',
        tier: '',
        hasToolEffects: false,
        continuation: false,
        inputTokens: 10,
      },
      { maxConcurrent: 3 },
    ])
    expect(r.told).toEqual(['hedge_start 2', 'hedge_end 2'])
    expect(r.transport.requests.map(({ outcome }) => outcome)).toEqual(['destroyed', 'open'])
    r.rounds.abort('done')
    r.rounds.end()
    expect(r.callsEnded()).toBe(1)
    void r.rounds.run(false).catch(() => {})
    expect(r.planned).toHaveLength(2)
  })

  it('that is decided while the headers of a hedge are made sends no hedge', async () => {
    let give = (_headers: HeaderPairs): void => {}
    let n = 0
    const r = rounds({
      hedged: true,
      script: [[fake.delay(12_000), ...committed]],
      headers: () => (n++ === 0 ? Promise.resolve(HEADERS) : new Promise((resolve) => (give = resolve))),
    })
    const playing = r.rounds.run(false)
    await r.clock.advance(12_000)
    expect((await playing).attempt.number).toBe(1)
    give(HEADERS)
    await r.clock.settle()
    expect([r.asked.length, r.transport.requests.length, r.told]).toEqual([2, 1, []])
    r.rounds.abort('done')
  })
})
