import type { Attempt } from '../call/attempt.ts'
import type { Call } from '../call/call.ts'
import { type Consumer, Mailbox, type Taken } from '../core/mailbox.ts'
import type { Failure } from '../errors/failure.ts'
import type { Received } from './received.ts'
import { eventOf, isUnderWay, type SessionEvent } from './session-events.ts'
import { responseIn, unfinished } from './whole-answer.ts'

/** The attempt whose output is read. */
export interface ReadAttempt {
  readonly call: Call
  readonly attempt: Attempt
  /** The pieces of a whole response, from an endpoint that does not stream. Dropped with the first event. */
  whole: Uint8Array[] | undefined
  /** Called with the failure or the end. Absent: the owner is called, which uses less memory while a stream waits. */
  readonly onEnd: ((failed: Failure | undefined) => void) | undefined
}

/** The session of the batches. */
export interface BatchesOwner {
  /** Everything of an attempt without `onEnd` was read. */
  onRead(read: ReadAttempt, failed: Failure | undefined): void
  /** Reading threw: the caller has aborted, or a whole answer was not a response. */
  onReadError(error: unknown): void
}

/**
 * The events of a session on their way from the output of an attempt to the reader: one batch per socket read. One
 * batch is made ahead; the next one is made when it is taken.
 */
export class EventBatches extends Mailbox<readonly SessionEvent[]> implements Consumer {
  readonly #owner: BatchesOwner
  readonly #received: Received
  #read: ReadAttempt | undefined
  #filling = false
  #handedOver = false

  constructor(owner: BatchesOwner, received: Received) {
    super()
    this.#owner = owner
    this.#received = received
  }

  /** Whether events were handed to the reader. */
  get handedOver(): boolean {
    return this.#handedOver
  }

  /** Delivers the output of an attempt as it is taken. */
  read(read: ReadAttempt): void {
    this.#read = read
    this.#fill()
  }

  /** Stops reading the attempt: a running one ends. */
  stop(): void {
    const attempt = this.#read?.attempt
    this.#read = undefined
    if (attempt !== undefined && !attempt.ended) attempt.cancel()
  }

  /** Delivers events that did not come from an attempt. */
  hand(batch: readonly SessionEvent[]): void {
    this.#handedOver = true
    this.put(batch)
    this.notify()
  }

  override take(): Taken<readonly SessionEvent[]> {
    const taken = super.take()
    this.#fill()
    return taken
  }

  /** Called by the output of the attempt. */
  onReady(): void {
    this.#fill()
  }

  /** Makes the next batch, unless there is one. */
  #fill(): void {
    // A woken reader takes its batch at once, and asks for more.
    if (this.#filling) return
    this.#filling = true
    try {
      while (this.#read !== undefined && this.items.length === 0) if (!this.#move(this.#read)) break
    } catch (error) {
      this.stop()
      this.#owner.onReadError(error)
    } finally {
      this.#filling = false
    }
  }

  /** One step: the content of one socket read, or the end. `false` when there is nothing yet. */
  #move(read: ReadAttempt): boolean {
    const { attempt, whole } = read
    const taken = attempt.output.take()
    switch (taken.kind) {
      case 'item': {
        if (taken.item.events.length === 0) whole?.push(taken.item.bytes)
        else read.whole = undefined
        const { events, failure } = this.#received.accept(taken.item.events)
        if (failure === undefined) attempt.resume()
        if (events.length > 0) this.hand(events)
        if (failure === undefined) return true
        // Reported first: the continuation is registered before the call of the attempt ends.
        this.#tellEnd(read, failure)
        this.stop()
        return true
      }
      case 'end':
        this.#tellWhole(read)
        return true
      case 'failed':
        // The reason of an abort, which may have come after the attempt had failed.
        if (taken.error !== attempt.failed) throw taken.error
        this.stop()
        this.#tellEnd(read, attempt.failed)
        return true
      case 'nothing':
        attempt.output.whenReady(this)
        attempt.resume()
        return false
    }
  }

  #tellEnd(read: ReadAttempt, failed: Failure | undefined): void {
    if (read.onEnd === undefined) this.#owner.onRead(read, failed)
    else read.onEnd(failed)
  }

  /** The answer is complete. Without streaming the response comes as one event. */
  #tellWhole(read: ReadAttempt): void {
    const { call, attempt, whole } = read
    const response = whole === undefined || whole.length === 0 ? undefined : responseIn(whole, call, attempt)
    const isUnfinished = response !== undefined && isUnderWay(response)
    // A snapshot of a running response only adds its id, if the caller does not have it.
    if (response !== undefined && (!isUnfinished || this.#received.seen.id === undefined)) {
      const event = eventOf(response)
      this.#received.add(event)
      this.hand([event])
    }
    this.stop()
    this.#tellEnd(read, isUnfinished ? unfinished(response) : attempt.failed)
  }
}
