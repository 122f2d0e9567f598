import type { Clock, TimerHandle } from '../../core/clock.ts'

/**
 * The time of the endpoint. What it does while the client has paused reading, or while the event loop is blocked,
 * arrives once the client reads again, and delays nothing after it: each wait is shortened by the time already lost.
 */
export class Pace {
  readonly #clock: Clock
  #timer: TimerHandle | undefined
  #lateMs = 0
  #heldSinceMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get armed(): boolean {
    return this.#timer !== undefined
  }

  /** Calls `then` after `ms`. Returns `false` and does not call it if that time has already passed. */
  wait(ms: number, then: () => void): boolean {
    const restMs = ms - this.#lateMs
    this.#lateMs = Math.max(0, -restMs)
    if (restMs <= 0) return false
    const dueMs = this.#clock.now() + restMs
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      this.#lateMs = Math.max(0, this.#clock.now() - dueMs)
      then()
    }, restMs)
    return true
  }

  /** Data could arrive, but the client does not read. */
  hold(): void {
    this.#heldSinceMs ??= this.#clock.now()
  }

  /** The client reads again. */
  release(): void {
    if (this.#heldSinceMs !== undefined) this.#lateMs += this.#clock.now() - this.#heldSinceMs
    this.#heldSinceMs = undefined
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
