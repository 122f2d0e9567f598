import type { AttemptRecord, GiveUpReason } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { type CallDeadlines, callEndsAt, firstOfCall } from '../watchdog/deadlines.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptRunner } from './attempt-runner.ts'
import type { CallContext } from './call-request.ts'
import type { EffectiveRequest } from './effective-request.ts'
import type { RaceOutcome } from './hedge-race.ts'
import { type LostConversation, type LostRequest, onlyCopyLost } from './lost-conversation.ts'
import { isOfSocket } from './of-socket.ts'
import type { RetryDecisions } from './retry-decisions.ts'
import { outOfTime } from './slot.ts'
import { LostOnSocket } from './socket-plan.ts'

/** The call whose attempts may go out on WebSockets. */
export interface SocketCall {
  readonly effective: Pick<EffectiveRequest, 'body' | 'replaySafety'>
  readonly context: Pick<CallContext, 'clock'>
  readonly deadlines: CallDeadlines
  readonly decisions: Pick<RetryDecisions, 'canRefresh'>
  readonly attempts: readonly AttemptRecord[]
  readonly lostConversation: LostConversation
  errorOf(failure: Failure, attempt?: Attempt, reason?: GiveUpReason): Error
}

/** What a call does if an attempt on a WebSocket cannot be made, or has failed. */
export class OnSockets {
  readonly #call: SocketCall
  readonly #runner: Pick<AttemptRunner, 'run' | 'route'>

  constructor(call: SocketCall, runner: Pick<AttemptRunner, 'run' | 'route'>) {
    this.#call = call
    this.#runner = runner
  }

  /** See `AttemptRunner.run`. @throws PreviousResponseNotFoundError, unless the caller rebuilds the request. */
  async run(refresh: boolean): Promise<RaceOutcome> {
    try {
      return await this.#runner.run(refresh)
    } catch (error) {
      if (!(error instanceof LostOnSocket)) throw error
      const { url, headers, message } = error
      await this.#rebuild(message, { url, headers, body: this.#call.effective.body })
      return this.run(refresh)
    }
  }

  /**
   * Whether another attempt follows at once, which no limit counts.
   *
   * @throws PreviousResponseNotFoundError if only one socket could carry the request, unless the caller rebuilds it; DeadlineError if
   * the time of the call is over.
   */
  async goesAnotherWay(attempt: Attempt, failed: Failure): Promise<boolean> {
    const { decisions, effective, deadlines, context } = this.#call
    const verdict = this.#runner.route?.after(attempt, failed, decisions.canRefresh(failed))
    if (verdict === undefined) return false
    if (verdict.kind === 'lost') {
      await this.#rebuild(verdict.why, attempt.request, attempt)
      return true
    }
    if (!verdict.isUnprocessed && effective.replaySafety(failed) !== 'safe') return false
    if (callEndsAt(deadlines) > context.clock.now()) return true
    if (!isOfSocket(failed) && failed.code !== 'upgrade_refused') return false
    // What is said of a socket is no answer to the request, so the caller does not get it as one.
    throw this.#call.errorOf(outOfTime(firstOfCall(deadlines)), attempt, 'deadline_exceeded')
  }

  /**
   * Whether the caller has rebuilt a request that broke after the commit, and that only one socket could carry.
   *
   * @throws the error of the failure, if it is such a request and was not rebuilt.
   */
  async rebuildsStrict(attempt: Attempt, failed: Failure): Promise<boolean> {
    const { lostConversation, attempts } = this.#call
    const { connection } = attempt.request
    if (typeof connection === 'string' || !connection.strict) return false
    if (await lostConversation.goesOnWithoutSocket(attempt.request, attempt.number, attempts)) return true
    throw this.#call.errorOf(failed, attempt, 'not_replayable')
  }

  async #rebuild(why: string, request: LostRequest, attempt?: Attempt): Promise<void> {
    const { lostConversation, attempts } = this.#call
    if (await lostConversation.goesOnWithoutSocket(request, attempt?.number ?? 0, attempts)) return
    throw this.#call.errorOf(onlyCopyLost(why), attempt, 'not_retryable')
  }
}
