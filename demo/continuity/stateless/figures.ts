import type { Terminal } from '../../terminal.ts'
import { drawErrors, drawFigureTable } from '../figure-table.ts'
import { count } from '../numbers.ts'
import { type UploadFigures, type UploadTotals, uploadTotals } from './measure.ts'
import type { StatelessRun } from './run.ts'

const COLUMNS = [
  { title: 'KB', width: 8 },
  { title: 'again', width: 8 },
  { title: 'tokens', width: 9 },
  { title: 'rq', width: 4 },
  { title: 'er', width: 3 },
] as const

/** All figures of the run, one line for each turn, and the sums. Within 80 columns. */
export function drawUploadFigures(terminal: Terminal, run: StatelessRun): string[] {
  return drawFigureTable(terminal, {
    columns: COLUMNS,
    lanes: [run.overHttp, run.overSockets],
    turns: run.overSockets.turns.map(({ turn }) => ({
      turn,
      lostBy: run.losses.find((loss) => loss.turn === turn)?.name ?? '',
    })),
    figuresOf({ turns }, index) {
      const { errors, ...figures } = turns[index] as UploadFigures
      return row(terminal, { ...figures, errors: errors.length })
    },
    totalsOf: ({ turns }) => row(terminal, uploadTotals(turns)),
    notes: [
      'again: KB of the request after a loss.  rq: requests.  er: errors.',
      'tokens: of the input that was sent. Endpoints bill the whole conversation.',
    ],
  })
}

function row(terminal: Terminal, { first, again, tokens, attempts, errors }: UploadTotals): string[] {
  const repeated = terminal.paint('dim', again === 0 ? '–' : inKB(again))
  return [inKB(first), repeated, count(tokens), String(attempts), drawErrors(terminal, errors)]
}

/** `2,978.1` */
function inKB(bytes: number): string {
  return (bytes / 1000).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
}
