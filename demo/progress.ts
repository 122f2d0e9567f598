import type { CallResult } from './contestant.ts'
import { padEnd, padStart, type Terminal, wrap } from './terminal.ts'

const REDRAW_MS = 100
/** Where lines cannot be overwritten, a line is added this often. */
const PLAIN_EVERY_MS = 4000

export interface Lane {
  readonly name: string
  /** Grows while the calls run. */
  readonly results: readonly CallResult[]
  readonly total: number
}

/** Shows the progress of every lane: a live line each on a terminal, otherwise a plain line now and then. */
export function showProgress(terminal: Terminal, lanes: readonly Lane[]): { stop(): void } {
  const startedAt = performance.now()
  const nameWidth = Math.max(...lanes.map(({ name }) => name.length))
  const draw = (): void => terminal.redraw(lanes.map((lane) => liveLine(terminal, lane, nameWidth)))
  const plain = (): void => {
    const elapsed = Math.round((performance.now() - startedAt) / 1000)
    const [first = '', ...rest] = wrap(lanes.map(plainPart).join(', '), terminal.width, ' '.repeat(15))
    terminal.print(`  after ${padStart(String(elapsed), 2)} s:  ${first.trimStart()}`, ...rest)
  }
  if (terminal.live) draw()
  const timer = setInterval(terminal.live ? draw : plain, terminal.live ? REDRAW_MS : PLAIN_EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      if (terminal.live) draw()
      else plain()
    },
  }
}

function liveLine(terminal: Terminal, { name, results, total }: Lane, nameWidth: number): string {
  const bad = results.filter(({ outcome }) => outcome !== 'succeeded').length
  const hung = results.filter((result) => result.hung).length
  const counts = [
    `${padStart(`${results.length}`, String(total).length)}/${total}`,
    terminal.paint(bad > 0 ? 'red' : 'dim', `${padStart(String(bad), 3)} lost`),
    terminal.paint(hung > 0 ? 'yellow' : 'dim', `${padStart(String(hung), 3)} hung`),
  ].join('  ')
  const barWidth = Math.max(10, terminal.width - nameWidth - 34)
  const goodCells = Math.round(((results.length - bad) / total) * barWidth)
  const allCells = Math.round((results.length / total) * barWidth)
  const bar =
    terminal.paint('green', '█'.repeat(goodCells)) +
    terminal.paint('red', '▒'.repeat(allCells - goodCells)) +
    terminal.paint('dim', '·'.repeat(barWidth - allCells))
  return `  ${padEnd(name, nameWidth)}  ${bar}  ${counts}`
}

function plainPart({ name, results, total }: Lane): string {
  const bad = results.filter(({ outcome }) => outcome !== 'succeeded').length
  return `${name} ${results.length}/${total}${bad > 0 ? ` with ${bad} lost` : ''}`
}
