import { readFileSync } from 'node:fs'
import type { Spread } from './measures.ts'
import type { Part } from './rows.ts'

/** The ratios of a run that was kept: by Node's major version, row and part. */
export type Baseline = Readonly<Record<string, Readonly<Record<string, number>>>>

/** A shared machine moves a ratio by this much from run to run; what is worse than that has become slower. */
const TOLERANCE = 0.25

export const BASELINE = new URL('./baseline.json', import.meta.url)

export interface Checked {
  readonly version: string
  readonly parts: ReadonlyArray<{ readonly key: string; readonly part: Part; readonly spread: Spread }>
}

export const majorOf = (version: string): string => version.replace(/^v/, '').split('.')[0] ?? ''

export function baselineOf(results: readonly Checked[]): Baseline {
  const rows = results.map(({ version, parts }) => [
    majorOf(version),
    Object.fromEntries(
      parts.filter(({ part }) => isChecked(part)).map(({ key, spread }) => [key, Number(spread.median.toFixed(3))]),
    ),
  ])
  return Object.fromEntries(rows)
}

/** What has become worse than the baseline allows, one line each. Only ratios with a target are held against it. */
export function regressions(results: readonly Checked[], baseline = readBaseline()): string[] {
  return results.flatMap(({ version, parts }) => {
    const before = baseline[majorOf(version)] ?? {}
    return parts.flatMap(({ key, part, spread }) => {
      const kept = before[key]
      if (kept === undefined || !isChecked(part) || Number.isNaN(spread.median)) return []
      const least = typeof part.target === 'object' && 'atLeast' in part.target
      const worse = least ? spread.median < kept * (1 - TOLERANCE) : spread.median > kept * (1 + TOLERANCE)
      return worse ? [`${version} ${key}: ${kept} became ${spread.median.toFixed(2)}`] : []
    })
  })
}

function isChecked({ target }: Part): boolean {
  return typeof target === 'object'
}

function readBaseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline
}
