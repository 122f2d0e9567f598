import { padEnd, type Terminal } from '../terminal.ts'

type Style = Parameters<Terminal['paint']>[0]

/** A bar of two parts, with the number that is written after it. */
export interface Bar {
  readonly solid: number
  readonly shaded: number
  readonly text: string
}

/** The bars of one contestant, one for each line. */
export interface BarLane {
  readonly name: string
  readonly style: Style
  readonly bars: readonly Bar[]
}

export const MARGIN = '  '
const GAP = '  '
/** `70.1 K` with a space before it. */
const VALUE_WIDTH = 7
/** A bar may end in part of a cell, and its shaded part takes at least one cell. */
const ROUNDING = 2
const SOLID_GLYPHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█']
export const SOLID_GLYPH = '█'
export const SHADED_GLYPH = '░'

/** Bars of all lanes side by side, on one scale: a line for each of `labels`, all as wide as `head`. */
export function drawBars(
  terminal: Terminal,
  {
    head,
    labels,
    lanes,
  }: { readonly head: string; readonly labels: readonly string[]; readonly lanes: readonly BarLane[] },
): { readonly lines: readonly string[]; readonly perCell: number } {
  const widths = laneWidths(
    lanes.map(({ bars }) => longest(bars)),
    lanes.map(({ name }) => Math.max(name.length, VALUE_WIDTH + 2)),
    terminal.width - head.length - lanes.length * GAP.length,
  )
  const perCell = Math.max(
    ...lanes.map(({ bars }, lane) => longest(bars) / ((widths[lane] ?? 0) - VALUE_WIDTH - ROUNDING)),
  )
  const names = lanes.map(({ name, style }, lane) =>
    padEnd(terminal.paint(['bold', style] as Style, name), widths[lane] ?? 0),
  )
  const lines = labels.map((label, at) => {
    const bars = lanes.map(({ bars, style }, lane) => {
      const bar = bars[at] as Bar
      return padEnd(`${drawBar(terminal, bar, perCell, style)} ${bar.text}`, widths[lane] ?? 0)
    })
    return `${label}${GAP}${bars.join(GAP)}`.trimEnd()
  })
  return { lines: [`${terminal.paint('dim', head)}${GAP}${names.join(GAP)}`.trimEnd(), ...lines], perCell }
}

/** The solid part in eighths of a cell, followed by the shaded one. A small amount gets at least one cell. */
export function drawBar(
  terminal: Terminal,
  { solid, shaded }: Omit<Bar, 'text'>,
  perCell: number,
  style: Style,
): string {
  const eighths = Math.max(1, Math.round((solid / perCell) * 8))
  const bar = SOLID_GLYPH.repeat(Math.floor(eighths / 8)) + SOLID_GLYPHS[eighths % 8]
  const rest = shaded === 0 ? 0 : Math.max(1, Math.round(shaded / perCell))
  return terminal.paint(style, bar) + terminal.paint('dim', SHADED_GLYPH.repeat(rest))
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

function longest(bars: readonly Bar[]): number {
  return Math.max(1, ...bars.map(({ solid, shaded }) => solid + shaded))
}
