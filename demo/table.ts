import type { CallResult } from './contestant.ts'
import { padEnd, padStart, seconds, type Terminal } from './terminal.ts'

/** The results of one contestant. */
export interface Tally {
  readonly name: string
  readonly results: readonly CallResult[]
  /** As the server counted them. `undefined` for a real endpoint. */
  readonly sockets: { readonly opened: number; readonly left: number } | undefined
  /** Milliseconds of a call to an endpoint that answers at once. `undefined` if not measured. */
  readonly ownMs?: number | undefined
}

interface Row {
  readonly label: string
  /** `wanted`: more is better, and all is best. `unwanted`: 0 is best. `plain`: a fact. */
  readonly kind: 'wanted' | 'unwanted' | 'plain'
  /** @param common the calls that every contestant answered right. */
  value(tally: Tally, common: ReadonlySet<number>): number | undefined
  show?(value: number): string
  /** Omitted if it is 0 for all. */
  readonly isRare?: boolean
  /** Compares only the calls that all have answered. Its label gets a star. */
  readonly isOfCommon?: boolean
}

const count = (outcome: CallResult['outcome']) => (tally: Tally) =>
  tally.results.filter((result) => result.outcome === outcome).length

const timeAt = (share: number) => (tally: Tally, common: ReadonlySet<number>) =>
  percentile(
    rightOnes(tally).filter(({ call }) => common.has(call)),
    share,
  )

const ROWS: readonly Row[] = [
  { label: 'calls', kind: 'plain', value: ({ results }) => results.length },
  { label: '  right answer', kind: 'wanted', value: count('succeeded') },
  { label: '  cut, taken for whole', kind: 'unwanted', value: count('cut_short') },
  { label: '  failed', kind: 'unwanted', value: count('failed') },
  { label: '  unfinished', kind: 'unwanted', value: count('unfinished'), isRare: true },
  {
    label: 'sat out a wall clock',
    kind: 'unwanted',
    value: ({ results }) => results.filter(({ hung }) => hung).length,
  },
  { label: 'time, p50', kind: 'plain', value: timeAt(0.5), show: seconds, isOfCommon: true },
  { label: 'time, p95', kind: 'plain', value: timeAt(0.95), show: seconds, isOfCommon: true },
  { label: 'time, p99', kind: 'plain', value: timeAt(0.99), show: seconds, isOfCommon: true },
  {
    label: 'slowest right answer',
    kind: 'plain',
    value: (tally) => percentile(rightOnes(tally), 1),
    show: seconds,
  },
  {
    label: 'requests',
    kind: 'plain',
    value: ({ results }) => results.reduce((sum, { attempts }) => sum + attempts.length, 0),
  },
  { label: 'sockets opened', kind: 'plain', value: ({ sockets }) => sockets?.opened },
  { label: 'sockets left', kind: 'unwanted', value: ({ sockets }) => sockets?.left },
  {
    label: 'client and server, a call',
    kind: 'plain',
    value: ({ ownMs }) => ownMs,
    show: (ms) => `${ms.toFixed(1)} ms`,
  },
]

/** The calls that every contestant answered right. Only their times are compared. */
export function commonCalls(tallies: readonly Tally[]): ReadonlySet<number> {
  const [first, ...others] = tallies.map((tally) => new Set(rightOnes(tally).map(({ call }) => call)))
  return new Set([...(first ?? [])].filter((call) => others.every((calls) => calls.has(call))))
}

/** One column per contestant, one row per fact. Within 80 columns for four contestants. */
export function drawTable(terminal: Terminal, tallies: readonly Tally[]): string[] {
  const common = commonCalls(tallies)
  const rows = ROWS.filter(({ value, isRare }) => {
    const values = tallies.map((tally) => value(tally, common))
    return values.some((fact) => fact !== undefined && !(isRare && fact === 0))
  })
  const labelOf = ({ label, isOfCommon }: Row): string => (isOfCommon && tallies.length > 1 ? `${label} *` : label)
  const labelWidth = Math.max(...rows.map((row) => labelOf(row).length))
  const widths = tallies.map(({ name }) => Math.max(9, name.length))
  const rule = terminal.paint('dim', `  ${'─'.repeat(labelWidth + widths.reduce((sum, width) => sum + width + 3, 0))}`)
  const head = tallies.map(({ name }, index) => `   ${padStart(terminal.paint('bold', name), widths[index] ?? 0)}`)
  return [
    `  ${' '.repeat(labelWidth)}${head.join('')}`,
    rule,
    ...rows.map((row) => {
      const cells = tallies.map(
        (tally, index) => `   ${padStart(cell(terminal, row, tally, common), widths[index] ?? 0)}`,
      )
      return `  ${padEnd(labelOf(row), labelWidth)}${cells.join('')}`
    }),
    rule,
  ]
}

function cell(
  terminal: Terminal,
  { kind, value, show = String }: Row,
  tally: Tally,
  common: ReadonlySet<number>,
): string {
  const fact = value(tally, common)
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

function rightOnes({ results }: Tally): CallResult[] {
  return results.filter(({ outcome }) => outcome === 'succeeded')
}

/** The duration that this share of the calls does not exceed. */
function percentile(results: readonly CallResult[], share: number): number | undefined {
  const sorted = results.map(({ durationMs }) => durationMs).sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}
