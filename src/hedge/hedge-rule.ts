import type { SurvivalCurve } from './survival.ts'

/** What the rule knows of one kind of call. */
export interface Evidence {
  /** From the kind itself to coarser ones. */
  readonly curves: readonly SurvivalCurve[]
  /** When a silent attempt is suspect as long as nothing is known. */
  readonly coldStartMs: number
  /** The share of attempts that are dead on arrival. */
  readonly deadShare: number
}

/** As many samples of the coarser kind count as much as the finer kind's own. */
const SHRINKAGE = 20

/** No silence is looked at for longer: an hour is past every deadline. */
const LONGEST_MS = 3_600_000

/** How far the search for that moment goes: to a thousandth of the longest silence and better. */
const STEPS = 40

/**
 * P(dead | silent for t) = d / (d + (1 − d) · S(t)), where d is the share of attempts dead on arrival and S(t) the share of
 * live attempts still silent after t. Pure.
 */
export function deadProbabilityAt(silentMs: number, evidence: Evidence, deadProbability: number): number {
  const { deadShare } = evidence
  return deadShare / (deadShare + (1 - deadShare) * survivalAt(silentMs, evidence, deadProbability))
}

/** The silence after which an attempt is dead with a probability of `deadProbability`; never below `minMs`. Pure. */
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

/** While samples are few, a curve gives way to the next coarser one, and the last of them to the cold start. */
function survivalAt(ms: number, { curves, coldStartMs, deadShare }: Evidence, deadProbability: number): number {
  // The curve by which the rule fires at the cold start, whatever the share of the dead.
  const enough = (deadShare * (1 - deadProbability)) / (deadProbability * (1 - deadShare))
  let logSurvival = (ms / coldStartMs) * Math.log(Math.min(enough, MOST_COLD_SURVIVAL))
  for (const curve of curves.toReversed()) {
    const own = curve.samples / (curve.samples + SHRINKAGE)
    logSurvival = own * Math.log(curve.at(ms)) + (1 - own) * logSurvival
  }
  return Math.exp(logSurvival)
}

/** With half of all attempts dead a quarter of the live ones may be silent; more would make a flat curve of it. */
const MOST_COLD_SURVIVAL = 0.5
