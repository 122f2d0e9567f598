import type { CallResult } from './contestant.ts'
import { padEnd, padStart, seconds, type Terminal } from './terminal.ts'

/** What one contestant came to. */
export interface Tally {
  readonly name: string
  readonly results: readonly CallResult[]
  /** As the server counted them; `undefined` where there is no server to ask. */
  readonly sockets: { readonly opened: number; readonly left: number } | undefined
}

interface Row {
  readonly label: string
  /** `wanted`: more is better and all is best; `unwanted`: any is bad; `plain`: a fact. */
  readonly kind: 'wanted' | 'unwanted' | 'plain'
  value(tally: Tally): number | undefined
  show?(value: number): string
}

const count = (outcome: CallResult['outcome']) => (tally: Tally) =>
  tally.results.filter((result) => result.outcome === outcome).length

const ROWS: readonly Row[] = [
  { label: 'succeeded', kind: 'wanted', value: count('succeeded') },
  { label: 'cut short, taken for whole', kind: 'unwanted', value: count('cut_short') },
  { label: 'failed', kind: 'unwanted', value: count('failed') },
  { label: 'unfinished', kind: 'unwanted', value: count('unfinished') },
  {
    label: 'hung until the wall clock',
    kind: 'unwanted',
    value: ({ results }) => results.filter(({ hung }) => hung).length,
  },
  { label: 'time, p50', kind: 'plain', value: (tally) => percentile(tally.results, 0.5), show: seconds },
  { label: 'time, p99', kind: 'plain', value: (tally) => percentile(tally.results, 0.99), show: seconds },
  {
    label: 'attempts',
    kind: 'plain',
    value: ({ results }) => results.reduce((sum, { trace }) => sum + trace.attempts, 0),
  },
  { label: 'sockets opened', kind: 'plain', value: ({ sockets }) => sockets?.opened },
  { label: 'sockets left', kind: 'unwanted', value: ({ sockets }) => sockets?.left },
]

/** One column per contestant, one row per fact. */
export function drawTable(terminal: Terminal, tallies: readonly Tally[]): string[] {
  const rows = ROWS.filter(({ label, value }) => {
    if (label === 'unfinished') return tallies.some((tally) => value(tally) !== 0)
    return tallies.some((tally) => value(tally) !== undefined)
  })
  const labelWidth = Math.max(...rows.map(({ label }) => label.length))
  const widths = tallies.map(({ name }) => Math.max(14, name.length))
  const rule = terminal.paint('dim', `  ${'─'.repeat(labelWidth + widths.reduce((sum, width) => sum + width + 3, 0))}`)
  const head = tallies.map(({ name }, index) => `   ${padStart(terminal.paint('bold', name), widths[index] ?? 0)}`)
  return [
    `  ${' '.repeat(labelWidth)}${head.join('')}`,
    rule,
    ...rows.map((row) => {
      const cells = tallies.map((tally, index) => `   ${padStart(cell(terminal, row, tally), widths[index] ?? 0)}`)
      return `  ${padEnd(row.label, labelWidth)}${cells.join('')}`
    }),
    rule,
  ]
}

function cell(terminal: Terminal, { kind, value, show = String }: Row, tally: Tally): string {
  const fact = value(tally)
  if (fact === undefined) return '–'
  const text = show(fact)
  switch (kind) {
    case 'wanted':
      return terminal.paint(fact === tally.results.length ? ['green', 'bold'] : 'yellow', text)
    case 'unwanted':
      return fact > 0 ? terminal.paint('red', text) : terminal.paint('green', text)
    case 'plain':
      return text
  }
}

/** The duration that a share of the calls stays within. */
function percentile(results: readonly CallResult[], share: number): number | undefined {
  const sorted = results.map(({ trace }) => trace.durationMs).sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}
