import type { Clock, TimerHandle } from '../core/clock.ts'
import type { Entry } from './entry.ts'
import { Order } from './order.ts'

/** One timer for all idle clients, armed for the one that has been idle longest. It does not keep the process alive. */
export class IdleSweep<C> {
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #onDue: (entry: Entry<C>) => void
  /** Longest idle first. */
  readonly #idle = new Order<Entry<C>>()
  #timer: TimerHandle | undefined

  /**
   * @param ttlMs `0`: clients are never due.
   * @param onDue called for each client that was idle for `ttlMs`. Must not throw.
   */
  constructor(clock: Clock, ttlMs: number, onDue: (entry: Entry<C>) => void) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#onDue = onDue
  }

  /** A client in the cache has lost its last lease. */
  isIdle(entry: Entry<C>): void {
    if (this.#ttlMs === 0) return
    entry.idleSince = this.#clock.now()
    this.#idle.toEnd(entry)
    this.#arm()
  }

  /** The client has a lease again, or has left the cache. */
  isNotIdle(entry: Entry<C>): void {
    this.#idle.delete(entry)
  }

  disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #arm(): void {
    const { first } = this.#idle
    if (this.#timer !== undefined || first === undefined) return
    const delayMs = Math.max(0, first.idleSince + this.#ttlMs - this.#clock.now())
    this.#timer = this.#clock.setTimer(() => this.#sweep(), delayMs, { unref: true })
  }

  #sweep(): void {
    this.#timer = undefined
    const idleSince = this.#clock.now() - this.#ttlMs
    for (let entry = this.#idle.first; entry !== undefined && entry.idleSince <= idleSince; entry = this.#idle.first) {
      this.#idle.delete(entry)
      this.#onDue(entry)
    }
    this.#arm()
  }
}
