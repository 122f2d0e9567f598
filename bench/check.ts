import type { Baseline, Figure } from './baseline.ts'
import { majorOf } from './measures.ts'
import type { Part } from './row.ts'

/** On a shared machine a ratio varies this much between runs. Larger changes are real. */
const TOLERANCE = 0.25

/** The measurements of one Node. */
export interface Checked {
  readonly version: string
  readonly figures: readonly Figure[]
}

/** What is worse than the baseline allows, one line each. Only ratios with a target are compared. */
export function regressions(results: readonly Checked[], baseline: Baseline): string[] {
  return results.flatMap(({ version, figures }) => {
    const before = baseline.nodes[majorOf(version)]?.figures ?? {}
    return figures.flatMap(({ key, part, spread: { median } }) => {
      const kept = before[key]
      if (kept === undefined || Number.isNaN(median) || !isWorse(part, median, kept)) return []
      return [`Node ${version.slice(1)}, ${key}: ${kept} became ${median.toFixed(2)}`]
    })
  })
}

function isWorse({ target }: Part, median: number, kept: number): boolean {
  if (typeof target === 'string') return false
  return 'atLeast' in target ? median < kept * (1 - TOLERANCE) : median > kept * (1 + TOLERANCE)
}
