import type { Random } from '../core/random.ts'
import type { GiveUpReason, ReplaySafety } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { RetryDecision } from '../telemetry/events.ts'
import { connectDelay, pushbackDelay, reconnectDelay } from './backoff.ts'
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
  readonly connectFailures: number
  readonly hostNotFound: number
  readonly freeReconnects: number
}

export const NO_RETRIES: RetryTally = {
  retries: 0,
  connectionRetries: 0,
  pushbacks: 0,
  connectFailures: 0,
  hostNotFound: 0,
  freeReconnects: 0,
}

/** After one, the connection is a fresh one; a transport that cannot choose its connections must not go on for ever. */
const MAX_FREE_RECONNECTS = 1

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
  /** Another endpoint takes the next attempt: what this one asked for is no reason to wait. */
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
  if (input.staleConnection && tally.freeReconnects < MAX_FREE_RECONNECTS && input.remainingMs > 0) {
    const freeReconnects = tally.freeReconnects + 1
    return { decision: { retry: true, delayMs: 0, lane, free: true }, tally: { ...tally, freeReconnects } }
  }
  if (tally.retries >= policy.maxRetries) return refuse(input, 'retries_exhausted')

  const next = count(tally, failure)
  if (next.hostNotFound > MAX_HOST_NOT_FOUND_RETRIES) return refuse(input, 'retries_exhausted')
  if (!input.elsewhere && failure.hintMs !== undefined && failure.hintMs > policy.maxHintMs) {
    return refuse(input, 'hint_too_long')
  }
  const delayMs = delayFor(input, next)
  if (delayMs >= input.remainingMs) return refuse(input, 'deadline_exceeded')
  // A server restart under 200 streams must not fail 180 of them: the first reconnect of a call is free.
  const onTheHouse = lane === 'connection' && tally.connectionRetries === 0
  if (!onTheHouse && input.budget !== undefined && !input.budget.withdraw()) return refuse(input, 'budget_exhausted')
  return { decision: { retry: true, delayMs, lane, free: false }, tally: next }
}

function refuse(input: DecisionInput, reason: GiveUpReason): { decision: RetryDecision; tally: RetryTally } {
  return { decision: { retry: false, reason }, tally: input.tally }
}

function count(tally: RetryTally, failure: Failure): RetryTally {
  return {
    retries: tally.retries + 1,
    connectionRetries: tally.connectionRetries + (failure.lane === 'connection' ? 1 : 0),
    pushbacks: tally.pushbacks + (failure.lane === 'pushback' ? 1 : 0),
    connectFailures: tally.connectFailures + (failure.connecting ? 1 : 0),
    hostNotFound: tally.hostNotFound + (failure.code === 'host_not_found' ? 1 : 0),
    freeReconnects: tally.freeReconnects,
  }
}

function delayFor({ failure, policy, random, elsewhere }: DecisionInput, next: RetryTally): number {
  if (elsewhere) return reconnectDelay(random)
  if (failure.hintMs !== undefined) return failure.hintMs
  if (failure.lane === 'pushback') return pushbackDelay(next.pushbacks - 1, policy, random)
  return failure.connecting ? connectDelay(next.connectFailures, random) : reconnectDelay(random)
}
