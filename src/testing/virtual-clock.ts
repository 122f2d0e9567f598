import type { Clock, TimerHandle } from '../core/clock.ts'
import { flag } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { shownKind } from '../core/shown.ts'
import { nextTurn } from '../core/turn.ts'
import { checkUsage, instant } from './usage.ts'
import { armedAt, listTimers, type PendingTimer } from './virtual-clock/pending-timers.ts'
import { StandstillWatch } from './virtual-clock/standstill.ts'
import { type Queued, TimerQueue } from './virtual-clock/timer-queue.ts'
import { type TimerCounts, TimerTally } from './virtual-clock/timer-tally.ts'

export type { PendingTimer } from './virtual-clock/pending-timers.ts'
export type { TimerCounts } from './virtual-clock/timer-tally.ts'

/** The longest delay of a Node timer. A longer one is clamped, as the system clock does. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** 2026-01-01T00:00:00Z. */
const DEFAULT_EPOCH_MS = 1_767_225_600_000
const DAY_MS = 86_400_000
/** With more timers at one instant, time would never move on. */
const MAX_STEPS_PER_INSTANT = 100_000
/** Code under test may use one real `setImmediate` between two promises. A second turn lets it finish. */
const TURNS_PER_STEP = 2
/** Turns of the event loop that `until` grants to work that needs no timer of this clock. */
const IDLE_TURNS = 1000

/** Options of a `VirtualClock`. */
export interface VirtualClockOptions {
  /** Value of `wallNow()` at the start, in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  readonly epochMs?: number
  /** Value of `now()` at the start, in milliseconds. Default 0. */
  readonly startMs?: number
  /** Records where each timer was armed, and shows it in errors. Default `false`: a stack costs more than the timer. */
  readonly traces?: boolean
}

const RULES = { epochMs: instant, startMs: instant, traces: flag } satisfies Rules<VirtualClockOptions>

interface ArmedBy {
  readonly unref: boolean | undefined
  readonly label: string | undefined
  readonly entry: Clock['setTimer']
}

interface VirtualTimer extends Queued {
  readonly callback: () => void
  readonly label: string | undefined
  readonly unref: boolean
  readonly trace: string | undefined
}

/**
 * Time that moves only when a test moves it. Pass it wherever a `clock` is accepted.
 *
 * Between any two timers all promise jobs, ticks and web streams run to their end. So a chain of awaits that ends in a
 * new timer is seen before time moves on.
 *
 * @example
 * const clock = new VirtualClock()
 * const client = new ResilientClient({ clock, transport: new FakeTransport([…], { clock }) })
 * const result = client.responses.create(…)
 * await clock.advance(45_000)
 */
export class VirtualClock implements Clock {
  readonly #queue = new TimerQueue<VirtualTimer>()
  readonly #afterIO: (() => void)[] = []
  readonly #tally = new TimerTally()
  readonly #traces: boolean
  #nowMs: number
  #wallOffsetMs: number
  #order = 0
  #moving = false
  /** Counts the calls that move time. */
  #moves = 0
  readonly #standstill = new StandstillWatch({
    waiting: () => this.pending().filter(({ unref }) => !unref).length,
    moves: () => this.#moves,
    isMoving: () => this.#moving,
    listing: () => this.#listing(),
  })

  /** @throws TypeError for an unknown option. */
  constructor(options: VirtualClockOptions = {}) {
    checkUsage('VirtualClock', options, RULES)
    this.#nowMs = options.startMs ?? 0
    this.#wallOffsetMs = (options.epochMs ?? DEFAULT_EPOCH_MS) - this.#nowMs
    this.#traces = options.traces ?? false
  }

  now(): number {
    return this.#nowMs
  }

  wallNow(): number {
    return this.#nowMs + this.#wallOffsetMs
  }

  /** @throws RangeError for a delay that is not a number: a real timer would fire at once and hide the mistake. */
  setTimer(callback: () => void, delayMs: number, options?: { readonly unref?: boolean }): TimerHandle {
    return this.#arm(callback, delayMs, { unref: options?.unref, label: undefined, entry: this.setTimer })
  }

  /** Ignores handles that fired, were cleared or are unknown. */
  clearTimer(handle: TimerHandle): void {
    const timer = handle as VirtualTimer
    if (timer != null && this.#queue.remove(timer)) this.#tally.left(timer.label, 'cleared')
  }

  /**
   * Calls `callback` after everything that is due at the present instant, including deliveries of a `FakeTransport`.
   */
  afterIO(callback: () => void): void {
    this.#afterIO.push(callback)
  }

  /** This clock with a label, which its timers carry in `pending()`, and which `counts(label)` selects. */
  labelled(label: string): Clock {
    const setTimer: Clock['setTimer'] = (callback, delayMs, options) =>
      this.#arm(callback, delayMs, { unref: options?.unref, label, entry: setTimer })
    return {
      now: () => this.now(),
      wallNow: () => this.wallNow(),
      setTimer,
      clearTimer: (handle) => this.clearTimer(handle),
      afterIO: (callback) => this.afterIO(callback),
      source: this,
    }
  }

  /**
   * Moves time by `ms`. Every timer that becomes due fires in order, with `now()` at its due time (overdue ones at
   * once). Includes timers that these timers arm.
   *
   * @throws what a timer's callback throws. Time then stops at that timer.
   * @throws Error while time is already moving: await one call before the next.
   */
  async advance(ms: number): Promise<void> {
    requireDuration('advance', ms)
    const untilMs = this.#nowMs + ms
    await this.#move(untilMs)
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /**
   * Moves time from timer to timer until none is armed, including `unref`ed ones.
   *
   * @param options.maxMs how far time may move, in milliseconds. Default one day.
   * @throws Error that lists the timers still armed after `maxMs`.
   */
  async runToIdle(options: { readonly maxMs?: number } = {}): Promise<void> {
    const maxMs = options.maxMs ?? DAY_MS
    requireDuration('runToIdle', maxMs)
    const untilMs = this.#nowMs + maxMs
    await this.#move(untilMs)
    if (this.#queue.size > 0) throw new Error(`runToIdle: not idle after ${maxMs} ms. ${this.#listing()}`)
  }

  /**
   * Moves time from timer to timer until `promise` settles, and settles as it does. So a test need not know how long the
   * code under test waits. A rejection is never unhandled.
   *
   * @param options.maxMs how far time may move, in milliseconds. Default one day.
   * @throws Error that lists the timers still armed, if the promise has not settled after `maxMs`, or waits for something
   * else than this clock.
   */
  async until<T>(promise: PromiseLike<T>, options: { readonly maxMs?: number } = {}): Promise<T> {
    const maxMs = options.maxMs ?? DAY_MS
    requireDuration('until', maxMs)
    if (typeof (promise as Partial<PromiseLike<T>> | undefined)?.then !== 'function')
      throw new TypeError(`until: got ${shownKind(promise)}; expected a promise`)
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    const untilMs = this.#nowMs + maxMs
    await this.#move(untilMs, () => isSettled)
    for (let turn = 0; !isSettled && this.#queue.size === 0; turn++) {
      if (turn === IDLE_TURNS)
        throw new Error(
          'until: the promise has not settled, and no timer is armed. It waits for something else than this clock.',
        )
      await nextTurn()
      await this.#move(untilMs, () => isSettled)
    }
    if (!isSettled) throw new Error(`until: the promise has not settled after ${maxMs} ms. ${this.#listing()}`)
    return promise
  }

  /** Runs everything that needs no time: promise jobs, timers that are due, `afterIO` callbacks. */
  async settle(): Promise<void> {
    await this.#move(this.#nowMs)
  }

  /**
   * Moves time by `ms` without running anything, as when the event loop is blocked or the machine sleeps. Timers that
   * became due fire late: on the next `advance`, `settle` or `runToIdle`, with `now()` after the jump.
   */
  jump(ms: number): void {
    requireDuration('jump', ms)
    this.#nowMs += ms
  }

  /** Moves only the wall clock, by a positive or negative number of milliseconds, as a time server does. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** The armed timers, earliest first. */
  pending(): PendingTimer[] {
    return this.#queue.toSorted().map(({ dueMs, label, unref, trace }) => {
      return { dueMs, inMs: dueMs - this.#nowMs, label, unref, trace }
    })
  }

  /** Number of armed timers. Cheaper than `pending().length`. */
  get pendingCount(): number {
    return this.#queue.size
  }

  /** Counts all timers, or those armed through `labelled(label)`. */
  counts(label?: string): TimerCounts {
    return this.#tally.of(label)
  }

  /** Checks that no timer is armed. @throws Error that lists every armed timer and the waiting `afterIO` callbacks. */
  assertNothingPending(): void {
    if (this.#queue.size > 0 || this.#afterIO.length > 0) throw new Error(this.#listing())
  }

  #arm(callback: () => void, delayMs: number, by: ArmedBy): VirtualTimer {
    if (typeof delayMs !== 'number' || Number.isNaN(delayMs)) {
      throw new RangeError(`setTimer: delayMs must be a number of milliseconds, got ${String(delayMs)}`)
    }
    const timer: VirtualTimer = {
      callback,
      dueMs: this.#nowMs + Math.min(Math.max(delayMs, 0), MAX_TIMER_MS),
      order: this.#order++,
      slot: -1,
      label: by.label,
      unref: by.unref ?? false,
      trace: this.#traces ? armedAt(by.entry) : undefined,
    }
    this.#queue.push(timer)
    this.#tally.armed(by.label)
    if (!timer.unref) this.#standstill.armed()
    return timer
  }

  /**
   * Fires what is due until `untilMs`, and leaves `now()` at the last fired timer. Runs `afterIO` callbacks when no
   * timer is due at the present instant, as a real event loop does.
   */
  async #run(untilMs: number, isDone: () => boolean): Promise<void> {
    for (let stepsNow = 0; ; stepsNow++) {
      for (let turn = 0; turn < TURNS_PER_STEP; turn++) await nextTurn()
      if (isDone()) return
      const next = this.#queue.peek()
      if (next !== undefined && next.dueMs <= this.#nowMs) this.#fire(next)
      else if (this.#afterIO.length > 0) this.#afterIO.shift()!()
      else if (next !== undefined && next.dueMs <= untilMs) {
        this.#nowMs = next.dueMs
        stepsNow = 0
        this.#fire(next)
      } else return
      if (stepsNow > MAX_STEPS_PER_INSTANT) {
        throw new Error(`time stands still: over ${MAX_STEPS_PER_INSTANT} callbacks at one instant. ${this.#listing()}`)
      }
    }
  }

  #fire(timer: VirtualTimer): void {
    this.#queue.remove(timer)
    this.#tally.left(timer.label, 'fired')
    timer.callback()
  }

  async #move(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    if (this.#moving) throw new Error('the virtual clock is already moving: await one advance() before the next')
    this.#moving = true
    this.#moves++
    try {
      await this.#run(untilMs, isDone)
    } finally {
      this.#moving = false
    }
  }

  #listing(): string {
    return listTimers(this.pending(), { nowMs: this.#nowMs, afterIO: this.#afterIO.length, hasTraces: this.#traces })
  }
}

function requireDuration(method: string, ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`${method}: expected milliseconds, 0 or more, got ${String(ms)}`)
}
