import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import { HedgeBudget } from './hedge-budget.ts'
import { deadProbabilityAt, suspectAfterMs } from './hedge-rule.ts'
import { LatencyModel } from './latency-model.ts'
import { Recovery } from './recovery.ts'

/** How a client hedges. */
export interface HedgeSettings {
  /** Silence in milliseconds after which an attempt is hedged; `undefined`: the learnt rule decides. */
  readonly afterMs: number | undefined
  readonly deadProbability: number
  readonly minMs: number
  readonly maxConcurrent: number
  readonly maxExtraShare: number
}

/** What first-event times depend on. */
export interface HedgeTraits {
  readonly origin: string
  readonly model: string
  readonly effort: string
  readonly tier: string
  readonly continuation: boolean
  readonly inputTokens: number
}

/** After the endpoint asked for less, more than one attempt of a call at a time would be an answer to the contrary. */
const QUIET_AFTER_PUSHBACK_MS = 30_000

const MAX_ORIGINS = 256

/** What is learnt about one origin as a whole: connections die whatever the model. */
interface OriginHealth {
  readonly deadShare: DeadShare
  readonly recovery: Recovery
  pushedBackAt: number
}

/** Why there is no hedge. */
export type HedgeRefusal = 'pushback' | 'budget'

/** What a hedge costs, to be given back when it won, or never went out: then it cost nothing. */
export interface HedgeStake {
  giveBack(): void
}

/** What the hedges of one client and its views have in common: what was learnt, and what they may waste. */
export class Hedging {
  readonly #clock: Clock
  readonly #model: LatencyModel
  readonly #origins = new RecentMap<string, OriginHealth>(MAX_ORIGINS)
  readonly budget = new HedgeBudget()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#model = new LatencyModel(clock)
  }

  planFor(traits: HedgeTraits, settings: HedgeSettings): HedgePlan {
    const origin = this.#origins.obtain(traits.origin, () => ({
      deadShare: new DeadShare(),
      recovery: new Recovery(),
      pushedBackAt: -Infinity,
    }))
    return new HedgePlan(this.#clock, this.#model, origin, this.budget, traits, settings)
  }
}

/** When one call may be hedged, and what its attempts teach. */
export class HedgePlan {
  readonly settings: HedgeSettings
  readonly #clock: Clock
  readonly #model: LatencyModel
  readonly #origin: OriginHealth
  readonly #budget: HedgeBudget
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
    this.#budget = budget
    this.#keys = keysOf(traits)
    this.#coldStartMs = coldStartMs(traits)
  }

  /** Milliseconds of silence after which an attempt is hedged. */
  suspectAfterMs(): number {
    const { afterMs, deadProbability, minMs } = this.settings
    if (afterMs !== undefined) return afterMs
    return suspectAfterMs(this.#evidence(), deadProbability, minMs)
  }

  /** The probability that an attempt silent for so long is dead. */
  deadProbabilityAt(silentMs: number): number {
    return deadProbabilityAt(silentMs, this.#evidence(), this.settings.deadProbability)
  }

  /**
   * Takes what a hedge costs, or says why there is none.
   *
   * @param silentSince when the call's latest attempt began.
   */
  take(silentSince: number): HedgeStake | HedgeRefusal {
    const { pushedBackAt, recovery } = this.#origin
    if (this.#clock.now() - pushedBackAt < QUIET_AFTER_PUSHBACK_MS) return 'pushback'
    if (this.#budget.withdraw()) return this.#budget
    return recovery.grant(silentSince) ? recovery : 'budget'
  }

  callEnded(): void {
    this.#budget.deposit(this.settings.maxExtraShare)
  }

  /** An attempt's first event came after so long. */
  answered(ms: number): void {
    this.#model.add(this.#keys, 'answered', ms)
    this.#origin.deadShare.add(0)
    this.#origin.recovery.answered(this.#clock.now())
  }

  /** An attempt was given up while it was silent: whether it was dead is known only as a probability. */
  givenUp(silentMs: number): void {
    const dead = this.deadProbabilityAt(silentMs)
    this.#model.add(this.#keys, 'givenUp', silentMs, 1 - dead)
    this.#origin.deadShare.add(dead)
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

/** The share of attempts dead on arrival: a moving average in which 20 attempts halve the weight of those before. */
class DeadShare {
  static readonly #WEIGHT = 1 - 2 ** (-1 / 20)
  static readonly #LEAST = 0.002
  static readonly #MOST = 0.5
  #average = 0

  /** From 0.2 % to 50 %: no connection is beyond suspicion, and no outage makes every silence a death. */
  get value(): number {
    return Math.min(DeadShare.#MOST, Math.max(DeadShare.#LEAST, this.#average))
  }

  add(probability: number): void {
    this.#average += DeadShare.#WEIGHT * (probability - this.#average)
  }
}

/** Until more is known: by effort, in seconds. What is not known by name was added later, and efforts are added at the top. */
const COLD_START_S: Readonly<Record<string, number>> = { none: 10, minimal: 10, low: 10, '': 10, medium: 20, high: 45 }
const COLD_START_HIGHEST_S = 90
const COLD_START_PER_INPUT_S = 10
const INPUT_STEP_TOKENS = 50_000

function coldStartMs({ effort, inputTokens }: HedgeTraits): number {
  const byEffort = Object.hasOwn(COLD_START_S, effort) ? (COLD_START_S[effort] as number) : COLD_START_HIGHEST_S
  return (byEffort + COLD_START_PER_INPUT_S * Math.floor(inputTokens / INPUT_STEP_TOKENS)) * 1000
}

/** Input sizes between which first-event times differ: the steps of `ttfbMs: 'auto'`. */
const INPUT_BUCKETS = [10_000, 50_000, 100_000]

/** The same call seen ever more coarsely. */
function keysOf({ origin, model, effort, tier, continuation, inputTokens }: HedgeTraits): string[] {
  const size = INPUT_BUCKETS.filter((from) => inputTokens >= from).length
  return [JSON.stringify([origin, model, effort, tier, continuation, size]), JSON.stringify([origin, model, effort])]
}
