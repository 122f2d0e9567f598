import type { Clock, TimerHandle } from '../../core/clock.ts'
import type { JsonObject } from '../streams.ts'
import type { Connection } from './connection.ts'
import { Listeners } from './listeners.ts'

/** The events of one answer as they are produced. Several connections can read it, each at its own pace. */
export class EventLog {
  readonly #clock: Clock
  readonly #grown = new Listeners()
  #events: readonly JsonObject[]
  #available: number
  #timer: TimerHandle | undefined

  /** @param available how many events exist at the start. */
  constructor(events: readonly JsonObject[], available: number, clock: Clock) {
    this.#events = events
    this.#available = available
    this.#clock = clock
  }

  /** The events that exist. */
  get events(): readonly JsonObject[] {
    return this.#events.slice(0, this.#available)
  }

  get done(): boolean {
    return this.#available >= this.#events.length
  }

  isLast(index: number): boolean {
    return this.done && index === this.#available - 1
  }

  /** Produces the next `count` events. */
  produce(count: number): void {
    this.#available = Math.min(this.#available + count, this.#events.length)
    this.#grown.notify()
  }

  /** Produces one event every `delayMs` until all exist, even without a reader. */
  produceEvery(delayMs: number): void {
    if (this.done) return
    this.#timer = this.#clock.setTimer(() => {
      this.produce(1)
      this.produceEvery(delayMs)
    }, delayMs)
  }

  /** Drops the events that do not exist yet, and ends with `last`. */
  cutShort(last: (sequenceNumber: number) => JsonObject): void {
    this.stop()
    const events = this.events
    this.#events = [...events, last(events.length)]
    this.produce(1)
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  /** Whether the event at `index` exists now, or never will. */
  settledAt(index: number): boolean {
    return index < this.#available || this.done
  }

  /**
   * Resolves with the event at `index` once it exists; with `undefined` at the end, or when the connection is closed.
   */
  async at(index: number, connection: Connection): Promise<JsonObject | undefined> {
    while (connection.open && !this.settledAt(index)) {
      await new Promise<void>((resolve) => {
        const stops = [connection.onClosed(wake), this.#grown.add(wake)]
        function wake(): void {
          for (const stop of stops) stop()
          resolve()
        }
      })
    }
    return connection.open && index < this.#available ? this.#events[index] : undefined
  }
}
