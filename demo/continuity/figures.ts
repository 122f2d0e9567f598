import { padEnd, padStart, type Terminal } from '../terminal.ts'
import { type Totals, type TurnFigures, totalsOf } from './measure.ts'
import { count } from './numbers.ts'
import type { Lane, Run } from './run.ts'

const COLUMNS = [
  { title: 'sent', width: 8 },
  { title: 'again', width: 7 },
  { title: 'rq', width: 3 },
  { title: 'er', width: 3 },
] as const
const LANE_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width, 0)
const WAY_WIDTH = 11
const HEAD_WIDTH = 3 + WAY_WIDTH

/** All figures of the run, one line for each turn, and the sums. Within 80 columns. */
export function drawFigures(terminal: Terminal, run: Run): string[] {
  const lanes: readonly Lane[] = [run.naive, run.openaiSdk, run.resilient]
  const cells = (of: (lane: Lane) => string): string => lanes.map((lane) => of(lane)).join('')
  const rule = terminal.paint('dim', `  ${'─'.repeat(HEAD_WIDTH + lanes.length * LANE_WIDTH)}`)
  const titles = COLUMNS.map(({ title, width }) => padStart(title, width)).join('')
  return [
    `  ${' '.repeat(HEAD_WIDTH)}${cells(({ name }) => padStart(terminal.paint('bold', name), LANE_WIDTH))}`,
    terminal.paint('dim', `  ${padStart('', 2)} ${padEnd('lost by', WAY_WIDTH)}${cells(() => titles)}`),
    rule,
    ...run.losses.map(({ turn, name }, index) => {
      const figures = cells(({ turns }) => ofTurn(terminal, turns[index] as TurnFigures))
      return `  ${padStart(String(turn), 2)} ${padEnd(name, WAY_WIDTH)}${figures}`
    }),
    rule,
    `  ${padEnd(terminal.paint('bold', 'in all'), HEAD_WIDTH)}${cells(({ turns }) => row(terminal, totalsOf(turns)))}`,
    rule,
    terminal.paint('dim', '  again: sent before in the same turn.   rq: requests that reached the endpoint.'),
    terminal.paint('dim', '  er: errors that the agent got.'),
  ]
}

function ofTurn(terminal: Terminal, { sent, retried, attempts, errors }: TurnFigures): string {
  return row(terminal, { sent, retried, attempts, errors: errors.length })
}

function row(terminal: Terminal, { sent, retried, attempts, errors }: Totals): string {
  const values = [
    count(sent),
    terminal.paint('dim', retried === 0 ? '–' : count(retried)),
    String(attempts),
    errors === 0 ? terminal.paint('dim', '–') : terminal.paint('red', String(errors)),
  ]
  return values.map((value, column) => padStart(value, COLUMNS[column]?.width ?? 0)).join('')
}
