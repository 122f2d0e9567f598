import { ms, positiveMs, probability, share, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** When a silent attempt gets a second one beside it. A client and its views share what is learnt about an origin. */
export interface HedgeOptions {
  /**
   * Hedge after this much silence, whatever was measured. Milliseconds, from 1. Default: none, and `deadProbability` decides.
   * Beside it `deadProbability` and `minMs` are refused.
   */
  readonly afterMs?: number | undefined
  /**
   * Hedge when the silence makes it this likely that the attempt is dead, judged by the first events of earlier calls of this
   * kind. Above 0, below 1; default 0.8. Before there are such calls, 10 s of silence are enough (20 s at medium effort, 45 s at
   * high, 90 s above, and 10 s more for every 50 000 tokens of input).
   */
  readonly deadProbability?: number | undefined
  /** With `deadProbability`: the shortest silence before a hedge. Milliseconds, default 3 000. */
  readonly minMs?: number | undefined
  /**
   * Attempts of one call at a time, the first included. 2 to 10; default 3, and 2 with `afterMs`. If all are silent for too
   * long, a new hedge replaces the oldest. With `afterMs` hedges are not replaced; after a retry the count begins anew.
   */
  readonly maxConcurrent?: number | undefined
  /** How many of all calls may have a hedge that loses, in the long run. A share, 0 to 1, default 0.1. */
  readonly maxExtraShare?: number | undefined
}

export const hedgeRules = {
  afterMs: positiveMs,
  deadProbability: { ...probability, default: 0.8, formerly: 'suspicion' },
  minMs: { ...ms, default: 3000 },
  maxConcurrent: { ...whole(2, 10), default: 3, formerly: 'maxLegs' },
  maxExtraShare: { ...share, default: 0.1, formerly: 'maxWaste' },
} as const satisfies Rules<HedgeOptions>

export const HEDGE_ACCEPTS =
  "'auto', true, false, or an object with afterMs (from 1) or deadProbability (above 0, below 1) and minMs (from 0), maxConcurrent (2 to 10) and maxExtraShare (0 to 1)"
