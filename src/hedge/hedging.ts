import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import { HedgeBudget } from './hedge-budget.ts'
import { deadProbabilityAt, suspectAfterMs } from './hedge-rule.ts'
import { LatencyModel } from './latency-model.ts'
import { RecentCount } from './recent-count.ts'
import { Recovery } from './recovery.ts'

/** How a client hedges. */
export interface HedgeSettings {
  /** Hedges only where the origin has, within the hour, shown enough answers and at least one death. */
  readonly isAuto: boolean
  /** Silence in milliseconds before a hedge. `undefined`: the learnt rule. */
  readonly afterMs: number | undefined
  readonly deadProbability: number
  readonly minMs: number
  readonly maxConcurrent: number
  readonly maxExtraShare: number
}

/** The traits that first-event times depend on. */
export interface HedgeTraits {
  readonly origin: string
  readonly model: string
  readonly effort: string
  readonly tier: string
  readonly continuation: boolean
  readonly inputTokens: number
}

/** No hedges for this long after a pushback: the endpoint asked for fewer requests. */
const QUIET_AFTER_PUSHBACK_MS = 30_000

const MAX_ORIGINS = 256

/** What is known about one origin as a whole. Connections die independently of the model. */
interface OriginHealth {
  readonly deadShare: DeadShare
  readonly recovery: Recovery
  /** First events within the hour, and attempts that were dead on arrival. */
  readonly answers: RecentCount
  readonly deaths: RecentCount
  /** The waste that `hedge: 'auto'` may cause at this origin. */
  readonly autoBudget: HedgeBudget
  pushedBackAt: number
  /** Until when less than a tenth of a rate limit is left. */
  scarceUntil: number
}

/** Why a hedge was refused. */
export type HedgeRefusal = 'pushback' | 'budget' | 'concurrency' | 'retries' | 'rate'

/** The cost of a hedge. Given back when the hedge wins or is never sent. */
export interface HedgeCost {
  giveBack(): void
}

/** What the hedges of a client and its views share: knowledge about origins, and the waste budget. */
export class Hedging {
  readonly #clock: Clock
  readonly #model: LatencyModel
  readonly #origins = new RecentMap<string, OriginHealth>(MAX_ORIGINS)
  /** With `hedge: true`, 10 hedges may lose before any call was made, and up to 100 can be saved. */
  readonly budget = new HedgeBudget(10, 100)

  constructor(clock: Clock) {
    this.#clock = clock
    this.#model = new LatencyModel(clock)
  }

  planFor(traits: HedgeTraits, settings: HedgeSettings): HedgePlan {
    const origin = this.#origins.obtain(traits.origin, () => ({
      deadShare: new DeadShare(),
      recovery: new Recovery(),
      answers: new RecentCount(),
      deaths: new RecentCount(),
      autoBudget: new HedgeBudget(0, AUTO_CAPACITY),
      pushedBackAt: -Infinity,
      scarceUntil: -Infinity,
    }))
    return new HedgePlan(this.#clock, this.#model, origin, this.budget, traits, settings)
  }
}

/** What `hedge: 'auto'` requires of an origin within the hour: this many first events, and this many deaths. */
const LEAST_ANSWERS = 20
const LEAST_DEATHS = 1
/** With `hedge: 'auto'`: how many hedges may be lost in a row at one origin, and how many one call may have. */
const AUTO_CAPACITY = 10
const AUTO_HEDGES_PER_CALL = 2
/** With the learnt rule of `hedge: true`: hedges of one call at a dead endpoint, times `maxConcurrent`. */
const HEDGES_PER_PLACE = 2
/** A hedge with a large input repeats more work: this many tokens count as one hedge. */
const TOKENS_PER_HEDGE = 10_000
/** With less than this share of a rate limit left, the rest is reserved for calls. */
const SCARCE_SHARE = 0.1

/** When one call may be hedged, and what is learnt from its attempts. */
export class HedgePlan {
  readonly settings: HedgeSettings
  readonly #clock: Clock
  readonly #model: LatencyModel
  readonly #origin: OriginHealth
  readonly #budget: HedgeBudget
  readonly #cost: number
  #hedgesLeft: number
  readonly #keys: readonly string[]
  readonly #coldStartMs: number

  constructor(
    clock: Clock,
    model: LatencyModel,
    origin: OriginHealth,
    budget: HedgeBudget,
    traits: HedgeTraits,
    settings: HedgeSettings,
  ) {
    this.settings = settings
    this.#clock = clock
    this.#model = model
    this.#origin = origin
    this.#budget = settings.isAuto ? origin.autoBudget : budget
    this.#cost = settings.isAuto ? Math.max(1, traits.inputTokens / TOKENS_PER_HEDGE) : 1
    this.#hedgesLeft = hedgesPerCall(settings)
    this.#keys = keysOf(traits)
    this.#coldStartMs = coldStartMs(traits)
  }

  /** Whether enough is known to hedge at all. */
  get isReady(): boolean {
    const now = this.#clock.now()
    const { answers, deaths } = this.#origin
    return !this.settings.isAuto || (answers.total(now) >= LEAST_ANSWERS && deaths.total(now) >= LEAST_DEATHS)
  }

  /**
   * The call may have no further hedge. With the learnt rule of `hedge: true`, an origin that recovers may still grant
   * one.
   */
  get isSpent(): boolean {
    return this.settings.isAuto && this.#hedgesLeft <= 0
  }

  /** Milliseconds of silence before a hedge. */
  suspectAfterMs(): number {
    const { afterMs, deadProbability, minMs } = this.settings
    if (afterMs !== undefined) return afterMs
    return suspectAfterMs(this.#evidence(), deadProbability, minMs)
  }

  /** The probability that an attempt that was silent for this long is dead. */
  deadProbabilityAt(silentMs: number): number {
    return deadProbabilityAt(silentMs, this.#evidence(), this.settings.deadProbability)
  }

  /**
   * Takes the cost of a hedge, or returns why there is no hedge.
   *
   * @param silentSince start of the latest attempt of the call.
   */
  take(silentSince: number): HedgeCost | HedgeRefusal {
    const { pushedBackAt, scarceUntil, recovery } = this.#origin
    const now = this.#clock.now()
    if (now - pushedBackAt < QUIET_AFTER_PUSHBACK_MS) return 'pushback'
    if (this.settings.isAuto && now < scarceUntil) return 'rate'
    const budget = this.#budget
    const cost = this.#cost
    if (this.#hedgesLeft > 0 && budget.withdraw(cost)) {
      this.#hedgesLeft--
      return { giveBack: () => budget.giveBack(cost) }
    }
    return !this.settings.isAuto && recovery.grant(silentSince) ? recovery : 'budget'
  }

  callEnded(): void {
    this.#budget.deposit(this.settings.maxExtraShare)
  }

  /** The first event of an attempt came after this time. */
  answered(ms: number): void {
    const now = this.#clock.now()
    this.#model.add(this.#keys, 'answered', ms)
    this.#origin.deadShare.add(0)
    this.#origin.answers.add(now)
    this.#origin.recovery.answered(now)
  }

  /** An attempt was cut because no event came in all of its time. */
  died(silentMs: number): void {
    this.#origin.deaths.add(this.#clock.now())
    this.givenUp(silentMs)
  }

  /** A silent attempt was given up. Whether it was dead is known only as a probability. */
  givenUp(silentMs: number): void {
    const dead = this.deadProbabilityAt(silentMs)
    this.#model.add(this.#keys, 'givenUp', silentMs, 1 - dead)
    this.#origin.deadShare.add(dead)
  }

  /**
   * An answer said how much of a rate limit is left.
   *
   * @param share of the limit, 0 to 1.
   * @param forMs until the whole limit is available again.
   */
  rateLeft(share: number, forMs: number): void {
    if (share < SCARCE_SHARE) this.#origin.scarceUntil = Math.max(this.#origin.scarceUntil, this.#clock.now() + forMs)
  }

  pushedBack(): void {
    this.#origin.pushedBackAt = this.#clock.now()
  }

  #evidence() {
    return {
      curves: this.#keys.map((key) => this.#model.curve(key)),
      coldStartMs: this.#coldStartMs,
      deadShare: this.#origin.deadShare.value,
    }
  }
}

/** With `afterMs`, the limit applies to each attempt that a retry starts. */
function hedgesPerCall({ isAuto, afterMs, maxConcurrent }: HedgeSettings): number {
  if (isAuto) return AUTO_HEDGES_PER_CALL
  return afterMs === undefined ? HEDGES_PER_PLACE * maxConcurrent : Infinity
}

/**
 * The share of attempts that are dead on arrival: a moving average in which 20 attempts halve the weight of earlier
 * ones.
 */
class DeadShare {
  static readonly #WEIGHT = 1 - 2 ** (-1 / 20)
  static readonly #LEAST = 0.002
  static readonly #MOST = 0.5
  #average = 0

  /** Bounded to 0.2 % to 50 %: every connection may die, and even in an outage a silence may be a slow answer. */
  get value(): number {
    return Math.min(DeadShare.#MOST, Math.max(DeadShare.#LEAST, this.#average))
  }

  add(probability: number): void {
    this.#average += DeadShare.#WEIGHT * (probability - this.#average)
  }
}

/** Until more is known: seconds by effort. An unknown effort is a newer, higher one. */
const COLD_START_S: Readonly<Record<string, number>> = { none: 10, minimal: 10, low: 10, '': 10, medium: 20, high: 45 }
const COLD_START_HIGHEST_S = 90
const COLD_START_PER_INPUT_S = 10
const INPUT_STEP_TOKENS = 50_000

function coldStartMs({ effort, inputTokens }: HedgeTraits): number {
  const byEffort = Object.hasOwn(COLD_START_S, effort) ? (COLD_START_S[effort] as number) : COLD_START_HIGHEST_S
  return (byEffort + COLD_START_PER_INPUT_S * Math.floor(inputTokens / INPUT_STEP_TOKENS)) * 1000
}

/** Input sizes with different first-event times: the steps of `ttfbMs: 'auto'`. */
const INPUT_BUCKETS = [10_000, 50_000, 100_000]

/** Keys of the same call, from exact to coarse. */
function keysOf({ origin, model, effort, tier, continuation, inputTokens }: HedgeTraits): string[] {
  const size = INPUT_BUCKETS.filter((from) => inputTokens >= from).length
  return [JSON.stringify([origin, model, effort, tier, continuation, size]), JSON.stringify([origin, model, effort])]
}
