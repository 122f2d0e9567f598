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

/** What a call has used up so far. Replaced, never written to: one value per decision. */
export interface RetryTally {
  readonly retries: number
  readonly connectionRetries: number
  readonly pushbacks: number
  /** Failures to connect in a row, by endpoint. A connection that was made begins the count of its endpoint anew. */
  readonly connects: ReadonlyMap<string, ConnectTally>
  readonly transparentRetries: number
  /** Behind a gateway that could not reach the endpoint. */
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

/** Reconnects in a row to one endpoint that could not be reached, beside `maxRetries`: together they take 5 s at least. */
const MAX_CONNECT_RETRIES = 4

/** After one, the connection is a fresh one; a transport that cannot choose its connections must not go on for ever. */
const MAX_TRANSPARENT_RETRIES = 1

/**
 * What a call may repeat at no cost behind a gateway that could not reach the endpoint. Two retries, with the back-off of a
 * pushback before each, outlast a restart of some hundred milliseconds for nine calls in ten; the others draw on the budget.
 */
const FREE_GATEWAY_RETRIES = 2

/** A host that does not exist will hardly come to exist: two retries are for a resolver that was wrong for a moment. */
const MAX_HOST_NOT_FOUND_RETRIES = 2

export interface DecisionInput {
  readonly failure: Failure
  readonly replay: ReplaySafety
  /** The attempt's output had been handed over. */
  readonly committed: boolean
  /** A reused connection died before its first response byte: reconnecting costs nothing (5.3). */
  readonly staleConnection: boolean
  readonly tally: RetryTally
  readonly policy: RetryPolicy
  /** Drawn on only when everything else allows the retry. */
  readonly budget: Pick<RetryBudget, 'withdraw'> | undefined
  /** Milliseconds until the whole call must be over; `Infinity` without such a deadline. */
  readonly remainingMs: number
  readonly random: Random
  /** Which endpoint the attempt was sent to, where there are several. */
  readonly endpoint?: string | undefined
  /** Another endpoint, which this call has not tried, takes the next attempt: nothing that happened here is a reason to wait. */
  readonly elsewhere?: boolean | undefined
}

/** Whether and when to try again, and what that leaves of the allowance. The one place where a retry is decided. */
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
  if (!isAllowed(input, next)) return refuse(input, 'retries_exhausted')
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

/** Nothing was sent, because there was no connection yet: repeating it costs the endpoint next to nothing. */
function isConnectFailure({ lane, connecting }: Failure): boolean {
  return lane === 'connection' && connecting === true
}

function connectsTo(endpoint = '', { connects }: RetryTally): ConnectTally {
  return connects.get(endpoint) ?? NO_CONNECTS
}

/**
 * A gateway says that it did not get through to the endpoint, and not that anybody has too much to do: neither a hint nor an
 * error of the endpoint that speaks of overload.
 */
function isGatewayFailure({ lane, status, hintMs = 0, refused = false }: Failure): boolean {
  return lane === 'pushback' && (status === 502 || status === 504) && hintMs <= 0 && !refused
}

/** Failures to connect are counted by themselves, so that a call outlasts a restart whatever happened to it before. */
function isAllowed({ failure, policy, tally, endpoint, elsewhere }: DecisionInput, next: RetryTally): boolean {
  if (!isConnectFailure(failure)) return tally.retries < policy.maxRetries
  if (policy.maxRetries === 0) return false
  if (elsewhere) return true
  const { failures, hostNotFound } = connectsTo(endpoint, next)
  return failures <= MAX_CONNECT_RETRIES && hostNotFound <= MAX_HOST_NOT_FOUND_RETRIES
}

/**
 * A restart under 200 streams must not fail 180 of them: the first reconnect of a call is free, and so is what is repeated
 * because no connection could be made, by us or by a gateway in front of the endpoint.
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
