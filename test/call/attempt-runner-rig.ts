import { AttemptRunner } from '../../src/call/attempt-runner.ts'
import { CallLog } from '../../src/call/call-log.ts'
import type { CallContext, CallRequest } from '../../src/call/call-request.ts'
import { EffectiveRequest } from '../../src/call/effective-request.ts'
import { traitsOf } from '../../src/call/request-traits.ts'
import type { SocketRoute } from '../../src/call/socket-plan.ts'
import { AbortScope } from '../../src/core/abort.ts'
import type { Endpoints, Target } from '../../src/endpoints/endpoints.ts'
import type { HedgePlan } from '../../src/hedge/hedging.ts'
import { TelemetryEmitter } from '../../src/telemetry/emitter.ts'
import { FakeTransport, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import type { HeaderPairs } from '../../src/transport/transport.ts'
import { standIn } from '../support/typed.ts'

export const HEADERS: HeaderPairs = [['x-own', '1']]
const off = { ms: 0, source: 'default' }

export interface GivenRounds {
  readonly script?: ConstructorParameters<typeof FakeTransport>[0]
  readonly method?: string
  readonly body?: object
  readonly hedged?: boolean
  /** In place of the plan of a hedged call. */
  readonly plan?: Partial<HedgePlan>
  /** A plan that `hedge: 'auto'` makes. */
  readonly isAuto?: boolean
  readonly host?: string
  readonly path?: string
  readonly maxRetries?: number
  readonly dispatcher?: object
  readonly choosesConnection?: boolean
  readonly gate?: object
  readonly couldRepeat?: boolean
  /** What an endpoint that is chosen hears. */
  readonly target?: Partial<Target>
  readonly route?: Partial<SocketRoute>
  /** How the headers of an attempt are had. */
  readonly headers?: (refresh: boolean, scope: AbortScope) => Promise<HeaderPairs>
}

/** The rounds of a call that begins at 1000, by itself. */
export function rounds(given: GivenRounds) {
  const { script = [], method = 'POST', body = { stream: true }, hedged = false, headers, target, route } = given
  const { host = 'api.test', path = '/v1/responses' } = given
  const url = new URL(`https://${host}${path}`)
  const clock = new VirtualClock({ startMs: 1000 })
  const scope = new AbortScope(undefined)
  const transport = new FakeTransport(script, {
    clock,
    abilities: { choosesConnection: given.choosesConnection ?? true },
  })
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
    ...(given.dispatcher !== undefined && { dispatcher: given.dispatcher }),
    replay: {
      readOnce: false,
      stateful: traits.stateful,
      passthrough: false,
      idempotent: method === 'GET',
      idempotencyKey: false,
    },
  }
  let callsEnded = 0
  const settings = { maxConcurrent: 3, ...(given.isAuto && { isAuto: true }) }
  const plan = standIn<HedgePlan>({
    settings,
    suspectAfterMs: () => 10_000,
    deadProbabilityAt: () => 0.5,
    take: () => ({ giveBack: () => {} }),
    answered: () => {},
    givenUp: () => {},
    died: () => {},
    isReady: true,
    callEnded: () => callsEnded++,
    ...given.plan,
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
    policy: { maxRetries: given.maxRetries ?? 4 },
    hedge: hedged ? { hedging, settings } : undefined,
    admission: given.gate && { gate: given.gate },
    sockets: route && { routeOf: async () => route },
  })
  const telemetry = new TelemetryEmitter((event) => {
    if (event.type === 'hedge_start' || event.type === 'hedge_end') told.push(`${event.type} ${event.attempt}`)
  })
  const endpoints = target && standIn<Endpoints>({ routeOf: () => ({ pick: () => target }) })
  const own = new AttemptRunner({
    request,
    effective: new EffectiveRequest(request, endpoints),
    retries: 0,
    decisions: { couldRepeat: () => given.couldRepeat ?? false },
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
