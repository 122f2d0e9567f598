import type { DeadlineName } from '../errors/catalog.ts'
import type { DeadlineInfo } from '../errors/errors.ts'

/** A limit and its source, which the error of the deadline names. `0` ms: off. */
export interface Limit {
  readonly ms: number
  /** `option`, `env`, `default`, or `auto: …` with the reason. */
  readonly source: string
}

export type LimitOrAuto = Limit | 'auto'

/** The `timeouts` of a client after validation. */
export interface TimeoutSettings {
  readonly connectMs: Limit
  readonly sendMs: Limit
  readonly ttfbMs: LimitOrAuto
  readonly idleMs: LimitOrAuto
  readonly progressMs: Limit
  readonly staleMs: Limit
  readonly totalMs: Limit
}

/** The traits of a request that the automatic values depend on. */
export interface LatencyTraits {
  readonly kind: 'stream' | 'json' | 'passthrough'
  /** The body of a passthrough call says `stream: true`: headers are expected at once, and silence counts. */
  readonly passesStream?: boolean
  /** UTF-8 bytes of `input`, `instructions` and `tools` without base64, divided by 4. */
  readonly estimatedInputTokens: number
  readonly effort: 'low' | 'medium' | 'high'
  readonly flex: boolean
}

/** How long the option `headers()` may take. It fetches a token, and a call must not hang on it. */
export const HEADERS_DEADLINE_MS = 30_000

/** The limits of one attempt. `0` ms: off. */
export type AttemptLimits = Readonly<Record<NameOfLimit, Limit>> & {
  /** Set for a passthrough call, of which only bytes are seen. `stream`: silence counts before the headers, too. */
  readonly passthrough?: 'stream' | 'answer' | undefined
}

type NameOfLimit = Exclude<DeadlineName, 'total' | 'before_commit' | 'queue'>

const OFF: Limit = { ms: 0, source: 'not used for this kind of call' }

/**
 * Growth of an automatic cutoff after each TTFB cut, and its maximum. Without growth a long but healthy prefill would
 * always be cut at the same time.
 */
const TTFB_GROWTH = 1.6
const TTFB_GROWTH_MAX = 2

/** An automatic value stays this far below an explicit `staleMs`, so that the more specific deadline fires first. */
const BELOW_STALE = 0.9

/**
 * The limits of one attempt, from the settings, the request and the number of TTFB cuts so far. Returns the same object
 * while the limits are the same.
 *
 * @param hedged a hedge covers a silent attempt: an automatic `ttfbMs` is then at least 180 s, and 600 s at high
 * effort.
 */
export function limitsFor(
  settings: TimeoutSettings,
  traits: LatencyTraits,
  ttfbCuts: number,
  hedged = false,
): AttemptLimits {
  const limits = derived(settings, traits, ttfbCuts, hedged)
  const last = lastLimits.get(settings)
  if (last?.passthrough === limits.passthrough && NAMES_OF_LIMITS.every((name) => last?.[name] === limits[name]))
    return last as AttemptLimits
  lastLimits.set(settings, limits)
  return limits
}

const NAMES_OF_LIMITS = ['connect', 'send', 'ttfb', 'idle', 'progress', 'stale'] as const
/** Nearly all attempts of a client have the same limits, and a stream holds them to its end, so they are shared. */
const lastLimits = new WeakMap<TimeoutSettings, AttemptLimits>()

function derived(settings: TimeoutSettings, traits: LatencyTraits, ttfbCuts: number, hedged: boolean): AttemptLimits {
  const { connectMs: connect, sendMs: send, staleMs: stale, progressMs: progress } = settings
  if (traits.kind === 'passthrough') {
    const idle = settings.idleMs === 'auto' ? IDLE.base : settings.idleMs
    const passthrough = traits.passesStream ? 'stream' : 'answer'
    return { connect, send, ttfb: OFF, idle, progress: OFF, stale, passthrough }
  }
  // Headers come only after the generation, so only the whole attempt can be limited.
  if (traits.kind === 'json') return { connect, send, ttfb: OFF, idle: OFF, progress: OFF, stale }
  const idle = settings.idleMs === 'auto' ? clampBelow(autoIdle(traits), stale) : settings.idleMs
  return { connect, send, ttfb: ttfbLimit(settings, traits, ttfbCuts, hedged), idle, progress, stale }
}

function ttfbLimit({ ttfbMs, staleMs }: TimeoutSettings, traits: LatencyTraits, cuts: number, hedged: boolean): Limit {
  // An explicit value is the same on every attempt.
  if (ttfbMs !== 'auto') return ttfbMs
  const first = clampBelow(autoTtfb(traits, hedged), staleMs)
  if (cuts === 0) return first
  const factor = Math.min(TTFB_GROWTH ** cuts, TTFB_GROWTH_MAX)
  const grown: Limit = {
    ms: Math.round(first.ms * factor),
    source: `${first.source}, grown after ${cuts} ${cuts === 1 ? 'cut' : 'cuts'}`,
  }
  if (!isExplicit(staleMs)) return grown
  // Close below `staleMs` there may be no room to grow. An attempt must not get less time than the one before.
  const room = Math.floor(staleMs.ms * BELOW_STALE)
  if (grown.ms <= room) return grown
  return room <= first.ms ? first : { ms: room, source: `${grown.source}, kept below staleMs` }
}

function auto(seconds: number, why: string): Limit {
  return { ms: seconds * 1000, source: `auto: ${why}` }
}

/** Shared objects: a stream holds its limits to its end. */
const TTFB = {
  base: auto(45, 'base'),
  from10K: auto(60, 'input from 10 K tokens'),
  from50K: auto(120, 'input from 50 K tokens'),
  from100K: auto(180, 'input from 100 K tokens'),
  medium: auto(120, 'medium effort'),
  high: auto(300, 'high effort'),
  flex: auto(900, 'flex tier'),
  // A hedge starts long before, so there is no hurry to cut an attempt that may be alive. At high effort a few first
  // events in ten thousand come after 300 s.
  hedged: auto(180, 'hedged'),
  hedgedHigh: auto(600, 'hedged, high effort'),
} as const
const IDLE = { base: auto(300, 'base'), high: auto(600, 'high effort'), flex: auto(900, 'flex tier') } as const

function autoTtfb({ estimatedInputTokens: tokens, effort, flex }: LatencyTraits, hedged: boolean): Limit {
  let chosen: Limit = TTFB.base
  const atLeast = (applies: boolean, limit: Limit): void => {
    if (applies && limit.ms > chosen.ms) chosen = limit
  }
  atLeast(tokens >= 10_000, TTFB.from10K)
  atLeast(tokens >= 50_000, TTFB.from50K)
  atLeast(tokens >= 100_000, TTFB.from100K)
  atLeast(effort === 'medium', TTFB.medium)
  atLeast(effort === 'high', TTFB.high)
  atLeast(flex, TTFB.flex)
  atLeast(hedged, TTFB.hedged)
  atLeast(hedged && effort === 'high', TTFB.hedgedHigh)
  return chosen
}

function autoIdle({ effort, flex }: LatencyTraits): Limit {
  if (flex) return IDLE.flex
  return effort === 'high' ? IDLE.high : IDLE.base
}

/** Automatic values give way to explicit ones. Two explicit values that contradict each other were refused earlier. */
function clampBelow(automatic: Limit, stale: Limit): Limit {
  if (!isExplicit(stale) || automatic.ms < stale.ms) return automatic
  return { ms: Math.floor(stale.ms * BELOW_STALE), source: `${automatic.source}, kept below staleMs` }
}

function isExplicit({ ms, source }: Limit): boolean {
  return source !== 'default' && ms > 0
}

/**
 * How long to wait for the `response.failed` after an `error`, or for the `error` after a `response.failed` without a
 * reason.
 */
const LINGER: Limit = { ms: 1000, source: 'default' }

export interface CallDeadlines {
  /** Start of the call, on the monotonic clock. */
  readonly startedAt: number
  readonly total: Limit
  /** Drop-in only: a call without a first event ends at this limit, because its SDK stops waiting for headers. */
  readonly beforeCommit: Limit
  /** Drop-in only: when a held prelude is handed over. `0`: never. */
  readonly commitAfterMs: number
}

/** When a call must have ended, or before its commit must have output. `Infinity` without a deadline. */
export function callEndsAt(call: CallDeadlines): number {
  const total = call.total.ms > 0 ? call.startedAt + call.total.ms : Infinity
  const beforeCommit = call.beforeCommit.ms > 0 ? call.startedAt + call.beforeCommit.ms : Infinity
  return Math.min(total, beforeCommit)
}

/** The deadline of the call that comes first. Called when one of them has come. */
export function firstOfCall(call: CallDeadlines): { readonly name: 'total' | 'before_commit'; readonly limit: Limit } {
  const total = call.total.ms > 0 && callEndsAt(call) === call.startedAt + call.total.ms
  return total ? { name: 'total', limit: call.total } : { name: 'before_commit', limit: call.beforeCommit }
}

/**
 * What has happened in an attempt so far, as monotonic instants. Written by the watchdog, read by `earliestDeadline`.
 */
export interface AttemptTimes {
  startedAt: number
  connectingAt: number | undefined
  connectedAt: number | undefined
  sendProgressAt: number | undefined
  sentAt: number | undefined
  lastByteAt: number | undefined
  firstEventAt: number | undefined
  firstProgressAt: number | undefined
  lastProgressAt: number | undefined
  /** The response is queued at the endpoint, so no progress is expected. */
  queued: boolean
  committed: boolean
  /** The consumer does not read, so the silence is caused by the consumer. */
  pausedAt: number | undefined
  /** A failure was reported. An event with more detail may follow. */
  lingeringAt: number | undefined
  /** How long to wait for that event, if not a second. */
  lingerMs: number | undefined
  /** A whole answer without events was handed over. */
  answered: boolean
  /** The bytes after this instant may be the last event without its blank line. */
  heldAt: number | undefined
}

/** No code ran for `ms` before `from`: the event loop was blocked, or the machine slept. */
export interface Grace {
  readonly from: number
  readonly ms: number
}

export interface DueDeadline {
  readonly at: number
  /** The instant the deadline counts from. */
  readonly from: number
  /**
   * Three of the names are not deadlines: `commit_after` hands the prelude over, `linger` ends the wait for an event
   * that explains a failure, and `held` checks an event without its blank line.
   */
  readonly name: DeadlineName | 'commit_after' | 'linger' | 'held'
  readonly limit: Limit
}

const NO_GRACE: Grace = { from: -Infinity, ms: 0 }

/**
 * The deadline that comes first, given what has happened. Pure. Called when a timer is armed or has fired, not per
 * event.
 *
 * @param grace lost time, which is added to each deadline of the attempt, up to the length of that deadline. Deadlines
 * of the call are not extended: they are promises to the caller.
 */
export function earliestDeadline(
  times: AttemptTimes,
  limits: AttemptLimits,
  call: CallDeadlines,
  grace?: Grace,
): DueDeadline | undefined {
  let first: DueDeadline | undefined
  const consider = (name: DueDeadline['name'], from: number | undefined, limit: Limit, given = grace): void => {
    if (from === undefined || limit.ms <= 0) return
    const at = Math.max(from + limit.ms, given === undefined ? -Infinity : given.from + Math.min(given.ms, limit.ms))
    if (first === undefined || at < first.at) first = { at, from, name, limit }
  }
  const considerOfCall = (name: DueDeadline['name'], limit: Limit): void =>
    consider(name, call.startedAt, limit, NO_GRACE)
  const paused = times.pausedAt !== undefined
  consider('linger', times.lingeringAt, times.lingerMs === undefined ? LINGER : { ...LINGER, ms: times.lingerMs })
  consider('held', times.heldAt, LINGER)
  if (times.connectedAt === undefined) consider('connect', times.connectingAt, limits.connect)
  else if (times.sentAt === undefined) consider('send', times.sendProgressAt, limits.send)
  // A whole answer without events has shown that the endpoint responds.
  if (times.firstEventAt === undefined && !times.answered) consider('ttfb', times.sentAt, limits.ttfb)
  if (!paused) {
    consider('idle', times.lastByteAt ?? (limits.passthrough === 'stream' ? times.sentAt : undefined), limits.idle)
    if (!times.queued) consider('progress', times.lastProgressAt, limits.progress)
  }
  // A passthrough body may be a download of hours: once its headers were handed over, only silence ends it.
  if (limits.passthrough === undefined || !times.committed) consider('stale', times.startedAt, limits.stale)
  considerOfCall('total', call.total)
  if (!times.committed) {
    if (times.firstEventAt === undefined) considerOfCall('before_commit', call.beforeCommit)
    else considerOfCall('commit_after', { ms: call.commitAfterMs, source: 'option' })
  }
  return first
}

export function deadlineInfo(due: DueDeadline & { readonly name: DeadlineName }): DeadlineInfo {
  return { name: due.name, ms: due.limit.ms, source: due.limit.source }
}
