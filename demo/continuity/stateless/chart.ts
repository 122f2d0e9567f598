import { padEnd, padStart, type Terminal } from '../../terminal.ts'
import { type BarLane, drawBars, MARGIN, SHADED_GLYPH, SOLID_GLYPH } from '../bars.ts'
import { kilobytes } from '../numbers.ts'
import type { StatelessRun, UploadLane } from './run.ts'

const PLACE_WIDTH = 15

/** One line for each turn, one bar for each of the two, on one scale. */
export function drawUploads(terminal: Terminal, run: StatelessRun): string[] {
  const laneOf = ({ name, turns }: UploadLane, style: BarLane['style']): BarLane => ({
    name,
    style,
    bars: turns.map(({ first, again }) => ({ solid: first, shaded: again, text: kilobytes(first + again) })),
  })
  const { lines, perCell } = drawBars(terminal, {
    head: `${MARGIN}${padEnd('turn', 6)}${padEnd('connection lost', PLACE_WIDTH)}`,
    labels: run.overSockets.turns.map(({ turn }) => {
      const place = run.losses.find((loss) => loss.turn === turn)?.place ?? ''
      return `${MARGIN}${padStart(String(turn), 4)}  ${padEnd(place, PLACE_WIDTH)}`
    }),
    lanes: [laneOf(run.overHttp, 'yellow'), laneOf(run.overSockets, 'green')],
  })
  return [
    ...lines,
    '',
    `${MARGIN}${terminal.paint('green', SOLID_GLYPH)} bytes of the first request of the turn`,
    `${MARGIN}${terminal.paint('dim', SHADED_GLYPH)} bytes of the request after a loss (the number: both)`,
    `${MARGIN}60 minutes: websocket_connection_limit_reached, which HTTP does not know`,
    `${MARGIN}${terminal.paint('dim', `One scale for all bars: a cell is ${kilobytes(perCell)}.`)}`,
  ]
}
