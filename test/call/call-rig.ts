import { expect } from 'vitest'
import { Call, type CallContext, type CallOutcome, type CallRequest } from '../../src/call/call.ts'
import { traitsOf } from '../../src/call/request-traits.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { Target, TargetEnd } from '../../src/endpoints/endpoints.ts'
import type { AttemptRecord } from '../../src/errors/errors.ts'
import type { CallFleet } from '../../src/fleet-port/call-fleet.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import type { TelemetryEvent } from '../../src/telemetry/events.ts'
import { FakeTransport, fake, seededRandom, textStream, VirtualClock } from '../../src/testing/index.ts'
import { standIn } from '../support/typed.ts'

export const url = new URL('https://api.test/v1/responses')
const off = { ms: 0, source: 'default' }
export const OK = textStream({ text: 'hi' })
export const DELTA = fake.event({ type: 'response.output_text.delta', delta: 'x', sequence_number: 7 })
export const broken = [fake.head(200), DELTA, fake.reset()]
export const notFound = () => fake.status(400, { body: { error: { code: 'previous_response_not_found' } } })

const PLAN = {
  settings: { maxConcurrent: 2 },
  suspectAfterMs: () => 50,
  deadProbabilityAt: () => 0.5,
  take: () => ({ giveBack: () => {} }),
  answered: () => {},
  givenUp: () => {},
  died: () => {},
  isReady: true,
  callEnded: () => {},
}

export interface Given {
  readonly script?: ConstructorParameters<typeof FakeTransport>[0]
  readonly body?: object
  readonly canRefresh?: boolean
  readonly headersNever?: boolean
  readonly noBudget?: boolean
  readonly maxRetries?: number
  readonly totalMs?: number
  readonly startedAt?: number
  readonly beforeCommitMs?: number
  readonly commitAfterMs?: number
  readonly restartable?: boolean
  readonly hook?: () => object | undefined
  readonly queued?: boolean
  /** A silent attempt gets company after 50 ms. */
  readonly hedged?: boolean
  /** There are endpoints: what the one that is chosen says. */
  readonly fleet?: Partial<CallFleet>
  readonly earlier?: readonly AttemptRecord[]
  readonly staleMs?: number
  /** What is asked who the owner of a response is. */
  readonly findOwner?: () => Promise<void>
  readonly target?: { readonly isOwnerUnknown?: boolean; readonly hasElsewhere?: boolean }
}

/** A call that begins at 1000. */
export function call(given: Given = {}) {
  const { script = [fake.respond(OK)], body = {}, maxRetries = 4, totalMs = 0, target: endpoint } = given
  const clock = new VirtualClock({ startMs: 1000 })
  const transport = new FakeTransport(script, { clock })
  const controller = new AbortController()
  const scope = new AbortScope(controller.signal)
  const events: TelemetryEvent[] = []
  const refreshes: boolean[] = []
  const seen: string[] = []
  const ends: TargetEnd[] = []
  const count = { ended: 0, deposits: 0, withdrawals: 0, released: 0 }
  const bytes = new TextEncoder().encode(JSON.stringify({ stream: true, ...body }))
  const traits = traitsOf({ method: 'POST', url, headers: [], body: { kind: 'bytes', bytes } })
  const request: CallRequest = {
    ...traits,
    url,
    method: 'POST',
    body: { kind: 'bytes', bytes },
    given: [],
    headers: async ({ refresh }) => {
      refreshes.push(refresh)
      return given.headersNever ? new Promise(() => {}) : []
    },
    canRefresh: () => given.canRefresh ?? false,
    replay: {
      readOnce: false,
      stateful: traits.stateful,
      passthrough: false,
      idempotent: false,
      idempotencyKey: false,
    },
  }
  const target: Target = {
    url,
    endpoint: 'https://api.test/v1',
    ownHeadersAt: undefined,
    headers: (pairs) => pairs,
    hasElsewhere: () => endpoint?.hasElsewhere ?? false,
    saw: (id) => seen.push(id),
    sawLife: () => {},
    ended: (end) => ends.push(end),
  }
  const ticket = { answered: () => {}, release: () => count.released++ }
  const context = standIn<CallContext>({
    transport,
    clock,
    random: seededRandom(1),
    telemetry: new TelemetryEmitter((event) => events.push(event)),
    timeouts: {
      connectMs: off,
      sendMs: off,
      ttfbMs: { ms: 100, source: 'option' },
      idleMs: off,
      progressMs: off,
      staleMs: { ms: given.staleMs ?? 0, source: 'option' },
      totalMs: { ms: totalMs, source: 'option' },
    },
    policy: { maxRetries, baseDelayMs: 500, maxDelayMs: 20_000, maxHintMs: 60_000, retryUnknown: false },
    budget: given.noBudget
      ? undefined
      : {
          deposit: () => count.deposits++,
          withdraw: () => {
            count.withdrawals++
            return true
          },
        },
    reading: { needsEvents: true, wholeFrames: false, commitAt: 'progress', maxEventBytes: 0, maxPreludeBytes: 1e6 },
    startedAt: given.startedAt,
    earlier: given.earlier,
    fleet: given.fleet,
    beforeCommitMs: given.beforeCommitMs ?? 0,
    commitAfterMs: given.commitAfterMs ?? 0,
    restartable: given.restartable ?? false,
    onPreviousResponseNotFound: given.hook,
    endpoints: endpoint && {
      routeOf: () => ({
        isOwnerUnknown: endpoint.isOwnerUnknown ?? false,
        findOwner: () => given.findOwner?.(),
        candidates: [target.endpoint],
        pick: () => target,
      }),
    },
    admission: given.queued && { gate: { enter: async () => ticket }, queueMs: 0 },
    hedge: given.hedged && { hedging: { planFor: () => PLAN }, settings: PLAN.settings },
    onEnded: () => count.ended++,
  })
  const own = new Call(request, context, scope)
  /** What a promise comes to, in as much time as it takes. */
  async function settled<T>(promise: Promise<T>): Promise<{ value?: T; error?: unknown }> {
    let found: { value?: T; error?: unknown } | undefined
    promise.then(
      (value) => {
        found = { value }
      },
      (error: unknown) => {
        found = { error }
      },
    )
    await clock.settle()
    for (let n = 0; found === undefined && n < 100; n++) {
      const next = clock.pending()[0]
      if (next === undefined) throw new Error('nothing is pending, and nothing has settled')
      await clock.advance(Math.max(0, next.dueMs - clock.now()))
    }
    return found ?? {}
  }
  return {
    call: own,
    clock,
    transport,
    controller,
    scope,
    events,
    refreshes,
    seen,
    ends,
    count,
    settled,
    run: () => settled(own.run()),
    /** Takes all of the output, until there is nothing more for now. */
    async drain({ attempt }: CallOutcome) {
      for (let n = 0; n < 50; n++) {
        const { kind } = attempt.output.take()
        if (kind === 'end' || kind === 'failed') return kind
        attempt.resume()
        await clock.settle()
      }
      return 'open'
    },
    of: <T extends TelemetryEvent['type']>(type: T) =>
      events.filter((event): event is Extract<TelemetryEvent, { type: T }> => event.type === type),
    /** It is over, once, and nothing is left. */
    over(outcome: string, code?: string) {
      const attempts = own.attempts.length - (given.earlier?.length ?? 0)
      expect(events.filter(({ type }) => type === 'call_end')).toMatchObject([{ outcome, code, attempts }])
      expect(count.ended).toBe(1)
      clock.assertNothingPending()
    },
  }
}

export type Rig = ReturnType<typeof call>
