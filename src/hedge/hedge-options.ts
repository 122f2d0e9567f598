import { ms, positiveMs, probability, share, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** When a silent attempt gets a second one beside it. A client and its views share what is learnt about an origin. */
export interface HedgeOptions {
  /**
   * A fixed rule in place of the learnt one: a second attempt after this much silence. Milliseconds, from 1; default:
   * the learnt rule. Replaces `deadProbability` and `minMs`, which are refused beside it.
   */
  readonly afterMs?: number | undefined
  /**
   * The learnt rule: start a hedge when an attempt is dead with this probability, judged by earlier calls of this kind
   * to the origin. More than 0, less than 1; default 0.8. Until enough is known the probability is reached after 10 s
   * of silence (medium effort 20 s, high 45 s, higher 90 s, and 10 s more for every 50 K tokens of input).
   */
  readonly deadProbability?: number | undefined
  /** The learnt rule: the shortest silence before a hedge. Milliseconds, default 3 000. */
  readonly minMs?: number | undefined
  /**
   * Concurrent attempts of one call, including the original. 2 to 10; default 3, and 2 with `afterMs`. When all are
   * silent for too long, the learnt rule replaces the oldest hedge by a new one. With `afterMs` hedges are not
   * replaced: each attempt that a retry starts gets at most `maxConcurrent - 1` hedges, one after every `afterMs`.
   */
  readonly maxConcurrent?: number | undefined
  /** In the long run, the share of calls whose hedge may lose. 0 to 1, default 0.1. */
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
