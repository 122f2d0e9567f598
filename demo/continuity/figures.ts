import type { Terminal } from '../terminal.ts'
import { drawErrors, drawFigureTable } from './figure-table.ts'
import { type Totals, type TurnFigures, totalsOf } from './measure.ts'
import { count } from './numbers.ts'
import type { Run } from './run.ts'

const COLUMNS = [
  { title: 'sent', width: 8 },
  { title: 'again', width: 7 },
  { title: 'rq', width: 3 },
  { title: 'er', width: 3 },
] as const

/** All figures of the run, one line for each turn, and the sums. Within 80 columns. */
export function drawFigures(terminal: Terminal, run: Run): string[] {
  return drawFigureTable(terminal, {
    columns: COLUMNS,
    lanes: [run.naive, run.openaiSdk, run.resilient],
    turns: run.losses.map(({ turn, name }) => ({ turn, lostBy: name })),
    figuresOf({ turns }, index) {
      const { sent, retried, attempts, errors } = turns[index] as TurnFigures
      return row(terminal, { sent, retried, attempts, errors: errors.length })
    },
    totalsOf: ({ turns }) => row(terminal, totalsOf(turns)),
    notes: [
      'again: sent before in the same turn.   rq: requests that reached the endpoint.',
      'er: errors that the agent got.',
    ],
  })
}

function row(terminal: Terminal, { sent, retried, attempts, errors }: Totals): string[] {
  const again = terminal.paint('dim', retried === 0 ? '–' : count(retried))
  return [count(sent), again, String(attempts), drawErrors(terminal, errors)]
}
