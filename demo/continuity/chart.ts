import { padEnd, padStart, type Terminal } from '../terminal.ts'
import { type BarLane, drawBars, MARGIN, SHADED_GLYPH, SOLID_GLYPH } from './bars.ts'
import { thousands } from './numbers.ts'
import type { Lane, Run } from './run.ts'

const PLACE_WIDTH = 13
const REPLICA = '+400'

/** One line for each turn, one bar for each contestant, all bars on one scale. */
export function drawChart(terminal: Terminal, run: Run): string[] {
  const laneOf = ({ name, turns }: Lane, style: BarLane['style']): BarLane => ({
    name,
    style,
    bars: turns.map(({ sent, retried }) => ({ solid: sent, shaded: retried, text: thousands(sent) })),
  })
  const { lines, perCell } = drawBars(terminal, {
    head: `${MARGIN}${padEnd('turn', 6)}${padEnd('session lost', PLACE_WIDTH)} ${' '.repeat(REPLICA.length)}`,
    labels: run.losses.map(({ turn, place, replica }) => {
      const mark = padEnd(replica ? terminal.paint('magenta', REPLICA) : '', REPLICA.length)
      return `${MARGIN}${padStart(String(turn), 4)}  ${padEnd(place, PLACE_WIDTH)} ${mark}`
    }),
    lanes: [laneOf(run.naive, 'red'), laneOf(run.openaiSdk, 'yellow'), laneOf(run.resilient, 'green')],
  })
  return [...lines, '', ...legend(terminal, perCell)]
}

function legend(terminal: Terminal, tokensPerCell: number): string[] {
  const [sent, again] = [terminal.paint('green', SOLID_GLYPH), terminal.paint('dim', SHADED_GLYPH)]
  return [
    `${MARGIN}${sent} input tokens of the turn, sent for the first time (the number)`,
    `${MARGIN}${again} the same bytes sent again`,
    `${MARGIN}${terminal.paint('magenta', REPLICA)} the next request reaches a replica without the session:`,
    `${MARGIN}     400 previous_response_not_found`,
    `${MARGIN}${terminal.paint('dim', `One scale for all bars: a cell is ${thousands(tokensPerCell)} tokens.`)}`,
  ]
}
