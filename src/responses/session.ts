import type { Attempt } from '../call/attempt.ts'
import type { Call, CallOutcome } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import { toIsoTime } from '../core/clock.ts'
import { NONE } from '../core/lists.ts'
import { isThenable } from '../core/thenable.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { ResponseAccumulator } from './accumulator.ts'
import { type BatchesOwner, EventBatches, type ReadAttempt } from './event-batches.ts'
import { EventSequencer } from './event-sequencer.ts'
import { isReported, reportedError, unreadAnswer, withHistory, withPartial } from './interruption.ts'
import { Received } from './received.ts'
import { isUsableId } from './request-options.ts'
import { type Resumption, resumed } from './resumption.ts'
import { type CallOfSession, historyOf } from './session-history.ts'
import type { SessionOptions } from './session-options.ts'
import type { Session } from './session-port.ts'
import { heldEvents } from './whole-answer.ts'

/**
 * One response over all its calls and attempts: created, resumed if the endpoint keeps it, and restarted if the caller
 * wants that. Events come in batches, one for each socket read, each once and in order. One batch is made ahead. There
 * is no promise between the socket and the waiting consumer, because events mostly come one by one.
 */
export class StreamSession implements Session, BatchesOwner {
  readonly batches: EventBatches
  readonly #scope: AbortScope
  readonly #received: Received
  readonly #resumption: Resumption | undefined
  readonly #polling: SessionOptions['polling']
  readonly #interruption: SessionOptions['interruption']
  /** The call that creates the response. */
  #first: Call | undefined
  /** The calls that resumed it. */
  #resumes: readonly CallOfSession[] = NONE
  /** The endpoint's own answer, if there was no stream to deliver. */
  gaveUp: CallOutcome | undefined
  failure: unknown
  requestId: string | undefined
  /** The headers of the answer that is read. */
  headers: HeaderPairs = NONE
  callId: number | undefined

  constructor({ scope, intake, begin, outcome, resumption, polling, interruption, maxBytes }: SessionOptions) {
    this.#scope = scope
    this.#received = new Received(new EventSequencer(intake), maxBytes)
    this.batches = new EventBatches(this, this.#received)
    this.#resumption = resumption
    this.#polling = polling
    this.#interruption = interruption
    void this.#guard(() => (begin === undefined ? this.#resume() : this.#create(begin(), outcome)))
  }

  get seen(): ResponseAccumulator {
    return this.#received.seen
  }

  /** The history of all calls, in order, as that of one call. */
  get attempts(): readonly AttemptRecord[] {
    return historyOf(this.#first, this.#resumes)
  }

  /** When the session began, in UTC. `undefined` before its first call. */
  get startedAt(): string | undefined {
    const [resume] = this.#resumes
    if (this.#first !== undefined || resume === undefined) return this.#first?.log.startedIso
    return toIsoTime(resume.call.log.startedWall - resume.sinceMs)
  }

  get isDrained(): boolean {
    return this.seen.terminal !== undefined && this.batches.items.length === 0
  }

  leave(error: unknown): void {
    if (this.batches.over) return
    this.batches.discard(error)
    this.batches.stop()
    this.#scope.dispose()
  }

  /** Any error ends the stream. */
  async #guard(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#fail(error)
    }
  }

  #end(): void {
    this.#scope.dispose()
    this.batches.end()
  }

  #fail(error: unknown): void {
    // Read before: a disposed scope does not know the state of the signal.
    const { aborted, reason } = this.#scope
    // Removes the listener from the caller's signal with the end of the stream.
    this.#scope.dispose()
    if (aborted) {
      this.batches.fail(reason)
      return
    }
    const whole = this.#resumes.length > 0 ? withHistory(error, this.attempts, this.startedAt) : error
    this.failure = withPartial(whole, {
      seen: this.seen,
      lastSequenceNumber: this.#received.intake.lastSequenceNumber,
      asked: this.batches.handedOver ? this.#resumption?.id : undefined,
      isResumed: this.#resumes.length > 0,
    })
    this.batches.fail(this.failure)
  }

  async #create(begun: Call | Promise<Call>, outcome?: CallOutcome): Promise<void> {
    const call = isThenable(begun) ? await begun : begun
    this.#first = call
    this.callId = call.log.id
    const first = outcome ?? (await call.run())
    // Loaded while the call connected.
    if (this.#received.intake.ready !== undefined) await this.#received.intake.ready
    this.#pump(call, first)
  }

  onRead({ call, attempt }: ReadAttempt, failed: Failure | undefined): void {
    void this.#guard(() => this.#goOn(call, attempt, failed))
  }

  onReadError(error: unknown): void {
    this.#fail(error)
  }

  /** After what the call that creates the response has brought. */
  async #goOn(call: Call, attempt: Attempt, failed: Failure | undefined): Promise<void> {
    // The attempt has not finished reporting its end.
    await undefined
    if (failed === undefined) {
      this.#end()
      return
    }
    const polling =
      failed.code === 'response_unfinished' ? (this.#resumption ?? this.#polling?.(this.#scope)) : undefined
    if (polling !== undefined && isUsableId(this.seen.id)) {
      await this.#resume({ call, failed }, polling)
      return
    }
    const interruption = this.#interruption
    const reported = isReported(failed)
    // Final failures are not resumed: `totalMs`, or an event that is too large.
    if (!reported && failed.lane !== undefined && this.#canResume()) {
      call.assertReaderInTime(attempt, failed)
      await this.#resume({ call, failed })
      return
    }
    const again = failed.lane !== undefined && (interruption === 'fold' || (interruption === 'restart' && !reported))
    if (!again) {
      call.finish(failed)
      throw reported ? reportedError(call, attempt, failed, this.#received.ended) : call.errorOf(failed, attempt)
    }
    const outcome = await call.restart(attempt, failed)
    // The endpoint's words about the response are in what it sent before: an error, and the failed response.
    if (outcome.attempt === attempt)
      throw reportedError(call, attempt, failed, this.#received.ended, outcome.gaveUp?.reason)
    this.#received.reset()
    this.batches.hand([{ type: 'stream.restarted', attempt: outcome.attempt.number }])
    this.#pump(call, outcome)
  }

  #canResume(): boolean {
    return this.#resumption !== undefined && isUsableId(this.seen.id)
  }

  async #resume(
    broken?: { readonly call: Call; readonly failed: Failure },
    resumption = this.#resumption,
  ): Promise<void> {
    if (resumption === undefined) return
    // First, because the end of the first call must not look like the end of the response.
    let letGo = resumption.hold()
    broken?.call.finish(broken.failed)
    try {
      if (this.#received.intake.ready !== undefined) await this.#received.intake.ready
      await resumed(resumption, {
        failed: broken?.failed,
        scope: this.#scope,
        intake: this.#received.intake,
        id: this.seen.id,
        ids: this.seen.ids,
        attempts: () => this.attempts.length,
        onCall: (call, resumes) => {
          this.callId ??= call.log.id
          const sinceMs = resumption.clock.now() - resumption.startedAt
          this.#resumes = this.#resumes.concat({ call, sinceMs, resumes })
        },
        pump: (call, outcome) =>
          new Promise((resolve) => {
            // The call stays registered until its reader continues or the wait is over.
            letGo()
            this.#pump(call, outcome, (failed) => {
              if (failed !== undefined) letGo = resumption.hold()
              resolve(failed)
            })
          }),
        hand: (event) => {
          this.#received.add(event)
          this.batches.hand([event])
        },
        response: () => this.#received.ended,
      })
      this.#end()
    } finally {
      letGo()
    }
  }

  /**
   * Delivers the output of an attempt as it is taken.
   *
   * @throws the error of an answer that is not a stream.
   */
  #pump(call: Call, outcome: CallOutcome, onEnd?: ReadAttempt['onEnd']): void {
    const { attempt, gaveUp } = outcome
    this.requestId = attempt.requestId
    this.headers = attempt.answer?.headers ?? NONE
    if (gaveUp !== undefined) {
      this.gaveUp = outcome
      for (const event of heldEvents(attempt)) this.#received.add(event)
      throw reportedError(call, attempt, gaveUp.failure, this.#received.ended, gaveUp.reason)
    }
    const refused = unreadAnswer(call, attempt)
    if (refused !== undefined) {
      attempt.cancel()
      throw refused
    }
    this.batches.read({ call, attempt, whole: attempt.readsWhole ? [] : undefined, onEnd })
  }
}
