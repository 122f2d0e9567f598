/**
 * Time, injected. The system clock is one of the few places that touch the global timers; everything else asks a `Clock`,
 * so that a test can own time.
 */

/** What `setTimer` hands out. Opaque: give it back to `clearTimer`. */
export type TimerHandle = unknown

export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. Never goes back; a change of the wall clock does not touch it. */
  now(): number
  /** Milliseconds since the Unix epoch: only for HTTP dates and telemetry, never for deadlines. */
  wallNow(): number
  /**
   * Runs `callback` once, `delayMs` from now (at once for what is past; clamped to what a timer can hold, about 24.8 days).
   * The timer keeps the process alive unless `unref` is set: a call that sleeps must not be ended by an exiting process.
   */
  setTimer(callback: () => void, delayMs: number, options?: { readonly unref?: boolean }): TimerHandle
  clearTimer(handle: TimerHandle): void
  /** Runs `callback` after input that is already waiting has been delivered (`setImmediate` on the system clock). */
  afterIO(callback: () => void): void
  /** Of a clock that shows the time of another one: that one. */
  readonly source?: Clock
}

/** The longest delay a Node timer can hold; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

const { setTimeout: ownSetTimeout, setImmediate: ownSetImmediate, Date: OwnDate } = globalThis
const ownNow = performance.now

/** So much earlier than asked a timer of Node fires, also where a monitor has put its own function in the place of `setTimeout`. */
const EARLIEST_MS = 2

/**
 * The time of fake timers that leave `performance` alone, as those of `node:test` do: by it no time would pass, and no
 * deadline would be reached. Where `Date` is faked too, it tells the time; otherwise a timer that fires has told it.
 */
class FakedTime {
  /** By how much the timers are ahead of `performance`. Stays when they are taken away: time never goes back. */
  #ahead = 0
  #date: { readonly by: DateConstructor; readonly zero: number } | undefined

  get isFaked(): boolean {
    return setTimeout !== ownSetTimeout && performance.now === ownNow
  }

  now(): number {
    const measured = performance.now() + this.#ahead
    if (!this.isFaked || Date === OwnDate) {
      this.#date = undefined
      return measured
    }
    if (this.#date?.by !== Date) this.#date = { by: Date, zero: measured - Date.now() }
    const told = this.#date.zero + Date.now()
    this.#reach(told)
    return told
  }

  /** A timer that was due at this time has fired. */
  fired(due: number): void {
    if (Date === OwnDate && due - this.now() > EARLIEST_MS) this.#reach(due)
  }

  #reach(time: number): void {
    this.#ahead = Math.max(this.#ahead, time - performance.now())
  }
}

const faked = new FakedTime()

/** The globals are looked up at each call, so that fake timers installed later by a test framework are the ones used. */
export const systemClock: Clock = {
  // Whole ones: a fraction would be an object of its own in each field that holds it, a dozen for every stream that waits.
  now: () => Math.floor(faked.now()),
  wallNow: () => Date.now(),
  setTimer(given, delayMs, options) {
    let callback = given
    if (faked.isFaked) {
      const due = faked.now() + delayMs
      callback = () => {
        faked.fired(due)
        given()
      }
    }
    // Node warns of a negative delay, on the caller's console: what is overdue is due now.
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    // Fake timers may hand out a number, which has no `unref`.
    if (options?.unref && typeof timer === 'object') timer.unref()
    return timer
  },
  clearTimer(handle) {
    clearTimeout(handle as NodeJS.Timeout)
  },
  afterIO(callback) {
    // Input comes in real turns: a fake one within a tick of fake timers would ask again and again, and never end it.
    ;(faked.isFaked ? ownSetImmediate : setImmediate)(callback)
  },
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`, and the older `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DATE_WITH_ZONE = /^[a-z]{3,9}, \d{2}[ -][a-z]{3}[ -](?:\d{4}|\d{2}) \d{2}:\d{2}:\d{2} GMT$/i
/** The form of C's `asctime`, `Sun Nov  6 08:49:37 1994`: it names no zone, and means UTC. */
const DATE_OF_ASCTIME = /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/i

/**
 * An HTTP date (RFC 9110 5.6.7, all three forms) as milliseconds since the epoch; `undefined` for anything else.
 * `Date.parse` alone would take `-1` for a year, `Mon, 1` for a date, and `asctime` for local time.
 */
export function parseHttpDate(value: string): number | undefined {
  const text = value.trim()
  const dated = DATE_WITH_ZONE.test(text) ? text : DATE_OF_ASCTIME.test(text) ? `${text} GMT` : undefined
  const instant = dated === undefined ? Number.NaN : Date.parse(dated)
  return Number.isNaN(instant) ? undefined : instant
}

/** An instant as ISO 8601 has it, in UTC: `2026-11-28T15:40:50.000Z`. */
export function toIsoTime(wallMs: number): string {
  return new Date(wallMs).toISOString()
}
