import type { Terminal } from '../terminal.ts'
import { seconds } from '../terminal.ts'
import type { Run } from './run.ts'
import { WORKERS } from './run.ts'

const NAME_COLUMNS = 11

/** A line for each worker: what its requests met, from left to right. Both runs have one scale. */
export function drawRun(terminal: Terminal, run: Run, longestMs: number): string[] {
  const columns = terminal.width - NAME_COLUMNS - 4
  const perColumn = Math.max(1, longestMs / columns)
  return Array.from({ length: WORKERS }, (_, worker) => {
    const own = run.served.filter((one) => one.worker === worker)
    const cells = Array.from({ length: columns }, (_cell, column) => {
      const here = own.filter(({ atMs }) => Math.floor(atMs / perColumn) === column)
      if (here.length === 0) return terminal.paint('dim', '·')
      return here.some(({ refused }) => refused) ? terminal.paint('red', '✗') : terminal.paint('green', '█')
    })
    return `  ${`worker ${worker + 1}`.padEnd(NAME_COLUMNS)}${cells.join('')}`
  })
}

/** What is counted of a run. */
export function figuresOf({ served, calls, failed, ms }: Run) {
  const refused = served.filter((one) => one.refused).length
  return {
    'requests refused (429)': String(refused),
    'requests sent for a call': (served.length / calls).toFixed(2),
    'calls that were answered': String(calls - failed),
    'calls that failed': String(failed),
    'time until all are done': seconds(ms),
  }
}

/** The figures of both runs, side by side. */
export function drawFigures(terminal: Terminal, without: Run, withFleet: Run): string[] {
  const [left, right] = [figuresOf(without), figuresOf(withFleet)]
  const rows = Object.keys(left).map((name) => {
    const key = name as keyof typeof left
    return `  ${name.padEnd(28)}${left[key].padStart(16)}${right[key].padStart(16)}`
  })
  return [terminal.paint('dim', `  ${''.padEnd(28)}${'without'.padStart(16)}${'with a fleet'.padStart(16)}`), ...rows]
}
