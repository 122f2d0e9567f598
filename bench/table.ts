import { type Baseline, kindOfRun, type NodeBaseline } from './baseline.ts'

/** A row of docs/speed.md: how many times as much one thing costs as another. */
export interface TableRow {
  readonly what: string
  readonly beside: string
  /** Key of the figure in the baseline. */
  readonly key: string
  /** The figure is a gain: how many times less, or how many times as many in the same time. */
  readonly isGain?: boolean
}

const BY_HAND = '`dispatch` of undici, parser and `JSON.parse` by hand'
const OPENAI = '`openai` SDK on its own fetch'

export const TABLE: readonly TableRow[] = [
  {
    what: 'CPU per event, typed stream',
    beside: BY_HAND,
    key: 'CPU per event, typed stream / one event per chunk',
  },
  {
    what: 'CPU per event, typed stream',
    beside: OPENAI,
    key: 'CPU per event, typed stream, times faster / one event per chunk',
    isGain: true,
  },
  {
    what: 'the same, events one by one, as a model sends them',
    beside: BY_HAND,
    key: 'CPU per event, typed stream / one event per TCP segment',
  },
  {
    what: 'the same, events one by one, as a model sends them',
    beside: OPENAI,
    key: 'CPU per event, typed stream, times faster / one event per TCP segment',
    isGain: true,
  },
  {
    what: 'CPU per event, `openai` SDK on `client.fetch`',
    beside: OPENAI,
    key: 'CPU per event, openai SDK on our fetch, times faster / one event per chunk',
    isGain: true,
  },
  {
    what: 'CPU per event, `client.fetch`, body read as bytes',
    beside: '`undici.fetch`',
    key: 'CPU per event, drop-in fetch, body read as bytes / one event per chunk',
  },
  {
    what: 'the same, in chunks of 16 KB',
    beside: '`undici.fetch`',
    key: 'CPU per event, drop-in fetch, body read as bytes / 16 KB chunks',
  },
  {
    what: 'CPU per short call, `client.fetch`',
    beside: '`undici.fetch`',
    key: 'short calls per second (20 events, 64 at a time), drop-in fetch, times as many / by CPU',
    isGain: true,
  },
  {
    what: 'CPU per short call, typed stream',
    beside: BY_HAND,
    key: 'short calls per second (20 events, 64 at a time), typed stream, times as many / by CPU',
    isGain: true,
  },
  {
    what: 'heap per waiting stream, typed',
    beside: '`dispatch` of undici by hand, a `Client` each',
    key: 'heap per waiting stream, 2 000 of them (quick: 500) / typed stream',
  },
  {
    what: 'heap per waiting stream, `client.fetch`',
    beside: '`dispatch` of undici by hand, a `Client` each',
    key: 'heap per waiting stream, 2 000 of them (quick: 500) / drop-in fetch',
  },
  {
    what: 'heap per waiting stream when 10 000 wait',
    beside: 'when 100 wait',
    key: 'heap per waiting typed stream, by their number / 10 000',
  },
  {
    what: 'CPU per TLS connect to an origin seen before',
    beside: '`new Client` of undici',
    key: 'a connect over TLS 1.3 to an origin seen before, CPU / fresh connection',
  },
  {
    what: 'time to the first event of a process, `client.fetch`',
    beside: '`undici.fetch`',
    key: 'from making a client to the first event of the first call of a process, least of all runs / drop-in fetch',
  },
  {
    what: 'time to import',
    beside: 'what it uses of undici, zod and eventsource-parser',
    key: 'time to import the package, built, least of all runs / all',
  },
]

/** The table of docs/speed.md, with a line that says what it shows. */
export function drawTable(baseline: Baseline): string {
  const columns = Object.values(baseline.nodes)
  const cells = [
    ['what', 'beside', ...columns.map(({ version }) => `Node ${version.slice(1)}`)],
    ...TABLE.map((row) => [row.what, row.beside, ...columns.map((column) => cell(row, column))]),
  ]
  const lines = cells.map((line) => `| ${line.join(' | ')} |`)
  lines.splice(1, 0, `| ${cells[0]?.map(() => '---').join(' | ')} |`)
  const note = 'How many times as much the first costs as the second, side by side; below 1 is less'
  return [`${note} (${kindOfRun(baseline)}).`, '', ...lines].join('\n')
}

function cell({ key, isGain = false }: TableRow, { figures }: NodeBaseline): string {
  const figure = figures[key]
  if (figure === undefined) return '–'
  return `${(isGain ? 1 / figure : figure).toFixed(2)} ×`
}
