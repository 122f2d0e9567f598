import { readFileSync } from 'node:fs'
import type { ContestantName } from './contract.ts'
import { majorOf, type Size, type Spread, spreadOf, unitsOf, type WorkloadName, workloads } from './measures.ts'
import type { RoundsResult } from './rounds.ts'
import { keyOf, type Part } from './row.ts'
import { ROWS } from './rows.ts'

/** A stored run. Later runs are compared with it, and the table and the chart of docs/speed.md are drawn from it. */
export interface Baseline {
  readonly quick: boolean
  /** Other load was on the machine at the start, so the figures are not reliable. */
  readonly busy: boolean
  /** By major version. */
  readonly nodes: Readonly<Record<string, NodeBaseline>>
}

export interface NodeBaseline {
  readonly version: string
  readonly rounds: number
  /** Medians of the figures of the table, by row and part, without what was not measured. */
  readonly figures: Readonly<Record<string, number>>
  /** Medians of the CPU per event or per call, microseconds. */
  readonly cpuUs: Readonly<Partial<Record<WorkloadName, Readonly<Partial<Record<ContestantName, number>>>>>>
}

export const BASELINE = new URL('./baseline.json', import.meta.url)

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline
}

export function baselineOf(
  results: readonly RoundsResult[],
  { quick, busy, ...size }: Size & Pick<Baseline, 'quick' | 'busy'>,
): Baseline {
  const nodes = results.map((result): [string, NodeBaseline] => {
    const { version, rounds, measures } = result
    const figures = figuresOf(result)
      .filter(({ spread }) => !Number.isNaN(spread.median))
      .map(({ key, spread }) => [key, rounded(spread.median)])
    const measured = Object.entries(workloads(size)).filter(
      ([name]) => Object.keys(measures[name as WorkloadName]).length > 0,
    )
    const cpuUs = measured.map(([name, workload]) => {
      const { units } = unitsOf(workload)
      const perContestant = Object.entries(measures[name as WorkloadName]).map(([contestant, list]) => [
        contestant,
        rounded(spreadOf(list.map((each) => each.cpuUs / units)).median),
      ])
      return [name, Object.fromEntries(perContestant)]
    })
    return [
      majorOf(version),
      { version, rounds, figures: Object.fromEntries(figures), cpuUs: Object.fromEntries(cpuUs) },
    ]
  })
  return { quick, busy, nodes: Object.fromEntries(nodes) }
}

/**
 * Completes a partial run with the stored figures.
 *
 * @throws when the versions of Node differ.
 */
export function completed(part: Baseline, known: Baseline): Baseline {
  const nodes = { ...known.nodes }
  for (const [major, measured] of Object.entries(part.nodes)) {
    const before = known.nodes[major]
    if (before?.version !== measured.version) {
      throw new Error(
        `${measured.version} was measured in part, and what is known is of ${before?.version ?? 'another'}`,
      )
    }
    const { rounds } = measured.rounds > 0 ? measured : before
    const [figures, cpuUs] = [
      { ...before.figures, ...measured.figures },
      { ...before.cpuUs, ...measured.cpuUs },
    ]
    nodes[major] = { ...before, rounds, figures, cpuUs }
  }
  return { quick: part.quick || known.quick, busy: part.busy || known.busy, nodes }
}

export interface Figure {
  readonly key: string
  readonly part: Part
  readonly spread: Spread
}

/** `medians of a quick run`, and whether the machine was busy. */
export function kindOfRun({ quick, busy }: Pick<Baseline, 'quick' | 'busy'>): string {
  const kind = quick ? 'a quick run' : 'a run'
  return `medians${quick || busy ? ` of ${kind}` : ''}${busy ? ' on a busy machine' : ''}`
}

/** All rows of the table, as measured. */
export function figuresOf({ measures, probes }: Pick<RoundsResult, 'measures' | 'probes'>): Figure[] {
  return ROWS.flatMap((row) =>
    row.parts.map((part) => ({ key: keyOf(row, part), part, spread: part.measure(measures, probes) })),
  )
}

const rounded = (value: number): number => Number(value.toPrecision(4))
