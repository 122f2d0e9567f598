import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'

/** What became of an attempt, as far as its endpoint is concerned. `dead`: silent until its time to the first event was over. */
export type EndpointReport = 'alive' | 'failed' | 'dead'

/** One attempt, as the health of its endpoint knows it. */
export interface Trial {
  /** How often the endpoint had cooled down or recovered when the attempt began. */
  readonly era: number
}

const FIRST_COOLING_MS = 5000
const LONGEST_COOLING_MS = 60_000
/** Failures in a row that no luck explains. */
const FAILURES_IN_A_ROW = 3
/** The share of the dead is judged from this many attempts on: a moving average in which 10 halve the weight of those before. */
const LEAST_ATTEMPTS = 5
const TOO_MANY_DEAD = 0.5
const DEAD_WEIGHT = 1 - 2 ** (-1 / 10)
/** Of how many models a hint is remembered. */
const MAX_MODELS = 64

/** Whether an endpoint should get calls: a circuit breaker that closes again by the success of a single attempt. */
export class EndpointHealth {
  readonly #clock: Clock
  #failures = 0
  #attempts = 0
  #deadShare = 0
  #coolings = 0
  #coolUntil = -Infinity
  /** Rises when the endpoint cools down, and when it recovers: what began before says nothing of what is now. */
  #era = 0
  #probe: Trial | undefined
  /** The endpoint asked for less of a model until then. */
  readonly #hints = new RecentMap<string, number>(MAX_MODELS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** When it may get a call of this model; the past when it may now. */
  readyAt(model: string): number {
    return Math.max(this.#coolUntil, this.#hints.peek(model) ?? -Infinity)
  }

  /** Ready, and not waiting for the outcome of the one attempt that probes it. */
  isReady(model: string): boolean {
    return this.readyAt(model) <= this.#clock.now() && this.#probe === undefined
  }

  /** An attempt begins. After a cool-down the first is the probe, and the others wait for what becomes of it. */
  begin(): Trial {
    const trial: Trial = { era: this.#era }
    if (this.#coolings > 0 && this.#coolUntil <= this.#clock.now()) this.#probe ??= trial
    return trial
  }

  /** An attempt ended that says nothing: it was aborted, or another one was first. */
  endedWithoutWord(trial: Trial): void {
    if (this.#probe === trial) this.#probe = undefined
  }

  /** Output has come. The probe need not end for that: a long answer would keep the endpoint from all others. */
  sawLife(trial: Trial): void {
    if (this.#probe === trial) this.#recover()
  }

  /** @returns how long it cools down from now on, where this report is the reason; else `undefined`. */
  report(trial: Trial, report: EndpointReport, mayCool: boolean): number | undefined {
    const isProbe = this.#probe === trial
    if (isProbe) this.#probe = undefined
    // An attempt from before the endpoint cooled down or recovered: its late end is not the probe's.
    if (trial.era !== this.#era) return undefined
    this.#attempts++
    this.#deadShare += DEAD_WEIGHT * ((report === 'dead' ? 1 : 0) - this.#deadShare)
    if (report === 'alive') {
      if (isProbe) this.#recover()
      this.#failures = 0
      return undefined
    }
    this.#failures++
    // After a cool-down the probe alone decides.
    const isBad =
      this.#coolings > 0
        ? isProbe
        : this.#failures >= FAILURES_IN_A_ROW || (this.#attempts >= LEAST_ATTEMPTS && this.#deadShare > TOO_MANY_DEAD)
    if (!isBad || !mayCool) return undefined
    const coolMs = Math.min(LONGEST_COOLING_MS, FIRST_COOLING_MS * 2 ** this.#coolings)
    this.#coolings++
    this.#era++
    this.#coolUntil = this.#clock.now() + coolMs
    return coolMs
  }

  /** The endpoint itself asked for less of a model for so long. */
  hint(model: string, ms: number): void {
    this.#hints.set(model, this.#clock.now() + Math.min(ms, LONGEST_COOLING_MS))
  }

  #recover(): void {
    this.#probe = undefined
    this.#failures = 0
    this.#coolings = 0
    this.#era++
  }
}
