import type { Attempt } from '../call/attempt.ts'
import type { Call, CallOutcome } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import { NONE } from '../core/lists.ts'
import { type Consumer, Mailbox, type Taken } from '../core/mailbox.ts'
import { isThenable } from '../core/thenable.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { ResponseAccumulator } from './accumulator.ts'
import { EventSequencer } from './event-sequencer.ts'
import { isReported, reportedError, unreadAnswer, withHistory, withPartial } from './interruption.ts'
import { Received } from './received.ts'
import { isUsableId } from './request-options.ts'
import { type Resumption, resumed } from './resumption.ts'
import { eventOf, isUnderWay, type SessionEvent } from './session-events.ts'
import { type CallOfSession, historyOf } from './session-history.ts'
import type { Pumped, SessionOptions } from './session-options.ts'
import type { Session } from './session-port.ts'
import { heldEvents, responseIn, unfinished } from './whole-answer.ts'

/**
 * One response, over all the calls and attempts that it takes: created, resumed where the endpoint keeps it, restarted
 * where the caller wants that. Events come out in batches, one per socket read, each exactly once and in order; one batch
 * is made ahead. From the socket to whoever waits for them there is no promise in between: events mostly come one by one.
 */
export class StreamSession implements Session, Consumer {
  readonly #scope: AbortScope
  readonly #received: Received
  readonly #resumption: Resumption | undefined
  readonly #polling: SessionOptions['polling']
  readonly #interruption: SessionOptions['interruption']
  /** The call that creates the response. */
  #first: Call | undefined
  /** Those that picked it up again. */
  #resumes: readonly CallOfSession[] = NONE
  readonly #batches = new Mailbox<readonly SessionEvent[]>()
  #pumped: Pumped | undefined
  #filling = false
  #handedOver = false
  /** The endpoint's own answer, where there was no stream to hand over. */
  gaveUp: CallOutcome | undefined
  failure: unknown
  requestId: string | undefined

  constructor({ scope, intake, begin, outcome, resumption, polling, interruption, maxBytes }: SessionOptions) {
    this.#scope = scope
    this.#received = new Received(new EventSequencer(intake), maxBytes)
    this.#resumption = resumption
    this.#polling = polling
    this.#interruption = interruption
    void this.#guard(() => (begin === undefined ? this.#resume() : this.#create(begin(), outcome)))
  }

  get seen(): ResponseAccumulator {
    return this.#received.seen
  }

  /** The history of all calls, in order, as that of one. */
  get attempts(): readonly AttemptRecord[] {
    return historyOf(this.#first, this.#resumes)
  }

  take(): Taken<readonly SessionEvent[]> {
    const taken = this.#batches.take()
    this.#fill()
    return taken
  }

  whenReady(reader: Consumer): void {
    this.#batches.whenReady(reader)
  }

  get isDrained(): boolean {
    return this.seen.terminal !== undefined && this.#batches.items.length === 0
  }

  leave(error: unknown): void {
    if (this.#batches.over) return
    this.#batches.discard(error)
    this.#endPump()
    this.#scope.dispose()
  }

  /** Whatever goes wrong ends the stream. */
  async #guard(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#fail(error)
    }
  }

  #end(): void {
    this.#scope.dispose()
    this.#batches.end()
  }

  #fail(error: unknown): void {
    // Asked before: a scope that was let go says nothing of the signal.
    const { aborted, reason } = this.#scope
    // The listener on the caller's signal goes with the stream.
    this.#scope.dispose()
    if (aborted) {
      this.#batches.fail(reason)
      return
    }
    const calls = this.#resumes.length + (this.#first === undefined ? 0 : 1)
    const whole = calls > 1 ? withHistory(error, this.attempts) : error
    this.failure = withPartial(whole, {
      seen: this.seen,
      lastSequenceNumber: this.#received.intake.lastSequenceNumber,
      asked: this.#handedOver ? this.#resumption?.id : undefined,
      isResumed: this.#resumes.length > 0,
    })
    this.#batches.fail(this.failure)
  }

  async #create(begun: Call | Promise<Call>, outcome?: CallOutcome): Promise<void> {
    const call = isThenable(begun) ? await begun : begun
    this.#first = call
    const first = outcome ?? (await call.run())
    // Loaded while the call connected.
    if (this.#received.intake.ready !== undefined) await this.#received.intake.ready
    this.#pump(call, first)
  }

  /** Behind what the call that creates the response has brought. */
  async #goOn(call: Call, attempt: Attempt, failed: Failure | undefined): Promise<void> {
    // The attempt is still telling of its end.
    await undefined
    if (failed === undefined) {
      this.#end()
      return
    }
    const polling = failed.code === 'response_unfinished' ? (this.#resumption ?? this.#polling?.()) : undefined
    if (polling !== undefined && isUsableId(this.seen.id)) {
      await this.#resume({ call, failed }, polling)
      return
    }
    const interruption = this.#interruption
    const reported = isReported(failed)
    // What would come again, or is over for good, is not resumed: `totalMs`, an event that is too large.
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
    // The endpoint's last word on the response is what it brought before: its words, and the failed response.
    if (outcome.attempt === attempt)
      throw reportedError(call, attempt, failed, this.#received.ended, outcome.gaveUp?.reason)
    this.#received.reset()
    this.#hand([{ type: 'stream.restarted', attempt: outcome.attempt.number }])
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
    // First of all: the end of the one call must not pass for the end of the response.
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
        onCall: (call, resumes) => {
          const sinceMs = resumption.clock.now() - resumption.startedAt
          this.#resumes = this.#resumes.concat({ call, sinceMs, resumes })
        },
        pump: (call, outcome) =>
          new Promise((resolve) => {
            // The call is under way itself, until its reader decides how to go on, or does not come.
            letGo()
            this.#pump(call, outcome, (failed) => {
              if (failed !== undefined) letGo = resumption.hold()
              resolve(failed)
            })
          }),
        hand: (event) => {
          this.#received.add(event)
          this.#hand([event])
        },
        response: () => this.#received.ended,
      })
      this.#end()
    } finally {
      letGo()
    }
  }

  /**
   * Hands on what an attempt brings, as it is taken.
   *
   * @throws the error of an answer that is no stream.
   */
  #pump(call: Call, outcome: CallOutcome, onEnd?: Pumped['onEnd']): void {
    const { attempt, gaveUp } = outcome
    this.requestId = attempt.requestId
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
    this.#pumped = { call, attempt, whole: attempt.readsWhole ? [] : undefined, onEnd }
    this.#fill()
  }

  /** Told by the attempt's output. */
  onReady(): void {
    this.#fill()
  }

  /** Makes the next batch, unless there is one. */
  #fill(): void {
    // Whoever is handed a batch takes it at once, and asks for more.
    if (this.#filling) return
    this.#filling = true
    try {
      while (this.#pumped !== undefined && this.#batches.items.length === 0) if (!this.#move(this.#pumped)) break
    } catch (error) {
      this.#endPump()
      this.#fail(error)
    } finally {
      this.#filling = false
    }
  }

  /** One step: what one socket read brought, or the end. `false` when there is nothing yet. */
  #move(pumped: Pumped): boolean {
    const { attempt, whole } = pumped
    const taken = attempt.output.take()
    switch (taken.kind) {
      case 'item': {
        if (taken.item.events.length === 0) whole?.push(taken.item.bytes)
        else pumped.whole = undefined
        const { events, failure } = this.#received.accept(taken.item.events)
        if (failure === undefined) attempt.resume()
        if (events.length > 0) this.#hand(events)
        if (failure === undefined) return true
        // Told first: what goes on is under way before its call ends.
        this.#tellEnd(pumped, failure)
        this.#endPump()
        return true
      }
      case 'end':
        this.#tellWhole(pumped)
        return true
      case 'failed':
        // The reason of an abort, which may have come after the attempt had failed.
        if (taken.error !== attempt.failed) throw taken.error
        this.#endPump()
        this.#tellEnd(pumped, attempt.failed)
        return true
      case 'nothing':
        attempt.output.whenReady(this)
        attempt.resume()
        return false
    }
  }

  #hand(batch: readonly SessionEvent[]): void {
    this.#handedOver = true
    this.#batches.put(batch)
    this.#batches.notify()
  }

  #tellEnd({ call, attempt, onEnd }: Pumped, failed: Failure | undefined): void {
    if (onEnd === undefined) void this.#guard(() => this.#goOn(call, attempt, failed))
    else onEnd(failed)
  }

  #endPump(): void {
    const attempt = this.#pumped?.attempt
    this.#pumped = undefined
    if (attempt !== undefined && !attempt.ended) attempt.cancel()
  }

  /** All of the answer is there. Of an endpoint that does not stream the response comes whole, as the one event that it is. */
  #tellWhole(pumped: Pumped): void {
    const { call, attempt, whole } = pumped
    const response = whole === undefined || whole.length === 0 ? undefined : responseIn(whole, call, attempt)
    const isUnfinished = response !== undefined && isUnderWay(response)
    // A snapshot of what is under way says one thing that is new: the id, where the caller does not have it.
    if (response !== undefined && (!isUnfinished || this.seen.id === undefined)) {
      const event = eventOf(response)
      this.#received.add(event)
      this.#hand([event])
    }
    this.#endPump()
    this.#tellEnd(pumped, isUnfinished ? unfinished(response) : attempt.failed)
  }
}
