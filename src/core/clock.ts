/**
 * Injected time. The system clock is one of the few places that touch the global timers. All other code uses a `Clock`,
 * so that tests can control time.
 */

/** Result of `setTimer`. Opaque: pass it to `clearTimer`. */
export type TimerHandle = unknown

/** Time for deadlines and pauses. The default is the system clock; a test passes a `VirtualClock`. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. Never decreases; changes of the wall clock have no effect. */
  now(): number
  /** Milliseconds since the Unix epoch. Only for HTTP dates and telemetry, never for deadlines. */
  wallNow(): number
  /**
   * Calls `callback` once after `delayMs`: at once when the delay is negative, and after 24.8 days at most, the longest
   * delay of a timer. The timer keeps the process alive unless `unref` is set, so that the process does not exit while
   * a call sleeps.
   */
  setTimer(callback: () => void, delayMs: number, options?: { readonly unref?: boolean }): TimerHandle
  clearTimer(handle: TimerHandle): void
  /** Calls `callback` after pending input was delivered (`setImmediate` on the system clock). */
  afterIO(callback: () => void): void
  /** For a clock that shows the time of another clock: that clock. */
  readonly source?: Clock
}

/** The longest delay of a Node timer. A longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

const { setTimeout: ownSetTimeout, setImmediate: ownSetImmediate, Date: OwnDate } = globalThis
const ownNow = performance.now

/** Node timers fire up to this much early, even where a monitor has replaced `setTimeout`. */
const EARLIEST_MS = 2

/**
 * The time under fake timers that leave `performance` alone, as `node:test` does. `performance` alone would show no
 * time passing, and no deadline would be reached. Where `Date` is faked too, `Date` tells the time. Otherwise each
 * timer that fires tells it.
 */
class FakedTime {
  /** How far the fake timers are ahead of `performance`. Kept when they are removed, because time must not go back. */
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

  /** Records that a timer due at this time has fired. */
  fired(due: number): void {
    if (Date === OwnDate && due - this.now() > EARLIEST_MS) this.#reach(due)
  }

  #reach(time: number): void {
    this.#ahead = Math.max(this.#ahead, time - performance.now())
  }
}

const faked = new FakedTime()

/** Looks the globals up on each call, so that fake timers that are installed later are used. */
export const systemClock: Clock = {
  // Rounded: V8 stores a fraction in a heap object for each field. A waiting stream has a dozen such fields.
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
    // Node warns on the console about a negative delay.
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    // Fake timers may return a number, which has no `unref`.
    if (options?.unref && typeof timer === 'object') timer.unref()
    return timer
  },
  clearTimer(handle) {
    clearTimeout(handle as NodeJS.Timeout)
  },
  afterIO(callback) {
    // Input arrives in real turns of the event loop. A fake `setImmediate` would call back within one tick again and
    // again, and the tick would never end.
    ;(faked.isFaked ? ownSetImmediate : setImmediate)(callback)
  },
}

/** `Sun, 06 Nov 1994 08:49:37 GMT`, and the older `Sunday, 06-Nov-94 08:49:37 GMT`. */
const DATE_WITH_ZONE = /^[a-z]{3,9}, \d{2}[ -][a-z]{3}[ -](?:\d{4}|\d{2}) \d{2}:\d{2}:\d{2} GMT$/i
/** The form of C's `asctime`, `Sun Nov  6 08:49:37 1994`. It names no zone and means UTC. */
const DATE_OF_ASCTIME = /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/i

/**
 * Parses an HTTP date (RFC 9110 5.6.7, all three forms) to milliseconds since the epoch. Returns `undefined` for
 * anything else. `Date.parse` alone would read `-1` as a year, `Mon, 1` as a date, and `asctime` as local time.
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
