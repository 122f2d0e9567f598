import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'

/** Outcome of an attempt for the health of its endpoint. `dead`: silent until its time to the first event was over. */
export type EndpointReport = 'alive' | 'failed' | 'dead'

/** One attempt, as the health of its endpoint records it. */
export interface Trial {
  /** How often the endpoint had cooled down or recovered when the attempt began. */
  readonly era: number
}

const FIRST_COOLING_MS = 5000
const LONGEST_COOLING_MS = 60_000
/** More consecutive failures than chance explains. */
const FAILURES_IN_A_ROW = 3
/**
 * Attempts after which the share of dead ones counts. It is a moving average: 10 attempts halve the weight of earlier
 * ones.
 */
const LEAST_ATTEMPTS = 5
const TOO_MANY_DEAD = 0.5
const DEAD_WEIGHT = 1 - 2 ** (-1 / 10)
/** Number of models for which a hint is remembered. */
const MAX_MODELS = 64

/** Decides whether an endpoint gets calls: a circuit breaker that one successful attempt closes. */
export class EndpointHealth {
  readonly #clock: Clock
  #failures = 0
  #attempts = 0
  #deadShare = 0
  #coolings = 0
  #coolUntil = -Infinity
  /** Increases with each cool-down and recovery. Attempts of an earlier era say nothing about the present. */
  #era = 0
  #probe: Trial | undefined
  /** By model: until when the endpoint asked to wait. */
  readonly #hints = new RecentMap<string, number>(MAX_MODELS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** When the endpoint may get a call of this model. In the past if it may get one now. */
  readyAt(model: string): number {
    return Math.max(this.#coolUntil, this.#hints.peek(model) ?? -Infinity)
  }

  /** Ready, and not waiting for the outcome of a probe. */
  isReady(model: string): boolean {
    return this.readyAt(model) <= this.#clock.now() && this.#probe === undefined
  }

  /** An attempt begins. After a cool-down the first one is the probe, and other calls wait for its outcome. */
  begin(): Trial {
    const trial: Trial = { era: this.#era }
    if (this.#coolings > 0 && this.#coolUntil <= this.#clock.now()) this.#probe ??= trial
    return trial
  }

  /** The attempt ended without an outcome for the endpoint: it was aborted, or another attempt was first. */
  endedWithoutWord(trial: Trial): void {
    if (this.#probe === trial) this.#probe = undefined
  }

  /** Output has come. This already ends a probe: a long answer would keep other calls away. */
  sawLife(trial: Trial): void {
    if (this.#probe === trial) this.#recover()
  }

  /** @returns the length of the cool-down that this report starts; `undefined` if it starts none. */
  report(trial: Trial, report: EndpointReport, mayCool: boolean): number | undefined {
    const isProbe = this.#probe === trial
    if (isProbe) this.#probe = undefined
    // An attempt of an earlier era ended late: it decides neither probe nor cool-down. An answer that comes now ends a row of failures.
    if (trial.era !== this.#era) {
      if (report === 'alive') this.#failures = 0
      return undefined
    }
    this.#attempts++
    this.#deadShare += DEAD_WEIGHT * ((report === 'dead' ? 1 : 0) - this.#deadShare)
    if (report === 'alive') {
      if (isProbe) this.#recover()
      this.#failures = 0
      return undefined
    }
    this.#failures++
    // After a cool-down only the probe decides.
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

  /** Another process has started a cool-down. The first attempt after it is a probe, as after one of our own. */
  coolElsewhere(ms: number): void {
    const until = this.#clock.now() + Math.min(ms, LONGEST_COOLING_MS)
    if (until <= this.#coolUntil) return
    this.#coolings = Math.max(1, this.#coolings)
    this.#era++
    this.#coolUntil = until
    this.#probe = undefined
  }

  /** The endpoint asked to wait this long for a model. */
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
