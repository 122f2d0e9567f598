import type { Random } from '../core/random.ts'
import type { GiveUpReason, ReplaySafety } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { RetryDecision } from '../telemetry/events.ts'
import { connectDelay, hintDelay, pushbackDelay, reconnectDelay } from './backoff.ts'
import type { RetryBudget } from './budget.ts'

export interface RetryPolicy {
  readonly maxRetries: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  readonly maxHintMs: number
  readonly retryUnknown: boolean
}

/** What a call has used so far. Immutable: each decision makes a new one. */
export interface RetryTally {
  readonly retries: number
  readonly connectionRetries: number
  readonly pushbacks: number
  /** Consecutive failures to connect, by endpoint. A successful connect resets the count of its endpoint. */
  readonly connects: ReadonlyMap<string, ConnectTally>
  readonly transparentRetries: number
  /** Retries after a gateway could not reach the endpoint. */
  readonly gatewayRetries: number
}

export interface ConnectTally {
  readonly failures: number
  readonly hostNotFound: number
}

export const NO_RETRIES: RetryTally = {
  retries: 0,
  connectionRetries: 0,
  pushbacks: 0,
  connects: new Map(),
  transparentRetries: 0,
  gatewayRetries: 0,
}

const NO_CONNECTS: ConnectTally = { failures: 0, hostNotFound: 0 }

/** Consecutive reconnects to an unreachable endpoint, in addition to `maxRetries`. Together they take at least 5 s. */
const MAX_CONNECT_RETRIES = 4

/** The next attempt uses a new connection. The limit is for transports that cannot choose their connection. */
const MAX_TRANSPARENT_RETRIES = 1

/**
 * Retries of a call that are free when a gateway could not reach the endpoint. With the back-off of a pushback before
 * each, two of them outlast a restart of some hundred milliseconds for nine calls in ten. Further ones draw on the
 * budget.
 */
const FREE_GATEWAY_RETRIES = 2

/** An unknown host rarely appears soon. Two retries cover a resolver that failed for a moment. */
const MAX_HOST_NOT_FOUND_RETRIES = 2

export interface DecisionInput {
  readonly failure: Failure
  readonly replay: ReplaySafety
  /** Whether output of the attempt was handed over. */
  readonly committed: boolean
  /** A reused connection died before its first response byte: reconnecting is free. */
  readonly staleConnection: boolean
  readonly tally: RetryTally
  readonly policy: RetryPolicy
  /** Drawn on only when everything else allows the retry. */
  readonly budget: Pick<RetryBudget, 'withdraw'> | undefined
  /** Milliseconds until the deadline of the whole call. `Infinity` without one. */
  readonly remainingMs: number
  readonly random: Random
  /** The endpoint of the attempt, where there are several. */
  readonly endpoint?: string | undefined
  /** The next attempt goes to an endpoint that this call has not tried, so there is no reason to wait. */
  readonly elsewhere?: boolean | undefined
}

/** Decides whether and when to retry, and what remains of the allowance. All retries are decided here. */
export function decideRetry(input: DecisionInput): { readonly decision: RetryDecision; readonly tally: RetryTally } {
  const { failure, policy, tally } = input
  if (input.committed) return refuse(input, 'committed')
  const lane = failure.lane
  if (lane === undefined) return refuse(input, 'not_retryable')
  if (input.replay === 'unsafe' || (input.replay === 'unknown' && !policy.retryUnknown)) {
    return refuse(input, 'not_replayable')
  }
  if (input.staleConnection && tally.transparentRetries < MAX_TRANSPARENT_RETRIES && input.remainingMs > 0) {
    const transparentRetries = tally.transparentRetries + 1
    return { decision: { retry: true, delayMs: 0, lane, transparent: true }, tally: { ...tally, transparentRetries } }
  }
  const next = count(input)
  const spent = spentOf(input, next)
  if (spent !== undefined) return refuse(input, spent)
  const hintMs = input.elsewhere ? 0 : (failure.hintMs ?? 0)
  if (hintMs > policy.maxHintMs) return refuse(input, 'hint_too_long')
  if (hintMs >= input.remainingMs) return refuse(input, 'deadline_exceeded')
  const delayMs = hintMs > 0 ? hintDelay(hintMs, input.remainingMs, input.random) : backOff(input, next)
  if (delayMs >= input.remainingMs) return refuse(input, 'deadline_exceeded')
  if (isPaidFor(input) && input.budget !== undefined && !input.budget.withdraw())
    return refuse(input, 'budget_exhausted')
  return { decision: { retry: true, delayMs, lane, transparent: false }, tally: next }
}

function refuse(input: DecisionInput, reason: GiveUpReason): { decision: RetryDecision; tally: RetryTally } {
  return { decision: { retry: false, reason }, tally: input.tally }
}

/** The request was not sent, because there was no connection: a retry costs the endpoint almost nothing. */
function isConnectFailure({ lane, connecting }: Failure): boolean {
  return lane === 'connection' && connecting === true
}

function connectsTo(endpoint = '', { connects }: RetryTally): ConnectTally {
  return connects.get(endpoint) ?? NO_CONNECTS
}

/**
 * A gateway could not reach the endpoint. With a hint, or with words of overload, the failure counts as an ordinary
 * pushback.
 */
function isGatewayFailure({ lane, status, hintMs = 0, refused = false }: Failure): boolean {
  return lane === 'pushback' && (status === 502 || status === 504) && hintMs <= 0 && !refused
}

/**
 * Which allowance is used up, if one is. Failures to connect are counted separately, so that a call outlasts a restart
 * whatever happened before.
 */
function spentOf(
  { failure, policy, tally, endpoint, elsewhere }: DecisionInput,
  next: RetryTally,
): GiveUpReason | undefined {
  const isConnect = isConnectFailure(failure)
  if (isConnect ? policy.maxRetries === 0 : tally.retries >= policy.maxRetries) return 'retries_exhausted'
  if (!isConnect || elsewhere) return undefined
  const { failures, hostNotFound } = connectsTo(endpoint, next)
  const isLeft = failures <= MAX_CONNECT_RETRIES && hostNotFound <= MAX_HOST_NOT_FOUND_RETRIES
  return isLeft ? undefined : 'unreachable'
}

/**
 * Whether the retry is free or the budget pays. A restart that cuts 200 streams must not fail 180 of them: free are the
 * first reconnect of a call, and retries because no connection could be made, by us or by a gateway.
 */
function isPaidFor({ failure, tally }: DecisionInput): boolean {
  if (isConnectFailure(failure)) return false
  if (isGatewayFailure(failure)) return tally.gatewayRetries >= FREE_GATEWAY_RETRIES
  return failure.lane !== 'connection' || tally.connectionRetries > 0
}

function count({ failure, tally, endpoint = '' }: DecisionInput): RetryTally {
  if (isConnectFailure(failure)) {
    const { failures, hostNotFound } = connectsTo(endpoint, tally)
    const connects = new Map(tally.connects).set(endpoint, {
      failures: failures + 1,
      hostNotFound: hostNotFound + (failure.code === 'host_not_found' ? 1 : 0),
    })
    return { ...tally, connects }
  }
  return {
    retries: tally.retries + 1,
    connectionRetries: tally.connectionRetries + (failure.lane === 'connection' ? 1 : 0),
    pushbacks: tally.pushbacks + (failure.lane === 'pushback' ? 1 : 0),
    connects: failure.connecting ? tally.connects : without(tally.connects, endpoint),
    transparentRetries: tally.transparentRetries,
    gatewayRetries: tally.gatewayRetries + (isGatewayFailure(failure) ? 1 : 0),
  }
}

function without(connects: RetryTally['connects'], endpoint: string): RetryTally['connects'] {
  if (!connects.has(endpoint)) return connects
  const others = new Map(connects)
  others.delete(endpoint)
  return others
}

function backOff({ failure, policy, random, elsewhere, endpoint }: DecisionInput, next: RetryTally): number {
  if (elsewhere) return reconnectDelay(random)
  if (failure.lane === 'pushback') return pushbackDelay(next.pushbacks - 1, policy, random)
  return isConnectFailure(failure) ? connectDelay(connectsTo(endpoint, next).failures, random) : reconnectDelay(random)
}
