import type { Clock, TimerHandle } from '../core/clock.ts'

/**
 * How long a call waits for the reader of an attempt that broke after the commit, who decides how to go on. A stream that
 * nobody reads must not stay under way for ever: `close()` waits for what is.
 */
export class ReaderWait {
  readonly #clock: Clock
  #timer: TimerHandle | undefined
  #isOver = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The reader did not come in time, and the call has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @param until on the monotonic clock; `Infinity`: for ever. */
  start(until: number, onOver: () => void): void {
    if (until === Infinity) return
    const expire = (): void => {
      this.#isOver = true
      onOver()
    }
    this.#timer = this.#clock.setTimer(expire, Math.max(0, until - this.#clock.now()), { unref: true })
  }

  /** The reader is there, or the call has ended. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
