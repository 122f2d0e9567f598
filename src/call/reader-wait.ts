import type { Clock, TimerHandle } from '../core/clock.ts'
import type { Failure } from '../errors/failure.ts'

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

  /** @returns the failure for a reader that comes too late, after the call has ended; `undefined` if the reader is in time. */
  tooLate(failed: Failure): Failure | undefined {
    return this.#isOver ? { ...failed, message: `${failed.message} ${NOT_READ}` } : undefined
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

const NOT_READ = 'The stream was not read for timeouts.staleMs, so it was not resumed.'
