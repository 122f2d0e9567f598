import { type Measures, majorOf, type Spread, spreadOf } from './measures.ts'
import type { ProbeName } from './probes/contract.ts'
import { type ProbeMeasures, probeKey } from './probes/rounds.ts'

export interface Row {
  readonly title: string
  readonly against: string
  readonly parts: readonly Part[]
}

/** One ratio and its target. */
export interface Part {
  readonly label: string
  /** Of figures that are not ratios. */
  readonly unit?: string
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | 'information'
  /** The major version of Node that the target applies to, if not to all. */
  readonly onNode?: string
  measure(measures: Measures, probes: ProbeMeasures): Spread
}

/** The name of a part of a row by itself. */
export function keyOf({ title }: Row, { label, unit = '×' }: Part): string {
  return `${title} / ${label}${unit === '×' || unit === '' ? '' : `, ${unit}`}`
}

export type Verdict = 'reached' | 'missed' | 'open'

export function verdictOf({ target, onNode }: Part, { median }: Spread, version: string): Verdict {
  if (typeof target === 'string' || Number.isNaN(median)) return 'open'
  if (onNode !== undefined && onNode !== majorOf(version)) return 'open'
  const reached = 'atMost' in target ? median <= target.atMost : median >= target.atLeast
  return reached ? 'reached' : 'missed'
}

export function targetText({ target, unit = '×' }: Part): string {
  if (typeof target === 'string') return '–'
  const [sign, value] = 'atMost' in target ? ['≤', target.atMost] : ['≥', target.atLeast]
  return `${sign} ${value} ${unit}`.trim()
}

export function probeValue(probe: ProbeName, variant: string): Part['measure'] {
  return (_measures, probes) => spreadOf(probes[probeKey(probe, variant)] ?? [])
}

export function thousandths(probe: ProbeName, variant: string): Part['measure'] {
  return (_measures, probes) => spreadOf((probes[probeKey(probe, variant)] ?? []).map((value) => value / 1000))
}

export function probeRatio(probe: ProbeName, over: string, under: string): Part['measure'] {
  return (_measures, probes) => {
    const below = probes[probeKey(probe, under)] ?? []
    return spreadOf((probes[probeKey(probe, over)] ?? []).map((value, round) => value / (below[round] ?? Number.NaN)))
  }
}

/** The minimum of wall time in new processes, because other load only adds time. */
export function leastOf(probe: ProbeName, variant: string): Part['measure'] {
  return (_measures, probes) => spreadOf(least(probes[probeKey(probe, variant)]))
}

export function leastRatio(probe: ProbeName, over: string, under: string): Part['measure'] {
  return (_measures, probes) => {
    const [above] = least(probes[probeKey(probe, over)])
    const [below] = least(probes[probeKey(probe, under)])
    return spreadOf(above === undefined || below === undefined ? [] : [above / below])
  }
}

const least = (values: readonly number[] = []): number[] => (values.length === 0 ? [] : [Math.min(...values)])
