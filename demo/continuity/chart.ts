import { padEnd, padStart, type Terminal } from '../terminal.ts'
import type { TurnFigures } from './measure.ts'
import { thousands } from './numbers.ts'
import type { Lane, Run } from './run.ts'

type Style = Parameters<Terminal['paint']>[0]

const MARGIN = '  '
const GAP = '  '
/** `70.1 K` with a space before it. */
const VALUE_WIDTH = 7
/** A bar may end in part of a cell, and retries take at least one cell. */
const ROUNDING = 2
const PLACE_WIDTH = 13
const REPLICA = '+400'
const SENT_GLYPHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█']
const RETRIED_GLYPH = '░'

/** One line for each turn, one bar for each contestant, all bars on one scale. */
export function drawChart(terminal: Terminal, run: Run): string[] {
  const lanes: readonly (readonly [Lane, Style])[] = [
    [run.naive, 'red'],
    [run.openaiSdk, 'yellow'],
    [run.resilient, 'green'],
  ]
  const head = `${MARGIN}${padEnd('turn', 6)}${padEnd('session lost', PLACE_WIDTH)} ${' '.repeat(REPLICA.length)}`
  const room = terminal.width - head.length - lanes.length * GAP.length
  const widths = laneWidths(
    lanes.map(([{ turns }]) => longest(turns)),
    lanes.map(([{ name }]) => Math.max(name.length, VALUE_WIDTH + 2)),
    room,
  )
  const tokensPerCell = Math.max(
    ...lanes.map(([{ turns }], lane) => longest(turns) / ((widths[lane] ?? 0) - VALUE_WIDTH - ROUNDING)),
  )
  const names = lanes.map(([{ name }, style], lane) =>
    padEnd(terminal.paint(['bold', style] as Style, name), widths[lane] ?? 0),
  )
  return [
    `${terminal.paint('dim', head)}${GAP}${names.join(GAP)}`.trimEnd(),
    ...run.losses.map(({ turn, place, replica }) => {
      const bars = lanes.map(([{ turns }, style], lane) => {
        const figures = turns[turn - 1] as TurnFigures
        return padEnd(
          `${drawBar(terminal, figures, tokensPerCell, style)} ${thousands(figures.sent)}`,
          widths[lane] ?? 0,
        )
      })
      const mark = padEnd(replica ? terminal.paint('magenta', REPLICA) : '', REPLICA.length)
      return `${MARGIN}${padStart(String(turn), 4)}  ${padEnd(place, PLACE_WIDTH)} ${mark}${GAP}${bars.join(GAP)}`.trimEnd()
    }),
    '',
    ...legend(terminal, tokensPerCell),
  ]
}

/** New tokens in eighths of a cell, followed by retried ones. A small amount gets at least one cell. */
export function drawBar(
  terminal: Terminal,
  { sent, retried }: TurnFigures,
  tokensPerCell: number,
  style: Style,
): string {
  const eighths = Math.max(1, Math.round((sent / tokensPerCell) * 8))
  const bar = '█'.repeat(Math.floor(eighths / 8)) + SENT_GLYPHS[eighths % 8]
  const again = retried === 0 ? 0 : Math.max(1, Math.round(retried / tokensPerCell))
  return terminal.paint(style, bar) + terminal.paint('dim', RETRIED_GLYPH.repeat(again))
}

/** Each lane is as wide as its longest bar on the common scale, and at least `least`. */
function laneWidths(longestBars: readonly number[], least: readonly number[], room: number): number[] {
  const narrow = new Set<number>()
  for (;;) {
    const fixed = [...narrow].reduce((sum, lane) => sum + (least[lane] ?? 0), 0)
    const wide = longestBars.map((_, lane) => lane).filter((lane) => !narrow.has(lane))
    const all = wide.reduce((sum, lane) => sum + (longestBars[lane] ?? 0), 0)
    const cells = room - fixed - wide.length * VALUE_WIDTH
    const widthOf = (lane: number) => Math.floor(((longestBars[lane] ?? 0) / all) * cells) + VALUE_WIDTH
    const tooNarrow = wide.find((lane) => widthOf(lane) < (least[lane] ?? 0))
    if (tooNarrow === undefined) return least.map((width, lane) => (narrow.has(lane) ? width : widthOf(lane)))
    narrow.add(tooNarrow)
  }
}

function longest(turns: readonly TurnFigures[]): number {
  return Math.max(1, ...turns.map(({ sent, retried }) => sent + retried))
}

function legend(terminal: Terminal, tokensPerCell: number): string[] {
  const [sent, again] = [terminal.paint('green', '█'), terminal.paint('dim', RETRIED_GLYPH)]
  return [
    `${MARGIN}${sent} input tokens of the turn, sent for the first time (the number)`,
    `${MARGIN}${again} the same bytes sent again`,
    `${MARGIN}${terminal.paint('magenta', REPLICA)} the next request reaches a replica without the session:`,
    `${MARGIN}     400 previous_response_not_found`,
    `${MARGIN}${terminal.paint('dim', `One scale for all bars: a cell is ${thousands(tokensPerCell)} tokens.`)}`,
  ]
}
