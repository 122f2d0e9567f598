import type { Clock, TimerHandle } from '../core/clock.ts'
import { nextTurn } from '../core/turn.ts'
import { checkNames } from './usage.ts'
import { type Queued, TimerQueue } from './virtual-clock/timer-queue.ts'
import { type TimerCounts, TimerTally } from './virtual-clock/timer-tally.ts'

export type { TimerCounts } from './virtual-clock/timer-tally.ts'

/** The longest delay a Node timer can hold: a longer one is clamped, as the system clock does. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** 2026-01-01T00:00:00Z. */
const DEFAULT_EPOCH_MS = 1_767_225_600_000
const DAY_MS = 86_400_000
/** More timers than this at one instant mean that time will never move on. */
const MAX_STEPS_PER_INSTANT = 100_000
/** Code under test may use a real `setImmediate` once between two promises; a second turn lets it finish. */
const TURNS_PER_STEP = 2
/** How many pending timers an error lists. */
const LISTED = 20
/** How much of a stack an error shows. */
const TRACED_FRAMES = 6

export interface VirtualClockOptions {
  /** What `wallNow()` says at the start, in milliseconds since the Unix epoch. Default: 2026-01-01T00:00:00Z. */
  readonly epochMs?: number
  /** What `now()` says at the start, in milliseconds. Default 0. */
  readonly startMs?: number
  /** Remember where each timer was armed, and show it in errors. Default `false`: a stack costs more than the timer. */
  readonly traces?: boolean
}

/** A timer that is armed and has not fired. */
export interface PendingTimer {
  /** When it fires, on the scale of `now()`. */
  readonly dueMs: number
  /** Milliseconds from now; negative when it is late. */
  readonly inMs: number
  /** Who armed it (see `labelled`); `undefined` for timers armed on the clock itself. */
  readonly label: string | undefined
  readonly unref: boolean
  /** Where it was armed, with `traces: true`. */
  readonly trace: string | undefined
}

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
 * Time that moves only when a test says so. Give it to whatever takes a `clock`.
 *
 * Between any two timers everything that can run without time passing does run (promise jobs, ticks, web streams), so a
 * chain of awaits that ends in a new timer is seen before time moves on.
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

  /** @throws TypeError for an option that is unknown. */
  constructor(options: VirtualClockOptions = {}) {
    checkNames('VirtualClock', options, ['epochMs', 'startMs', 'traces'] satisfies Array<keyof VirtualClockOptions>)
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

  /** Runs `callback` after everything that is due at the present instant, deliveries of a `FakeTransport` included. */
  afterIO(callback: () => void): void {
    this.#afterIO.push(callback)
  }

  /** This clock under a name: its timers carry the label in `pending()`, and are counted apart in `counts(label)`. */
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
   * Moves time by `ms`. Every timer that becomes due fires in order, with `now()` at exactly its due time (late ones:
   * at once); timers that these arm are part of it.
   *
   * @throws what a timer's callback throws; the time then stands at that timer.
   * @throws Error when time is already being moved: await one before the next.
   */
  async advance(ms: number): Promise<void> {
    requireDuration('advance', ms)
    const untilMs = this.#nowMs + ms
    await this.#move(untilMs)
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /**
   * Moves time from timer to timer until none is armed, `unref`ed ones included.
   *
   * @param options.maxMs how far time may move, in milliseconds. Default one day.
   * @throws Error that lists the timers still armed when that is not enough.
   */
  async runToIdle(options: { readonly maxMs?: number } = {}): Promise<void> {
    const maxMs = options.maxMs ?? DAY_MS
    requireDuration('runToIdle', maxMs)
    const untilMs = this.#nowMs + maxMs
    await this.#move(untilMs)
    if (this.#queue.size > 0) throw new Error(`runToIdle: not idle after ${maxMs} ms. ${this.#listing()}`)
  }

  /** Runs all that can run without time moving: promise jobs, timers already due, `afterIO` callbacks. */
  async settle(): Promise<void> {
    await this.#move(this.#nowMs)
  }

  /**
   * Time leaps by `ms` while nothing runs, as with a blocked event loop or a machine asleep. Timers that came due fire
   * late: on the next `advance`, `settle` or `runToIdle`, with `now()` after the leap.
   */
  jump(ms: number): void {
    requireDuration('jump', ms)
    this.#nowMs += ms
  }

  /** Moves the wall clock alone, by a positive or negative number of milliseconds, as a time server does. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  /** What is armed, earliest first. */
  pending(): PendingTimer[] {
    return this.#queue.toSorted().map(({ dueMs, label, unref, trace }) => {
      return { dueMs, inMs: dueMs - this.#nowMs, label, unref, trace }
    })
  }

  /** How many timers are armed. Cheaper than `pending().length`. */
  get pendingCount(): number {
    return this.#queue.size
  }

  /** Counts of all timers, or of those armed through `labelled(label)`. */
  counts(label?: string): TimerCounts {
    return this.#tally.of(label)
  }

  /** @throws Error that lists every timer still armed and counts the `afterIO` callbacks still waiting. */
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
    return timer
  }

  /**
   * Fires what is due until `untilMs`, and leaves `now()` at the last timer that fired. `afterIO` comes when nothing is due
   * at the present instant, as it does in a real event loop.
   */
  async #run(untilMs: number): Promise<void> {
    for (let stepsNow = 0; ; stepsNow++) {
      for (let turn = 0; turn < TURNS_PER_STEP; turn++) await nextTurn()
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

  async #move(untilMs: number): Promise<void> {
    if (this.#moving) throw new Error('the virtual clock is already moving: await one advance() before the next')
    this.#moving = true
    try {
      await this.#run(untilMs)
    } finally {
      this.#moving = false
    }
  }

  #listing(): string {
    const timers = this.pending()
    const lines = timers.slice(0, LISTED).map(({ dueMs, inMs, label, unref, trace }) => {
      const when = inMs >= 0 ? `in ${inMs} ms` : `${-inMs} ms late`
      return `  - ${label ?? 'timer'} due at ${dueMs} ms (${when})${unref ? ', unref' : ''}${trace ? `\n${trace}` : ''}`
    })
    if (timers.length > LISTED) lines.push(`  - and ${timers.length - LISTED} more`)
    if (this.#afterIO.length > 0) lines.push(`  - ${this.#afterIO.length} afterIO callback(s)`)
    const hint = timers.length > 0 && !this.#traces ? '\n(new VirtualClock({ traces: true }) shows who armed them)' : ''
    return `${timers.length} timer(s) still armed at ${this.#nowMs} ms:\n${lines.join('\n')}${hint}`
  }
}

function requireDuration(method: string, ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`${method}: expected milliseconds, 0 or more, got ${String(ms)}`)
}

/** The stack above `entry`, the function through which a timer came in. */
function armedAt(entry: Clock['setTimer']): string | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, entry)
  return holder.stack
    ?.split('\n')
    .slice(1, 1 + TRACED_FRAMES)
    .join('\n')
}
