import type { SurvivalCurve } from './survival.ts'

/** What is known about one kind of call. */
export interface Evidence {
  /** From the exact kind to coarser kinds. */
  readonly curves: readonly SurvivalCurve[]
  /** When a silent attempt is suspect while nothing is known. */
  readonly coldStartMs: number
  /** Share of attempts that are dead on arrival. */
  readonly deadShare: number
}

/** This many samples of the finer kind count as much as the coarser kind. */
const SHRINKAGE = 20

/** The longest silence considered: one hour, later than every deadline. */
const LONGEST_MS = 3_600_000

/** Search steps: the result is exact to a thousandth of the longest silence or better. */
const STEPS = 40

/**
 * P(dead | silent for t) = d / (d + (1 − d) · S(t)), where d is the share of attempts that are dead on arrival, and
 * S(t) the share of live attempts that are still silent after t. Pure.
 */
export function deadProbabilityAt(silentMs: number, evidence: Evidence, deadProbability: number): number {
  const { deadShare } = evidence
  return deadShare / (deadShare + (1 - deadShare) * survivalAt(silentMs, evidence, deadProbability))
}

/** The silence after which an attempt is dead with `deadProbability`. Never below `minMs`. Pure. */
export function suspectAfterMs(evidence: Evidence, deadProbability: number, minMs: number): number {
  let silent = minMs
  let suspect = LONGEST_MS
  if (deadProbabilityAt(silent, evidence, deadProbability) >= deadProbability) return silent
  for (let step = 0; step < STEPS && suspect - silent > 1; step++) {
    const middle = (silent + suspect) / 2
    if (deadProbabilityAt(middle, evidence, deadProbability) >= deadProbability) suspect = middle
    else silent = middle
  }
  return Math.ceil(suspect)
}

/** With few samples a curve is blended with the next coarser one, and the coarsest with the cold start. */
function survivalAt(ms: number, { curves, coldStartMs, deadShare }: Evidence, deadProbability: number): number {
  // The curve with which the rule fires at the cold start, for any share of dead attempts.
  const enough = (deadShare * (1 - deadProbability)) / (deadProbability * (1 - deadShare))
  let logSurvival = (ms / coldStartMs) * Math.log(Math.min(enough, MOST_COLD_SURVIVAL))
  for (const curve of curves.toReversed()) {
    const own = curve.samples / (curve.samples + SHRINKAGE)
    logSurvival = own * Math.log(curve.at(ms)) + (1 - own) * logSurvival
  }
  return Math.exp(logSurvival)
}

/** Upper bound for the cold-start curve, which would otherwise become flat when many attempts are dead. */
const MOST_COLD_SURVIVAL = 0.5
