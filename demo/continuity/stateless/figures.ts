import { padEnd, padStart, type Terminal } from '../../terminal.ts'
import { count } from '../numbers.ts'
import { type UploadFigures, type UploadTotals, uploadTotals } from './measure.ts'
import type { StatelessRun, UploadLane } from './run.ts'

const COLUMNS = [
  { title: 'KB', width: 8 },
  { title: 'again', width: 8 },
  { title: 'tokens', width: 9 },
  { title: 'rq', width: 4 },
  { title: 'er', width: 3 },
] as const
const LANE_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width, 0)
const WAY_WIDTH = 11
const HEAD_WIDTH = 3 + WAY_WIDTH

/** All figures of the run, one line for each turn, and the sums. Within 80 columns. */
export function drawUploadFigures(terminal: Terminal, run: StatelessRun): string[] {
  const lanes: readonly UploadLane[] = [run.overHttp, run.overSockets]
  const cells = (of: (lane: UploadLane) => string): string => lanes.map((lane) => of(lane)).join('')
  const rule = terminal.paint('dim', `  ${'─'.repeat(HEAD_WIDTH + lanes.length * LANE_WIDTH)}`)
  const titles = COLUMNS.map(({ title, width }) => padStart(title, width)).join('')
  return [
    `  ${' '.repeat(HEAD_WIDTH)}${cells(({ name }) => padStart(terminal.paint('bold', name), LANE_WIDTH))}`,
    terminal.paint('dim', `  ${padStart('', 2)} ${padEnd('lost by', WAY_WIDTH)}${cells(() => titles)}`),
    rule,
    ...run.overSockets.turns.map(({ turn }, index) => {
      const name = run.losses.find((loss) => loss.turn === turn)?.name ?? ''
      const figures = cells(({ turns }) => ofTurn(terminal, turns[index] as UploadFigures))
      return `  ${padStart(String(turn), 2)} ${padEnd(name, WAY_WIDTH)}${figures}`
    }),
    rule,
    `  ${padEnd(terminal.paint('bold', 'in all'), HEAD_WIDTH)}${cells(({ turns }) => row(terminal, uploadTotals(turns)))}`,
    rule,
    terminal.paint('dim', '  again: KB of the request after a loss.  rq: requests.  er: errors.'),
    terminal.paint('dim', '  tokens: of the input that was sent. Endpoints bill the whole conversation.'),
  ]
}

function ofTurn(terminal: Terminal, { errors, ...figures }: UploadFigures): string {
  return row(terminal, { ...figures, errors: errors.length })
}

function row(terminal: Terminal, { first, again, tokens, attempts, errors }: UploadTotals): string {
  const values = [
    inKB(first),
    terminal.paint('dim', again === 0 ? '–' : inKB(again)),
    count(tokens),
    String(attempts),
    errors === 0 ? terminal.paint('dim', '–') : terminal.paint('red', String(errors)),
  ]
  return values.map((value, column) => padStart(value, COLUMNS[column]?.width ?? 0)).join('')
}

/** `2,978.1` */
function inKB(bytes: number): string {
  return (bytes / 1000).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
}
