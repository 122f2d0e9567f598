/**
 * The tail of a call's latency, in virtual time with the real client: cutoffs alone compared with hedging.
 *
 *   npm run bench:tail                   100 000 calls a row
 *   npm run bench:tail -- --calls 10000
 *   npm run bench:tail -- --json
 */

import os from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { padEnd, padStart, terminalOn } from '../demo/terminal.ts'
import { playRow, type RowResult, type RowSetup } from './tail/row.ts'

const LOW = { name: 'low effort, 1.8 s', effort: 'low', medianMs: 1800, sigma: 0.6 } as const
const HIGH = { name: 'high effort, 8 s', effort: 'high', medianMs: 8000, sigma: 1 } as const
const MINUTE = 60_000

const WORLDS = [
  ...[LOW, HIGH].flatMap((kind) =>
    [0.005, 0.055, 0.2].map((deadShare) => ({ ...kind, deadShare, title: `${kind.name}, ${deadShare * 100} % dead` })),
  ),
  {
    ...LOW,
    deadShare: 0.005,
    title: `${LOW.name}, 0.5 % dead, and nothing answers for 2 minutes`,
    outage: { fromMs: 20 * MINUTE, toMs: 22 * MINUTE },
  },
]

const POLICIES: ReadonlyArray<{ readonly name: string; readonly options: RowSetup['options'] }> = [
  { name: 'kill at 45 s', options: { hedge: false, timeouts: { ttfbMs: 45_000 } } },
  { name: 'kill at 120 s', options: { hedge: false, timeouts: { ttfbMs: 120_000 } } },
  { name: 'kill at 300 s', options: { hedge: false, timeouts: { ttfbMs: 300_000 } } },
  { name: 'ours, not hedging', options: { hedge: false } },
  { name: 'ours', options: {} },
  { name: 'ours, hedge: true', options: { hedge: true } },
]

const CALLS_PER_SECOND = 10

interface Job {
  readonly title: string
  readonly policy: string
  readonly setup: RowSetup
}

function jobs(calls: number): Job[] {
  return WORLDS.flatMap(({ title, effort, ...world }) =>
    POLICIES.map(({ name, options }) => ({
      title,
      policy: name,
      setup: { world, effort, options, calls, callsPerSecond: CALLS_PER_SECOND, seed: 1 },
    })),
  )
}

interface Done extends Job {
  readonly result: RowResult
}

/** All rows, on all cores. Reports progress. */
async function play(all: readonly Job[], onDone: (done: number) => void): Promise<Done[]> {
  const results: Done[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < all.length) {
      const index = next++
      const job = all[index] as Job
      const result = await new Promise<RowResult>((resolve, reject) => {
        const thread = new Worker(new URL(import.meta.url), { workerData: job.setup })
        thread.once('message', resolve)
        thread.once('error', reject)
      })
      results[index] = { ...job, result }
      onDone(results.filter(Boolean).length)
    }
  }
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker))
  return results
}

const COLUMNS = ['p50', 'p95', 'p99', 'failed', 'requests', 'cut alive', 'given up alive', 'hedges lost']
const WIDTH = 16

function draw(done: readonly Done[]): string[] {
  const terminal = terminalOn(process.stdout, process.env)
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
  const lines: string[] = []
  for (const title of new Set(done.map((row) => row.title))) {
    lines.push(
      '',
      terminal.paint('bold', title),
      padEnd('', 18) + COLUMNS.map((name) => padStart(name, WIDTH)).join(''),
    )
    for (const { policy, result } of done.filter((row) => row.title === title)) {
      const { p50, p95, p99, failed, requestsPerCall, healthyCut, healthyReplaced, lostHedgesPerCall } = result
      const cells = [
        seconds(p50),
        seconds(p95),
        seconds(p99),
        String(failed),
        `+${((requestsPerCall - 1) * 100).toFixed(1)} %`,
        String(healthyCut),
        String(healthyReplaced),
        `${(lostHedgesPerCall * 100).toFixed(1)} %`,
      ]
      lines.push(`  ${padEnd(policy, 16)}${cells.map((cell) => padStart(cell, WIDTH)).join('')}`)
      const { outage } = result
      if (outage === undefined) continue
      lines.push(
        terminal.paint(
          'dim',
          `${padEnd('', 18)}  ${outage.calls} calls met it: ${outage.failed} failed, ${outage.attemptsPerCall.toFixed(1)} attempts each, at most ${outage.mostAttempts}; ` +
            `after it new calls were as usual within ${seconds(outage.recoveredAfterMs)}, 95 of 100 old ones over after ${seconds(outage.settledAfterMs.p95)}, the last after ${seconds(outage.settledAfterMs.last)}`,
        ),
      )
    }
  }
  return lines
}

if (isMainThread) {
  const { values } = parseArgs({ options: { calls: { type: 'string', default: '100000' }, json: { type: 'boolean' } } })
  const all = jobs(Number(values.calls))
  const started = performance.now()
  const done = await play(all, (count) => {
    if (!values.json) process.stderr.write(`\r${count} of ${all.length} rows of ${values.calls} calls`)
  })
  if (values.json) console.log(JSON.stringify(done, undefined, 2))
  else {
    process.stderr.write('\n')
    for (const line of draw(done)) console.log(line)
    console.log(`\n${all.length} rows in ${Math.round((performance.now() - started) / 1000)} s`)
  }
} else {
  parentPort?.postMessage(await playRow(workerData as RowSetup))
}
