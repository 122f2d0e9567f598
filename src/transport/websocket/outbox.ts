import { appended, NONE } from '../../core/lists.ts'
import { framesOf } from './message.ts'

/** Bytes that may wait for a paused observer before the socket is no longer read. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** The exchange whose output it is. An interface of an object that exists anyway: functions would cost memory. */
export interface OutboxOwner {
  /** All of one socket read. */
  handOver(chunk: Buffer): void
  /** So much waits that reading has to stop. */
  onFull(): void
  /** Less waits than that. */
  onSpace(): void
  /** Nothing waits any more. */
  onEmpty(): void
}

/**
 * The output of an exchange on its way to the observer. What one socket read brings is handed over as one chunk, as over
 * HTTP: each chunk wakes the consumer. While the observer pauses, chunks wait.
 */
export class Outbox {
  readonly #owner: OutboxOwner
  /** Messages of the read that is under way. `ws` reports all of them before anything else runs. */
  #gathered: readonly Buffer[] = NONE
  #waiting: readonly Buffer[] = NONE
  #waitingBytes = 0
  #isPaused = false

  constructor(owner: OutboxOwner) {
    this.#owner = owner
  }

  /** Nothing waits for an observer that pauses. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** One message, handed over as a frame of an event stream. */
  add(message: Buffer): void {
    if (this.#gathered.length === 0) queueMicrotask(() => this.flush())
    this.#gathered = appended(this.#gathered, message)
  }

  /** Bytes that are handed over as they are. */
  put(bytes: Buffer): void {
    this.flush()
    this.#pass(bytes)
  }

  /** Hands over what was gathered, without waiting for the end of the read. */
  flush(): void {
    const gathered = this.#gathered
    if (gathered.length === 0) return
    this.#gathered = NONE
    this.#pass(framesOf(gathered))
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    while (!this.#isPaused && this.#waiting.length > 0) {
      const next = (this.#waiting as Buffer[]).shift() as Buffer
      if (this.#waiting.length === 0) this.#waiting = NONE
      this.#waitingBytes -= next.length
      this.#owner.handOver(next)
    }
    if (this.#isPaused) return
    if (this.#waitingBytes < MAX_WAITING_BYTES) this.#owner.onSpace()
    this.#owner.onEmpty()
  }

  /** Throws everything away. */
  clear(): void {
    this.#gathered = NONE
    this.#waiting = NONE
    this.#waitingBytes = 0
  }

  #pass(bytes: Buffer): void {
    if (!this.#isPaused && this.#waiting.length === 0) {
      this.#owner.handOver(bytes)
      return
    }
    this.#waiting = appended(this.#waiting, bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= MAX_WAITING_BYTES) this.#owner.onFull()
  }
}
