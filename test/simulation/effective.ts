import type { CallPlan, ClientPlan, Schedule, ViewPlan } from './schedule.ts'

/** What a call's options come to: upper bounds, where a value is automatic. */
export interface Effective {
  readonly maxRetries: number
  readonly connectMs: number
  readonly sendMs: number
  /** The longest cutoff: an automatic one grown as far as it grows, an explicit one as it is. */
  readonly ttfbMs: number
  readonly idleMs: number
  readonly staleMs: number
  readonly totalMs: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  readonly maxHintMs: number
  readonly retryUnknown: boolean
  readonly restarts: boolean
  readonly strict: boolean
  readonly upgrades: boolean
  readonly sseError: boolean
  readonly hook: NonNullable<ClientPlan['hook']>
  readonly queues: boolean
  readonly refreshes: boolean
  readonly hasBeforeCommit: boolean
  /** What `headers()` takes at most, a refresh included. */
  readonly headersMs: number
  /** Error answers are larger than what is held: their bodies decide nothing. */
  readonly holdsAnswers: boolean
  /** Attempts of one call side by side, at most. */
  readonly legs: number
  /** Its client has WebSockets. */
  readonly onSockets: boolean
}

const TTFB_GROWTH_MAX = 2
/** Hedge early, kill late. */
const HEDGED_TTFB_MS = 180_000

export function effectiveOf({ client, views, calls }: Schedule, call: CallPlan): Effective {
  const view: ViewPlan = call.view === undefined ? {} : (views[call.view] ?? {})
  const options = { ...client, ...view, retry: { ...client.retry, ...view.retry } }
  const timeouts = { ...client.timeouts, ...view.timeouts }
  const limit = (value: number | 'auto' | undefined, automatic: number): number =>
    typeof value === 'number' ? value : automatic
  const isFetch = !['stream', 'create', 'background', 'background_create', 'retrieve', 'cancel'].includes(call.face)
  return {
    maxRetries: options.maxRetries ?? 4,
    connectMs: limit(timeouts.connectMs, 10_000),
    sendMs: limit(timeouts.sendMs, 30_000),
    ttfbMs: limit(timeouts.ttfbMs, (client.hedge === undefined ? 45_000 : HEDGED_TTFB_MS) * TTFB_GROWTH_MAX),
    idleMs: limit(timeouts.idleMs, 300_000),
    staleMs: limit(timeouts.staleMs, 1_800_000),
    totalMs: limit(timeouts.totalMs, 0),
    baseDelayMs: options.retry.baseDelayMs ?? 500,
    maxDelayMs: options.retry.maxDelayMs ?? 20_000,
    maxHintMs: options.retry.maxHintMs ?? 60_000,
    retryUnknown: options.retryUnknown ?? false,
    restarts: (call.restart ?? false) || options.interruption === 'restart',
    strict: options.validate === 'strict',
    upgrades: call.face === 'upgraded' || ((options.upgradeToStream ?? false) && call.face === 'fetch_json'),
    sseError: options.streamFailure === 'sse_error',
    hook: client.hook ?? 'none',
    queues: client.maxConnections !== undefined,
    // The drop-in fills gaps for the first endpoint alone.
    refreshes: client.auth?.kind === 'function' && call.endpoint === 0,
    hasBeforeCommit: isFetch,
    headersMs: client.auth?.kind === 'function' ? 2 * client.auth.afterMs : 0,
    legs: legsOf(client.hedge, calls.length),
    onSockets: client.webSocket !== undefined,
    holdsAnswers: options.limits?.preludeBytes === undefined,
  }
}

/** A client that has seen enough answers hedges without being told to. */
const CALLS_TO_LEARN_FROM = 6

function legsOf(hedge: ClientPlan['hedge'], calls: number): number {
  if (hedge === undefined) return calls > CALLS_TO_LEARN_FROM ? 3 : 1
  return hedge === true ? 3 : hedge.maxConcurrent
}
