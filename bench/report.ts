import { padEnd, padStart, type Terminal } from '../demo/terminal.ts'
import { PARTICIPANTS, type Size, type Spread, spreadOf, unitsOf, type WorkloadName, workloads } from './measures.ts'
import { NAMES, TITLES } from './names.ts'
import type { RoundsResult } from './rounds.ts'
import { type Part, targetText, type Verdict, verdictOf } from './row.ts'
import { ROWS } from './rows.ts'

const LABEL_WIDTH = 74
const TARGET_WIDTH = 8
const COLUMN_WIDTH = 24

const STYLES: Readonly<Record<Verdict, Parameters<Terminal['paint']>[0]>> = {
  reached: 'green',
  missed: 'red',
  open: 'dim',
}
const SIGNS: Readonly<Record<Verdict, string>> = { reached: '✓', missed: '✕', open: ' ' }

/** The ratios with their targets, one column for each Node. Rows that were not measured are omitted. */
export function drawRatios(terminal: Terminal, results: readonly RoundsResult[]): string[] {
  const head = results.map(({ version }) => padStart(terminal.paint('bold', `Node ${version.slice(1)}`), COLUMN_WIDTH))
  return [
    `${' '.repeat(LABEL_WIDTH)}${padStart('target', TARGET_WIDTH)}${head.join('')}`,
    ...ROWS.flatMap((row) => {
      const parts = row.parts.flatMap((part) => drawPart(terminal, part, results))
      const title = [terminal.paint('bold', row.title), terminal.paint('dim', `  against ${row.against}`)]
      return parts.length === 0 ? [] : ['', ...title, ...parts]
    }),
  ]
}

function drawPart(terminal: Terminal, part: Part, results: readonly RoundsResult[]): string[] {
  const spreads = results.map(({ measures, probes }) => part.measure(measures, probes))
  if (spreads.every(({ median }) => Number.isNaN(median))) return []
  const cells = results.map(({ version }, at) => {
    const spread = spreads[at] as Spread
    const verdict = verdictOf(part, spread, version)
    const text = `${SIGNS[verdict]} ${withUnit(spread, part.unit)}`
    return padStart(terminal.paint(STYLES[verdict], text), COLUMN_WIDTH)
  })
  return [`${padEnd(`  ${part.label}`, LABEL_WIDTH)}${padStart(targetText(part), TARGET_WIDTH)}${cells.join('')}`]
}

/** The values behind the ratios. */
export function drawMeasures(terminal: Terminal, result: RoundsResult, size: Size): string[] {
  const lines = [
    terminal.paint(
      'bold',
      `Measured on Node ${result.version.slice(1)}, µs: median of ${result.rounds} rounds (least – most)`,
    ),
  ]
  for (const [name, workload] of Object.entries(workloads(size)) as Array<
    [WorkloadName, ReturnType<typeof workloads>[WorkloadName]]
  >) {
    if (Object.keys(result.measures[name]).length === 0) continue
    const { unit, units } = unitsOf(workload)
    lines.push('', `  ${TITLES[name]}`)
    for (const contestant of PARTICIPANTS[name]) {
      const list = result.measures[name][contestant] ?? []
      const cpu = spreadOf(list.map(({ cpuUs }) => cpuUs / units))
      const wall = spreadOf(list.map(({ wallUs }) => wallUs / units))
      lines.push(
        `    ${padEnd(NAMES[contestant], 42)}${padStart(micros(cpu), 26)} CPU per ${padEnd(unit, 5)}${padStart(micros(wall), 26)} wall`,
      )
    }
  }
  return lines
}

function withUnit({ median, min, max }: Spread, unit = '×'): string {
  if (Number.isNaN(median)) return 'not measured'
  return `${median.toFixed(2)} ${unit} (${min.toFixed(2)} – ${max.toFixed(2)})`
}

function micros({ median, min, max }: Spread): string {
  const digits = median < 10 ? 2 : 0
  return `${median.toFixed(digits)} (${min.toFixed(digits)} – ${max.toFixed(digits)})`
}
