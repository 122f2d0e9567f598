import { padEnd, padStart, type Terminal } from '../terminal.ts'

export interface FigureTable<Lane extends { readonly name: string }> {
  readonly columns: ReadonlyArray<{ readonly title: string; readonly width: number }>
  readonly lanes: readonly Lane[]
  /** How each turn lost its session or its connection. Empty: it lost nothing. */
  readonly turns: ReadonlyArray<{ readonly turn: number; readonly lostBy: string }>
  /** One for each column. */
  figuresOf(lane: Lane, index: number): readonly string[]
  totalsOf(lane: Lane): readonly string[]
  readonly notes: readonly string[]
}

const WAY_WIDTH = 11
const HEAD_WIDTH = 3 + WAY_WIDTH

/** One line for each turn, and the sums. */
export function drawFigureTable<Lane extends { readonly name: string }>(
  terminal: Terminal,
  { columns, lanes, turns, figuresOf, totalsOf, notes }: FigureTable<Lane>,
): string[] {
  const laneWidth = columns.reduce((sum, { width }) => sum + width, 0)
  const cells = (of: (lane: Lane) => string): string => lanes.map((lane) => of(lane)).join('')
  const row = (values: readonly string[]): string =>
    values.map((value, column) => padStart(value, columns[column]?.width ?? 0)).join('')
  const rule = terminal.paint('dim', `  ${'─'.repeat(HEAD_WIDTH + lanes.length * laneWidth)}`)
  const titles = row(columns.map(({ title }) => title))
  return [
    `  ${' '.repeat(HEAD_WIDTH)}${cells(({ name }) => padStart(terminal.paint('bold', name), laneWidth))}`,
    terminal.paint('dim', `  ${padStart('', 2)} ${padEnd('lost by', WAY_WIDTH)}${cells(() => titles)}`),
    rule,
    ...turns.map(({ turn, lostBy }, index) => {
      const figures = cells((lane) => row(figuresOf(lane, index)))
      return `  ${padStart(String(turn), 2)} ${padEnd(lostBy, WAY_WIDTH)}${figures}`
    }),
    rule,
    `  ${padEnd(terminal.paint('bold', 'in all'), HEAD_WIDTH)}${cells((lane) => row(totalsOf(lane)))}`,
    rule,
    ...notes.map((note) => terminal.paint('dim', `  ${note}`)),
  ]
}

/** How many errors the agent got. */
export function drawErrors(terminal: Terminal, errors: number): string {
  return errors === 0 ? terminal.paint('dim', '–') : terminal.paint('red', String(errors))
}
