import type { Clock, TimerHandle } from '../core/clock.ts'

/** One timer for all idle clients, for the one that has been idle longest. It never keeps the process alive. */
export class IdleSweep {
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #idleSince: () => number
  readonly #onDue: (idleSince: number) => void
  #timer: TimerHandle | undefined

  /**
   * @param ttlMs `0`: nothing is ever due.
   * @param idleSince when the client idle longest became idle; `Infinity` if none is.
   * @param onDue told to end all that have been idle since that instant, or longer.
   */
  constructor(clock: Clock, ttlMs: number, idleSince: () => number, onDue: (idleSince: number) => void) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#idleSince = idleSince
    this.#onDue = onDue
  }

  arm(): void {
    if (this.#ttlMs === 0 || this.#timer !== undefined) return
    const since = this.#idleSince()
    if (since === Infinity) return
    const delayMs = Math.max(0, since + this.#ttlMs - this.#clock.now())
    this.#timer = this.#clock.setTimer(() => this.#sweep(), delayMs, { unref: true })
  }

  disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #sweep(): void {
    this.#timer = undefined
    this.#onDue(this.#clock.now() - this.#ttlMs)
    this.arm()
  }
}
