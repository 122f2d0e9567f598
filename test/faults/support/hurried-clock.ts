import { type Clock, systemClock, type TimerHandle } from '../../../src/core/clock.ts'
import { turns } from '../../support/until.ts'

interface Timer {
  readonly due: number
  readonly callback: () => void
  readonly unref: boolean
  real: TimerHandle
}

/**
 * Real time, real timers, and a way to make the next of them due now. So a test of a deadline neither waits for it nor
 * makes it short: whatever is healthy has all the time that it has in production, however busy the machine is.
 */
export class HurriedClock implements Clock {
  readonly #timers = new Set<Timer>()
  #ahead = 0

  now(): number {
    return systemClock.now() + this.#ahead
  }

  wallNow(): number {
    return systemClock.wallNow() + this.#ahead
  }

  setTimer(callback: () => void, delayMs: number, { unref = false }: { readonly unref?: boolean } = {}): TimerHandle {
    const timer: Timer = { due: this.now() + Math.max(0, delayMs), callback, unref, real: undefined }
    this.#timers.add(timer)
    this.#arm(timer)
    return timer
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as Timer
    this.#timers.delete(timer)
    systemClock.clearTimer(timer.real)
  }

  afterIO(callback: () => void): void {
    systemClock.afterIO(callback)
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets the time pass until the next timer is due, fires it, and lets all happen that it sets off. */
  async hurry(): Promise<void> {
    const next = this.#next()
    if (next === undefined) return
    this.#moveTo(next.due)
    this.#fire(next)
    await turns()
  }

  /** Lets this much time pass, and fires what is due on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.now() + ms
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) await this.hurry()
    this.#moveTo(end)
    await turns()
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.due < first.due) first = timer
    return first
  }

  #moveTo(instant: number): void {
    this.#ahead += Math.max(0, instant - this.now())
    // All have come nearer: late they would be taken for those of a machine that slept.
    for (const timer of this.#timers) {
      systemClock.clearTimer(timer.real)
      this.#arm(timer)
    }
  }

  #arm(timer: Timer): void {
    timer.real = systemClock.setTimer(() => this.#fire(timer), Math.max(0, timer.due - this.now()), {
      unref: timer.unref,
    })
  }

  #fire(timer: Timer): void {
    if (!this.#timers.delete(timer)) return
    systemClock.clearTimer(timer.real)
    timer.callback()
  }
}
