import { padEnd, padStart, type Terminal } from '../demo/terminal.ts'
import type { ContestantName } from './contract.ts'
import { PARTICIPANTS, type Size, type Spread, spreadOf, type WorkloadName, workloads } from './measures.ts'
import type { RoundsResult } from './rounds.ts'
import { ROWS, targetText, type Verdict, verdictOf } from './rows.ts'
import { EVENTS_AROUND } from './streams.ts'

const LABEL_WIDTH = 74
const TARGET_WIDTH = 8
const COLUMN_WIDTH = 24

const STYLES: Readonly<Record<Verdict, Parameters<Terminal['paint']>[0]>> = {
  reached: 'green',
  missed: 'red',
  open: 'dim',
}
const SIGNS: Readonly<Record<Verdict, string>> = { reached: '✓', missed: '✕', open: ' ' }

/** The ratios with their targets, one column per Node. */
export function drawRatios(terminal: Terminal, results: readonly RoundsResult[]): string[] {
  const head = results.map(({ version }) => padStart(terminal.paint('bold', `Node ${version.slice(1)}`), COLUMN_WIDTH))
  return [
    `${' '.repeat(LABEL_WIDTH)}${padStart('target', TARGET_WIDTH)}${head.join('')}`,
    ...ROWS.flatMap((row) => [
      '',
      terminal.paint('bold', row.title),
      terminal.paint('dim', `  against ${row.against}`),
      ...row.parts.map((part) => {
        const cells = results.map(({ measures, probes }) => {
          const spread = part.measure(measures, probes)
          const verdict = verdictOf(part, spread)
          const text = `${SIGNS[verdict]} ${withUnit(spread, part.unit)}`
          return padStart(terminal.paint(STYLES[verdict], text), COLUMN_WIDTH)
        })
        return `${padEnd(`  ${part.label}`, LABEL_WIDTH)}${padStart(targetText(part), TARGET_WIDTH)}${cells.join('')}`
      }),
    ]),
  ]
}

/** What the ratios are made of. */
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
    const isShort = workload.calls > 1
    const units = isShort ? workload.calls : workload.deltas + EVENTS_AROUND
    lines.push('', `  ${TITLES[name]}`)
    for (const contestant of PARTICIPANTS[name]) {
      const list = result.measures[name][contestant] ?? []
      const cpu = spreadOf(list.map(({ cpuUs }) => cpuUs / units))
      const wall = spreadOf(list.map(({ wallUs }) => wallUs / units))
      const unit = isShort ? 'call ' : 'event'
      lines.push(
        `    ${padEnd(NAMES[contestant], 42)}${padStart(micros(cpu), 26)} CPU per ${unit}${padStart(micros(wall), 26)} wall`,
      )
    }
  }
  return lines
}

export const TITLES: Readonly<Record<WorkloadName, string>> = {
  bytes_event: 'one stream, body read as bytes, one event per HTTP chunk',
  bytes_block: 'one stream, body read as bytes, HTTP chunks of 16 KB',
  events_event: 'one stream, every event parsed, one event per HTTP chunk',
  events_block: 'one stream, every event parsed, HTTP chunks of 16 KB',
  events_segment: 'one stream, every event parsed, one event per TCP segment',
  short_bytes: 'short calls, 20 events each, 64 at a time, bodies read as bytes',
  short_events: 'short calls, 20 events each, 64 at a time, every event parsed',
}

export const NAMES: Readonly<Record<ContestantName, string>> = {
  typed: 'typed stream',
  drop_in: 'drop-in fetch',
  undici_fetch: 'undici.fetch',
  dispatch: 'undici dispatch by hand',
  openai_default: 'openai SDK on its default fetch',
  openai_on_ours: 'openai SDK on our fetch',
  ai_default: 'AI SDK on its default fetch',
  ai_on_ours: 'AI SDK on our fetch',
}

function withUnit({ median, min, max }: Spread, unit = '×'): string {
  if (Number.isNaN(median)) return 'not measured'
  return `${median.toFixed(2)} ${unit} (${min.toFixed(2)} – ${max.toFixed(2)})`
}

function micros({ median, min, max }: Spread): string {
  const digits = median < 10 ? 2 : 0
  return `${median.toFixed(digits)} (${min.toFixed(digits)} – ${max.toFixed(digits)})`
}
