import { ms, positiveMs, probability, share, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** When a silent attempt gets a second one beside it. What is learnt about an origin is shared by a client and its views. */
export interface HedgeOptions {
  /**
   * A plain rule instead of the learnt one: a second attempt after this much silence, whatever is known of the origin.
   * Milliseconds, from 1; default: none, the learnt rule. Replaces `deadProbability` and `minMs`, which are refused beside it.
   */
  readonly afterMs?: number | undefined
  /**
   * The learnt rule: how likely an attempt must be dead, from what is known of the origin and of such calls. More than 0,
   * less than 1; default 0.8. Until enough is known an attempt counts as that likely dead after 10 s of silence (medium
   * effort 20 s, high 45 s, higher 90 s, and 10 s more for every 50 K tokens of input).
   */
  readonly deadProbability?: number | undefined
  /** The learnt rule: no hedge before this much silence. Milliseconds, default 3 000. */
  readonly minMs?: number | undefined
  /**
   * Attempts of one call at a time, the original included. 2 to 10; default 3, and 2 with `afterMs`. When all of them are
   * silent for too long, the learnt rule ends the oldest hedge for a new one. With `afterMs` no hedge is replaced: each
   * attempt that a retry starts gets at most `maxConcurrent - 1` hedges, one after every `afterMs`.
   */
  readonly maxConcurrent?: number | undefined
  /** The share of calls whose hedge may lose, in the long run. 0 to 1, default 0.1. */
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
