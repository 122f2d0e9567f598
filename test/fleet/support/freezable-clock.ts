import type { Clock, TimerHandle } from '../../../src/core/clock.ts'

/** The clock of one process that a test can stop: its timers wait until it is thawed, and time passes meanwhile. */
export class FreezableClock implements Clock {
  readonly #clock: Clock
  #waiting: Set<() => void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wallNow(): number {
    return this.#clock.wallNow()
  }

  setTimer(callback: () => void, delayMs: number, options?: { readonly unref?: boolean }): TimerHandle {
    const timer = { callback, handle: undefined as TimerHandle }
    timer.handle = this.#clock.setTimer(() => this.#run(callback), delayMs, options)
    return timer
  }

  clearTimer(timer: TimerHandle): void {
    if (timer === undefined) return
    const { callback, handle } = timer as { callback: () => void; handle: TimerHandle }
    this.#waiting?.delete(callback)
    this.#clock.clearTimer(handle)
  }

  afterIO(callback: () => void): void {
    this.#clock.afterIO(() => this.#run(callback))
  }

  freeze(): void {
    this.#waiting ??= new Set()
  }

  /** What became due meanwhile happens now, in the order in which it did. */
  thaw(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const callback of waiting) callback()
  }

  #run(callback: () => void): void {
    if (this.#waiting === undefined) callback()
    else this.#waiting.add(callback)
  }
}
