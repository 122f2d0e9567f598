import type { GiveUpReason } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { decideRetry, NO_RETRIES, type RetryTally } from '../retry/decide.ts'
import type { RetryDecision } from '../telemetry/events.ts'
import { type CallDeadlines, callEndsAt } from '../watchdog/deadlines.ts'
import type { Attempt } from './attempt.ts'
import type { CallContext, CallRequest } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import { nothingLeft } from './nothing-left.ts'

/** The call whose failures are decided. */
export interface DecidingCall {
  readonly request: Pick<CallRequest, 'canRefresh' | 'mayBeOver'>
  readonly effective: Pick<EffectiveRequest, 'replaySafety'>
  readonly context: Pick<CallContext, 'policy' | 'budget' | 'random' | 'clock'>
  readonly deadlines: CallDeadlines
}

/** Decides after each failure whether there is another attempt, and counts what the call has used. */
export class RetryDecisions {
  readonly #call: DecidingCall
  #tally: RetryTally = NO_RETRIES
  #hasRefreshed = false
  #passedOn: GiveUpReason | undefined

  constructor(call: DecidingCall) {
    this.#call = call
  }

  /** Number of retries so far. */
  get retries(): number {
    return this.#tally.retries
  }

  /** @param committed the output of the attempt was handed over, and cannot be taken back. */
  after(attempt: Attempt, failed: Failure, committed: boolean): RetryDecision {
    const { request, effective, context, deadlines } = this.#call
    if (nothingLeft(request, attempt, failed)) return { retry: false, reason: 'not_retryable' }
    const { policy, budget, random, clock } = context
    const { decision, tally } = decideRetry({
      failure: failed,
      replay: effective.replaySafety(failed),
      committed,
      staleConnection: attempt.connectionWasStale,
      tally: this.#tally,
      policy,
      budget,
      remainingMs: callEndsAt(deadlines) - clock.now(),
      random,
      endpoint: attempt.target?.endpoint,
      elsewhere: attempt.target?.hasElsewhere(),
    })
    this.#tally = tally
    return decision
  }

  /** A refused credential is replaced once, which counts as no retry. Returns whether to do that now. */
  takeRefresh(failed: Failure): boolean {
    const isTaken = this.canRefresh(failed)
    if (isTaken) this.#hasRefreshed = true
    return isTaken
  }

  /** Whether a retry is possible, judged before the attempt is over. Time and budget are checked after that. */
  couldRepeat(failed: Failure): boolean {
    this.#passedOn = this.#refusal(failed)
    return this.#passedOn === undefined
  }

  /** Why an error answer was passed on without a retry, after `couldRepeat` returned `false`. */
  get passedOn(): GiveUpReason | undefined {
    return this.#passedOn
  }

  #refusal(failed: Failure): GiveUpReason | undefined {
    const { policy } = this.#call.context
    if (this.canRefresh(failed)) return undefined
    if (failed.lane === undefined) return 'not_retryable'
    if (this.#tally.retries >= policy.maxRetries) return 'retries_exhausted'
    const replay = this.#call.effective.replaySafety(failed)
    return replay === 'safe' || (replay === 'unknown' && policy.retryUnknown) ? undefined : 'not_replayable'
  }

  /** Whether the credential was refused, and can be exchanged. */
  canRefresh(failed: Failure): boolean {
    const { request, effective } = this.#call
    return (
      failed.status === 401 && !this.#hasRefreshed && request.canRefresh() && effective.replaySafety(failed) === 'safe'
    )
  }
}

/** The same bytes on a new connection, or a rebuilt request. Counts as no retry. */
export const ASK_AGAIN: RetryDecision = { retry: true, delayMs: 0, lane: 'connection', transparent: true }

/** See `RetryDecisions.takeRefresh`. */
export const RETRY_WITH_NEW_CREDENTIAL: RetryDecision = {
  retry: true,
  delayMs: 0,
  lane: 'pushback',
  transparent: true,
}
