import type { Clock } from '../core/clock.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { RetryPolicy } from '../retry/decide.ts'
import { refuseConnectionHeaders } from '../transport/connection-headers.ts'
import type { LimitOrAuto, TimeoutSettings } from '../watchdog/deadlines.ts'
import type { ResilientClientOptions } from './options.ts'

/** The resolved values that are checked here. */
interface Resolved {
  readonly timeouts: TimeoutSettings
  readonly policy: RetryPolicy
  readonly commitAfterMs: number
  readonly beforeCommitMs: number
}

/**
 * Refuses options that contradict each other or have no effect. Checks the resolved values, including defaults and
 * environment. The error always blames an option that was given.
 *
 * @param isView the options belong to a view. Inherited options were checked before.
 * @throws ConfigurationError that names both options.
 */
export function refuseContradictions(options: ResilientClientOptions, settings: Resolved, isView: boolean): void {
  refuseDeadlines(options, settings, isView)
  refuseTimes(options, settings)
  refuseHedge(options, settings)
  refuseBesideTransport(options)
  refuseConnections(options)
  if (isView) refuseShared(options)
}

/**
 * Refuses headers that a connection sets itself, if the transport makes the connections. A wrapped `fetch` gets them.
 *
 * @throws ConfigurationError
 */
export function refuseHeadersOfConnections({ headers, endpoints }: ResilientClientOptions): void {
  if (typeof headers === 'object') refuseConnectionHeaders(Object.keys(headers), 'headers')
  for (const [index, endpoint] of endpoints?.entries() ?? []) {
    refuseConnectionHeaders(Object.keys(endpoint.headers ?? {}), `endpoints.${index}.headers`)
    refuseConnectionHeaders(endpoint.forwardHeaders ?? [], `endpoints.${index}.forwardHeaders`)
  }
}

/**
 * A deadline that watches one step, and the wall clocks that end it: at or above them it would never fire. The wall clocks
 * are bounds, so that one may lie above the other.
 */
const ENDED_BY = {
  connectMs: ['totalMs'],
  sendMs: ['totalMs'],
  ttfbMs: ['staleMs', 'totalMs'],
  idleMs: ['staleMs', 'totalMs'],
  progressMs: ['staleMs', 'totalMs'],
} as const satisfies Partial<Record<keyof TimeoutSettings, ReadonlyArray<'staleMs' | 'totalMs'>>>

function refuseDeadlines(options: ResilientClientOptions, { timeouts }: Resolved, isView: boolean): void {
  for (const name of Object.keys(ENDED_BY) as Array<keyof typeof ENDED_BY>) {
    const limit: LimitOrAuto = timeouts[name]
    if (limit === 'auto' || limit.ms === 0 || limit.source === 'default') continue
    if (isView && options.timeouts?.[name] === undefined) continue
    for (const otherName of ENDED_BY[name]) {
      const other = timeouts[otherName]
      if (other.ms === 0 || limit.ms < other.ms) continue
      refuse(
        `timeouts.${name}`,
        `timeouts.${name} (${limit.ms}, from ${limit.source}) must be below timeouts.${otherName} (${other.ms}, from ${other.source}), or it would never fire. Lower it, raise the other, or set one of them to 0 (off).`,
      )
    }
  }
}

function refuseTimes(options: ResilientClientOptions, settings: Resolved): void {
  const { commitAfterMs, beforeCommitMs, policy, timeouts } = settings
  if (options.commitAfterMs && beforeCommitMs > 0 && commitAfterMs >= beforeCommitMs) {
    refuse(
      'commitAfterMs',
      `commitAfterMs (${commitAfterMs}) must be below beforeCommitMs (${beforeCommitMs}${byDefault(options.beforeCommitMs)}): the call would end before its prelude is handed over.`,
    )
  }
  if (options.retry?.baseDelayMs !== undefined && policy.baseDelayMs > policy.maxDelayMs) {
    refuse(
      'retry.baseDelayMs',
      `retry.baseDelayMs (${policy.baseDelayMs}) must not be above retry.maxDelayMs (${policy.maxDelayMs}${byDefault(options.retry.maxDelayMs)}).`,
    )
  }
  const { queueMs = 0, calls, pace } = options.concurrency ?? {}
  if (queueMs > 0 && calls === undefined && pace === false) {
    refuse(
      'concurrency.queueMs',
      'concurrency.queueMs has no effect: without calls, and with pace: false, no call waits.',
    )
  }
  refuseAlone(options)
  const { ms: totalMs } = timeouts.totalMs
  if (totalMs > 0 && queueMs >= totalMs) {
    refuse(
      'concurrency.queueMs',
      `concurrency.queueMs (${queueMs}) must be below timeouts.totalMs (${totalMs}), or it would never fire.`,
    )
  }
}

function refuseAlone({ concurrency, fleet }: ResilientClientOptions): void {
  const { calls, callsAlone } = concurrency ?? {}
  if (callsAlone === undefined) return
  if (fleet === undefined || calls === undefined) {
    refuse(
      'concurrency.callsAlone',
      `concurrency.callsAlone has no effect without ${fleet === undefined ? 'the option fleet' : 'concurrency.calls'}: there is no limit that processes share.`,
    )
  }
  if (callsAlone > calls) {
    refuse(
      'concurrency.callsAlone',
      `concurrency.callsAlone (${callsAlone}) must not be above concurrency.calls (${calls}), the limit of all processes together.`,
    )
  }
}

function refuseHedge({ hedge }: ResilientClientOptions, { timeouts }: Resolved): void {
  if (typeof hedge !== 'object') return
  for (const name of ['deadProbability', 'minMs'] as const) {
    if (hedge.afterMs === undefined || hedge[name] === undefined) continue
    refuse(`hedge.${name}`, `hedge.${name} belongs to the learnt rule and has no effect beside hedge.afterMs.`)
  }
  for (const name of ['afterMs', 'minMs'] as const) {
    for (const otherName of ['ttfbMs', 'staleMs', 'totalMs'] as const) {
      const ms = hedge[name]
      const other = timeouts[otherName]
      if (ms === undefined || other === 'auto' || other.ms === 0 || ms < other.ms) continue
      refuse(
        `hedge.${name}`,
        `hedge.${name} (${ms}) must be below timeouts.${otherName} (${other.ms}, from ${other.source}): the silent attempt would end before it gets a second one.`,
      )
    }
  }
}

function refuseConnections({ isolation, warm, warmMs }: ResilientClientOptions): void {
  if (warm && isolation !== 'fresh') {
    refuse(
      'warm',
      `warm (${warm}) keeps unused connections open, which needs isolation: 'fresh'; got ${isolation ?? "the default, 'leased'"}.`,
    )
  }
  if (warmMs !== undefined && warm === undefined) {
    refuse('warmMs', `warmMs (${warmMs}) has no effect without warm: no unused connection is kept.`)
  }
}

function refuseBesideTransport(options: ResilientClientOptions): void {
  const { transport, clock } = options
  if (transport === undefined) return
  for (const name of ['isolation', 'keepAliveMs', 'warm', 'warmMs', 'maxConnections', 'proxy', 'tls'] as const) {
    if (options[name] === undefined) continue
    refuse(
      name,
      `${name} has no effect with the option transport. Give it to that transport: undiciTransport({ ${name}: … }).`,
    )
  }
  if (options.limits?.headerBytes !== undefined) {
    refuse(
      'limits.headerBytes',
      'limits.headerBytes has no effect with the option transport. Give it to that transport: undiciTransport({ maxHeaderBytes: … }).',
    )
  }
  if (clock !== undefined && transport.clock !== undefined && sourceOf(clock) !== sourceOf(transport.clock)) {
    refuse(
      'clock',
      `clock: the transport (${transport.name}) uses another clock than the client, so one of them would wait forever. Give both the same clock, or only the transport: the client then uses the clock of its transport.`,
    )
  }
}

/** Refuses what a view shares with its client. */
function refuseShared({ retry, limits }: ResilientClientOptions): void {
  if (retry?.budget !== undefined) {
    refuse(
      'retry.budget',
      "withOptions: 'retry.budget' cannot be changed in a view, which shares the budget of its client.",
    )
  }
  if (limits?.headerBytes !== undefined) {
    refuse(
      'limits.headerBytes',
      "withOptions: 'limits.headerBytes' cannot be changed in a view, which shares the connections of its client. Create another ResilientClient.",
    )
  }
}

function sourceOf(clock: Clock): Clock {
  return clock.source ?? clock
}

function byDefault(given: number | undefined): string {
  return given === undefined ? ', the default or inherited' : ''
}

function refuse(path: string, message: string): never {
  throw new ConfigurationError(message, path)
}
