/**
 * `npm run simulate -- --seeds N [--from M]`: simulated worlds on all cores.
 * `npm run simulate -- --seed N`: one world. A failure is shrunk and shown as a timeline.
 * With `--sockets` all worlds stream over WebSockets; otherwise a share of them.
 * With `--fleets` each seed is a fleet of five clients on one store, with delays, losses, partitions and a store that fails.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Sum } from '../test/simulation/bulk.ts'
import { replaceNetwork } from '../test/simulation/replace.ts'
import { simulateFleets } from './simulate-fleets.ts'

replaceNetwork()
const { addSum, emptySum } = await import('../test/simulation/bulk.ts')
const { explain } = await import('../test/simulation/explain.ts')

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    sockets: { type: 'boolean', default: false },
    fleets: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})

/** Seeds that a worker takes at a time: enough to make the communication negligible. */
const SHARE = 500
/** Further failures are not explained. */
const EXPLAINED = 3
const PROGRESS_EVERY_MS = 10_000

process.exitCode = values.fleets
  ? await fleets()
  : values.seed === undefined
    ? await many()
    : await one(Number(values.seed))

function fleets(): Promise<number> {
  const from = Number(values.seed ?? values.from)
  const to = from + (values.seed === undefined ? Number(values.seeds) : 1)
  return simulateFleets({ from, to, workers: Number(values.workers) })
}

async function one(seed: number): Promise<number> {
  const story = await explain(seed, values.sockets)
  console.log(story ?? `seed ${seed} holds`)
  return story === undefined ? 0 : 1
}

async function many(): Promise<number> {
  const from = Number(values.from)
  const to = from + Number(values.seeds)
  const total = emptySum()
  const startedAt = performance.now()
  let next = from
  let shownAt = startedAt
  const seconds = (): number => (performance.now() - startedAt) / 1000
  const show = (): void => {
    const rate = total.seeds / seconds()
    const left = (to - from - total.seeds) / rate
    console.log(
      `${total.seeds} of ${to - from} seeds, ${rate.toFixed(0)}/s, ${total.failed.length} violations, ${left.toFixed(0)} s left`,
    )
  }
  const employ = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./simulate-worker.ts', import.meta.url), {
        workerData: { sockets: values.sockets },
        // Most objects of a world die with it.
        resourceLimits: { maxYoungGenerationSizeMb: 64 },
      })
      const give = (): void => {
        if (next >= to || total.failed.length >= 100) {
          void worker.terminate()
          resolve()
          return
        }
        worker.postMessage({ from: next, to: Math.min(to, next + SHARE) })
        next += SHARE
      }
      worker.on('message', (sum: Sum) => {
        addSum(total, sum)
        for (const { seed, violation } of sum.failed) console.log(`seed ${seed}: ${violation.invariant}`)
        if (performance.now() - shownAt > PROGRESS_EVERY_MS) {
          shownAt = performance.now()
          show()
        }
        give()
      })
      worker.on('error', reject)
      give()
    })
  await Promise.all(Array.from({ length: Number(values.workers) }, employ))
  total.failed.sort((a, b) => a.seed - b.seed)
  for (const { seed } of total.failed.slice(0, EXPLAINED)) console.log(`\n${await explain(seed, values.sockets)}\n`)
  summarise(total, seconds())
  return total.failed.length > 0 ? 1 : 0
}

function summarise(total: Sum, seconds: number): void {
  const { seeds, calls, attempts, virtualMs, met, outcomes, failed } = total
  const list = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  console.log(`seeds     ${seeds} (${(seeds / seconds).toFixed(0)}/s, ${seconds.toFixed(0)} s)`)
  console.log(`calls     ${calls}, attempts ${attempts}, ${(virtualMs / 3_600_000).toFixed(0)} h of virtual time`)
  console.log(`outcomes  ${list(outcomes)}`)
  console.log(`met       ${list(met)}`)
  console.log(`violations ${failed.length}`)
  for (const { seed, violation } of failed.slice(0, 20))
    console.log(`  seed ${seed}: ${violation.invariant}: ${violation.detail.slice(0, 160)}`)
}
