import type { Clock, TimerHandle } from '../core/clock.ts'

/**
 * Limits how long a call waits for the reader of an attempt that broke after the commit. An unread stream must not stay
 * open for ever, because `close()` waits for it.
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

  /** @param until on the monotonic clock. `Infinity`: no limit. */
  start(until: number, onOver: () => void): void {
    if (until === Infinity) return
    const expire = (): void => {
      this.#isOver = true
      onOver()
    }
    this.#timer = this.#clock.setTimer(expire, Math.max(0, until - this.#clock.now()), { unref: true })
  }

  /** The reader has come, or the call has ended. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
