import type { Command } from './arguments.ts'
import { type CallResult, runCalls } from './contestant.ts'
import { showProgress } from './progress.ts'
import { resilient } from './resilient.ts'
import { drawResults } from './results.ts'
import { drawTable } from './table.ts'
import { padEnd, type Terminal, wrap } from './terminal.ts'

const WORST_CALLS = 20

/**
 * Streams calls from a real endpoint, at real speed.
 *
 * @returns whether every call succeeded.
 */
export async function runReal(terminal: Terminal, command: Extract<Command, { kind: 'real' }>): Promise<boolean> {
  const { baseURL, model, prompt, apiKey, calls, concurrency } = command
  const contestant = resilient({
    name: 'resilient-responses',
    client: { baseURL, apiKey },
    request: () => ({ body: { model, input: prompt, stream: true, store: false } }),
    isWhole: (_call, { complete }) => complete,
    now: () => performance.now(),
  })
  terminal.print(
    '',
    `  ${terminal.paint('bold', `${calls} calls to ${new URL(baseURL).host}`)}, model ${model}, ${concurrency} at a time.`,
    '',
  )

  const results: CallResult[] = []
  const progress = showProgress(terminal, [{ name: contestant.name, total: calls, results }])
  const interrupt = new AbortController()
  const onInterrupt = (): void => interrupt.abort()
  process.once('SIGINT', onInterrupt)
  await runCalls(contestant, {
    calls,
    concurrency,
    signal: interrupt.signal,
    onResult: (result) => results.push(result),
  })
  process.removeListener('SIGINT', onInterrupt)
  progress.stop()
  await contestant.close()

  terminal.print('', ...drawTable(terminal, [{ name: contestant.name, results, sockets: undefined }]), '')
  terminal.print(...drawResults(terminal, rowsOf(results)), '')
  for (const { call, error } of results) {
    if (error !== undefined) terminal.print(...wrap(`call ${call}: ${error}`, terminal.width, '  '))
  }
  return results.every(({ outcome }) => outcome === 'succeeded')
}

/** The slowest calls, in the order of their start. */
function rowsOf(results: readonly CallResult[]): Array<{ name: string; result: CallResult }> {
  const width = String(Math.max(...results.map(({ call }) => call))).length
  return results
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, WORST_CALLS)
    .sort((a, b) => a.call - b.call)
    .map((result) => ({ name: `call ${padEnd(String(result.call), width)}`, result }))
}
