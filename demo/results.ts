import { type PicturedCall, renderText } from '../src/timeline/index.ts'
import type { CallResult } from './contestant.ts'
import type { Terminal } from './terminal.ts'

export interface Row {
  readonly name: string
  readonly result: CallResult
  /** Above the first row of a group. */
  readonly heading?: string
}

const OUTCOMES = {
  succeeded: 'completed',
  cut_short: 'incomplete',
  failed: 'failed',
  unfinished: 'running',
} as const satisfies Record<CallResult['outcome'], PicturedCall['outcome']>

/** The results of calls as bars on one scale. */
export function drawResults(terminal: Terminal, rows: readonly Row[]): string[] {
  const calls = rows.map(({ name, heading, result: { outcome, attempts, durationMs } }) => ({
    name,
    heading,
    outcome: OUTCOMES[outcome],
    attempts,
    durationMs,
  }))
  return renderText(calls, { columns: terminal.width, color: terminal.coloured === true })
    .trimEnd()
    .split('\n')
}
