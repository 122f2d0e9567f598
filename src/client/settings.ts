import type { AdmissionSettings } from '../admission/admission.ts'
import { type ConcurrencyOptions, concurrencyRules } from '../admission/concurrency-options.ts'
import type { PreviousResponseNotFoundHook } from '../call/not-found.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { readEnv } from '../core/env.ts'
import { type Random, systemRandom } from '../core/random.ts'
import { shownWord } from '../core/shown.ts'
import type { EndpointAffinity } from '../endpoints/affinity.ts'
import type { EndpointSettings } from '../endpoints/endpoints.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { FleetLimit } from '../fleet-port/fleet-port.ts'
import { hedgeRules } from '../hedge/hedge-options.ts'
import type { HedgeSettings } from '../hedge/hedging.ts'
import { budgetRules, type RetryBudgetOptions } from '../retry/budget.ts'
import type { ClassifyHook } from '../retry/classify-hook.ts'
import type { RetryPolicy } from '../retry/decide.ts'
import { retryRules } from '../retry/retry-options.ts'
import type { TelemetryListener } from '../telemetry/emitter.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
import type { WebSocketSettings } from '../transport/websocket-options.ts'
import type { Limit, LimitOrAuto, TimeoutSettings } from '../watchdog/deadlines.ts'
import { timeoutRules } from '../watchdog/timeout-options.ts'
import { refuseContradictions } from './contradictions.ts'
import { endpointsOf, httpUrl, refuseKeylessEndpoints } from './endpoint-settings.ts'
import type { HeadersOption } from './headers-option.ts'
import { type InstrumentationSettings, instrumentationsOf } from './instrumentation.ts'
import { clientRules, limitRules, type ResilientClientOptions } from './options.ts'
import { webSocketOf } from './web-socket-settings.ts'

/** Options, defaults and environment as one resolved value. */
export interface ClientSettings {
  readonly baseURL: URL
  readonly apiKey: string | undefined
  readonly headers: HeadersOption | undefined
  readonly policy: RetryPolicy
  readonly budget: RetryBudgetOptions | false
  readonly timeouts: TimeoutSettings
  readonly commit: 'progress' | 'first_event'
  readonly commitAfterMs: number
  readonly beforeCommitMs: number
  readonly streamFailure: 'error' | 'sse_error'
  readonly upgradeToStream: boolean
  readonly onPreviousResponseNotFound: PreviousResponseNotFoundHook | undefined
  readonly classify: ClassifyHook | undefined
  readonly validate: 'off' | 'report' | 'strict'
  readonly interruption: 'error' | 'restart'
  readonly endpoints: readonly EndpointSettings[] | undefined
  readonly endpointAffinity: EndpointAffinity | undefined
  readonly concurrency: AdmissionSettings | undefined
  /** The limit that the processes of a fleet share. `undefined`: without one. */
  readonly fleetLimit: FleetLimit | undefined
  readonly hedge: HedgeSettings | undefined
  readonly webSocket: WebSocketSettings | undefined
  readonly limits: { readonly eventBytes: number; readonly preludeBytes: number; readonly headerBytes: number }
  readonly label: string | undefined
  readonly onEvent: TelemetryListener | undefined
  readonly instrumentations: readonly InstrumentationSettings[]
  readonly clock: Clock
  readonly random: Random
}

const DEFAULT_BASE_URL = 'https://api.openai.com/v1'

/**
 * An inherited limit is lowered to this share of a shorter limit of its view, as automatic values are for `staleMs`.
 */
const BELOW = 0.9

/**
 * @param inherited the settings of the client that a view is made from. The environment is read only without them.
 * @throws ConfigurationError for values that contradict each other, and for environment variables that are not
 * accepted.
 */
export function resolveSettings(options: ResilientClientOptions, inherited?: ClientSettings): ClientSettings {
  const { retry, limits } = options
  const endpoints = endpointsOf(options) ?? inherited?.endpoints
  const bounds = {
    eventBytes: limits?.eventBytes ?? inherited?.limits.eventBytes ?? limitRules.eventBytes.default,
    preludeBytes: limits?.preludeBytes ?? inherited?.limits.preludeBytes ?? limitRules.preludeBytes.default,
    headerBytes: limits?.headerBytes ?? inherited?.limits.headerBytes ?? limitRules.headerBytes.default,
  }
  const settings: ClientSettings = {
    baseURL:
      options.baseURL === undefined
        ? (endpoints?.[0]?.baseURL ?? inherited?.baseURL ?? new URL(DEFAULT_BASE_URL))
        : httpUrl(options.baseURL),
    apiKey: checkedKey(options.apiKey) ?? inherited?.apiKey,
    headers: copyHeaders(options.headers) ?? inherited?.headers,
    policy: {
      maxRetries:
        options.maxRetries ??
        inherited?.policy.maxRetries ??
        envNumber('MAX_RETRIES', 1000) ??
        clientRules.maxRetries.default,
      baseDelayMs: retry?.baseDelayMs ?? inherited?.policy.baseDelayMs ?? retryRules.baseDelayMs.default,
      maxDelayMs: retry?.maxDelayMs ?? inherited?.policy.maxDelayMs ?? retryRules.maxDelayMs.default,
      maxHintMs: retry?.maxHintMs ?? inherited?.policy.maxHintMs ?? retryRules.maxHintMs.default,
      retryUnknown: options.retryUnknown ?? inherited?.policy.retryUnknown ?? clientRules.retryUnknown.default,
    },
    budget: inherited?.budget ?? budgetOf(retry?.budget),
    timeouts: timeoutsOf(options.timeouts ?? {}, inherited?.timeouts),
    commit: options.commit ?? inherited?.commit ?? clientRules.commit.default,
    ...commitTimesOf(options, inherited),
    streamFailure: options.streamFailure ?? inherited?.streamFailure ?? clientRules.streamFailure.default,
    onPreviousResponseNotFound: options.onPreviousResponseNotFound ?? inherited?.onPreviousResponseNotFound,
    upgradeToStream: options.upgradeToStream ?? inherited?.upgradeToStream ?? clientRules.upgradeToStream.default,
    classify: options.classify ?? inherited?.classify,
    validate: options.validate ?? inherited?.validate ?? clientRules.validate.default,
    interruption: options.interruption ?? inherited?.interruption ?? clientRules.interruption.default,
    limits: bounds,
    webSocket: inherited?.webSocket ?? webSocketOf(options, bounds),
    endpoints,
    endpointAffinity: options.endpointAffinity ?? inherited?.endpointAffinity,
    concurrency: options.concurrency === undefined ? inherited?.concurrency : concurrencyOf(options.concurrency),
    fleetLimit: inherited === undefined ? fleetLimitOf(options.concurrency) : inherited.fleetLimit,
    hedge:
      options.hedge === undefined && inherited !== undefined
        ? inherited.hedge
        : hedgeOf(options.hedge ?? clientRules.hedge.default),
    label: options.label ?? inherited?.label,
    onEvent: options.onEvent ?? inherited?.onEvent,
    instrumentations:
      options.instrumentations === undefined
        ? (inherited?.instrumentations ?? [])
        : instrumentationsOf(options.instrumentations),
    clock: options.clock ?? options.transport?.clock ?? inherited?.clock ?? systemClock,
    random: options.random ?? inherited?.random ?? systemRandom,
  }
  refuseContradictions(options, settings, inherited !== undefined)
  refuseKeylessEndpoints(options, settings)
  return settings
}

function timeoutsOf(
  options: NonNullable<ResilientClientOptions['timeouts']>,
  inherited: TimeoutSettings | undefined,
): TimeoutSettings {
  const limit = (name: keyof TimeoutSettings, variable?: string): LimitOrAuto => {
    const given = options[name]
    if (given !== undefined) return given === 'auto' ? 'auto' : { ms: given, source: 'option' }
    if (inherited !== undefined) return inherited[name]
    return (variable === undefined ? undefined : envLimit(variable)) ?? defaultLimit(name)
  }
  const staleMs = limit('staleMs', 'STALE_TIMEOUT_MS') as Limit
  const ttfbMs = limit('ttfbMs', 'TTFB_TIMEOUT_MS')
  const totalMs = limit('totalMs') as Limit
  return {
    connectMs: limit('connectMs') as Limit,
    sendMs: limit('sendMs') as Limit,
    // Inherited values are lowered to fit: a task of 20 s on a client with a TTFB cutoff of 45 s.
    ttfbMs:
      inherited !== undefined && options.ttfbMs === undefined
        ? below(below(ttfbMs, staleMs, 'staleMs'), totalMs, 'totalMs')
        : ttfbMs,
    idleMs: limit('idleMs', 'IDLE_TIMEOUT_MS'),
    progressMs: limit('progressMs') as Limit,
    staleMs,
    totalMs,
  }
}

function defaultLimit(name: keyof TimeoutSettings): LimitOrAuto {
  const value = timeoutRules[name].default
  return value === 'auto' ? 'auto' : { ms: value, source: 'default' }
}

function below(limit: LimitOrAuto, other: Limit, name: string): LimitOrAuto {
  if (limit === 'auto' || other.ms === 0 || limit.ms < other.ms) return limit
  return { ms: Math.floor(other.ms * BELOW), source: `${limit.source}, kept below ${name}` }
}

/** A `commitAfterMs` that was not given is lowered to fit a given `beforeCommitMs`. */
function commitTimesOf(
  options: ResilientClientOptions,
  inherited: ClientSettings | undefined,
): Pick<ClientSettings, 'commitAfterMs' | 'beforeCommitMs'> {
  const commitAfterMs = options.commitAfterMs ?? inherited?.commitAfterMs ?? clientRules.commitAfterMs.default
  const beforeCommitMs = options.beforeCommitMs ?? inherited?.beforeCommitMs ?? clientRules.beforeCommitMs.default
  const givesWay = options.commitAfterMs === undefined && beforeCommitMs > 0 && commitAfterMs >= beforeCommitMs
  return { commitAfterMs: givesWay ? Math.floor(beforeCommitMs * BELOW) : commitAfterMs, beforeCommitMs }
}

function budgetOf(budget: NonNullable<ResilientClientOptions['retry']>['budget']): RetryBudgetOptions | false {
  if (budget === false) return false
  return {
    capacity: budget?.capacity ?? budgetRules.capacity.default,
    depositPerSuccess: budget?.depositPerSuccess ?? budgetRules.depositPerSuccess.default,
    refillPerMinute: budget?.refillPerMinute ?? budgetRules.refillPerMinute.default,
  }
}

function concurrencyOf({
  calls,
  queueMs,
  pace,
}: NonNullable<ResilientClientOptions['concurrency']>): AdmissionSettings {
  const { queueMs: wait, pace: paced } = concurrencyRules
  return { calls: calls ?? Infinity, queueMs: queueMs ?? wait.default, pace: pace ?? paced.default }
}

function fleetLimitOf({ calls, callsAlone }: ConcurrencyOptions = {}): FleetLimit | undefined {
  return calls === undefined ? undefined : { calls, callsAlone }
}

const DEFAULT_HEDGE: HedgeSettings = {
  isAuto: false,
  afterMs: undefined,
  deadProbability: hedgeRules.deadProbability.default,
  minMs: hedgeRules.minMs.default,
  maxConcurrent: hedgeRules.maxConcurrent.default,
  maxExtraShare: hedgeRules.maxExtraShare.default,
}

/** Hedges of `hedge: 'auto'`. `Hedging` has further limits for it. */
const AUTO_HEDGE: HedgeSettings = { ...DEFAULT_HEDGE, isAuto: true, maxConcurrent: 3, maxExtraShare: 0.1 }

/** With a plain `afterMs`: one second attempt. */
const PLAIN_MAX_CONCURRENT = 2

function hedgeOf(hedge: NonNullable<ResilientClientOptions['hedge']>): HedgeSettings | undefined {
  if (hedge === 'auto') return AUTO_HEDGE
  if (typeof hedge === 'boolean') return hedge ? DEFAULT_HEDGE : undefined
  const { afterMs, deadProbability, minMs, maxConcurrent, maxExtraShare } = hedge
  return {
    isAuto: false,
    afterMs,
    deadProbability: deadProbability ?? DEFAULT_HEDGE.deadProbability,
    minMs: minMs ?? DEFAULT_HEDGE.minMs,
    maxConcurrent: maxConcurrent ?? (afterMs === undefined ? DEFAULT_HEDGE.maxConcurrent : PLAIN_MAX_CONCURRENT),
    maxExtraShare: maxExtraShare ?? DEFAULT_HEDGE.maxExtraShare,
  }
}

function checkedKey(apiKey: string | undefined): string | undefined {
  if (apiKey === undefined) return undefined
  if (/^\s*bearer\s/i.test(apiKey)) {
    throw new ConfigurationError(
      "apiKey: begins with 'Bearer', which the client adds itself; accepted: the key alone, or headers: { authorization: 'Bearer …' }.",
      'apiKey',
    )
  }
  assertHeader('authorization', apiKey, 'apiKey')
  return apiKey
}

function copyHeaders(headers: ResilientClientOptions['headers']): HeadersOption | undefined {
  if (headers === undefined || typeof headers === 'function') return headers as HeadersOption | undefined
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value, headerPath('headers', name))
  return { ...headers }
}

const ENV_PREFIX = 'RESILIENT_RESPONSES_'
const ACCEPTS_AUTO: ReadonlySet<string> = new Set(['TTFB_TIMEOUT_MS', 'IDLE_TIMEOUT_MS'])

function envLimit(name: string): LimitOrAuto | undefined {
  if (ACCEPTS_AUTO.has(name) && readEnv(ENV_PREFIX + name) === 'auto') return 'auto'
  const ms = envNumber(name, 2 ** 31 - 1)
  return ms === undefined ? undefined : { ms, source: `env ${ENV_PREFIX}${name}` }
}

function envNumber(name: string, most: number): number | undefined {
  const value = readEnv(ENV_PREFIX + name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (/^\d+$/.test(value) && number <= most) return number
  const variable = ENV_PREFIX + name
  const auto = ACCEPTS_AUTO.has(name) ? " or 'auto'" : ''
  throw new ConfigurationError(
    `${variable}: got ${shownWord(value)}; accepted: a whole number from 0 to ${most}${auto}.`,
    variable,
  )
}
