import { Worker } from 'node:worker_threads'
import type { Outcome } from '../test/fleet/support/simulate.ts'

export interface FleetSeeds {
  readonly from: number
  /** The first that is not played. */
  readonly to: number
  readonly workers: number
}

/** Further failures are not told in full. */
const TOLD = 20
const PROGRESS_EVERY_MS = 10_000

/** Fleets of five clients on a store that fails, one fleet for each seed, on several threads. Returns the exit code. */
export async function simulateFleets({ from, to, workers }: FleetSeeds): Promise<number> {
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  const failed: Outcome[] = []
  const met: Record<string, number> = {}
  let [next, played, calls, shownAt] = [from, 0, 0, startedAt]
  const add = (outcome: Outcome): void => {
    played++
    calls += outcome.calls
    for (const { kind } of outcome.troubles) met[kind] = (met[kind] ?? 0) + 1
    if (outcome.broken.length > 0) {
      failed.push(outcome)
      // Told at once: a run may be ended before its last seed.
      if (failed.length <= TOLD) console.log(story(outcome))
    }
    if (performance.now() - shownAt < PROGRESS_EVERY_MS) return
    shownAt = performance.now()
    console.log(`${played} of ${to - from} fleets, ${(played / seconds()).toFixed(1)}/s, ${failed.length} violations`)
  }
  const employ = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./simulate-fleets-worker.ts', import.meta.url), {
        // Most objects of a fleet die young.
        resourceLimits: { maxYoungGenerationSizeMb: 64 },
      })
      const give = (): void => {
        if (next < to) worker.postMessage(next++)
        else void worker.terminate().then(() => resolve())
      }
      worker.on('message', (outcome: Outcome) => {
        add(outcome)
        give()
      })
      worker.on('error', reject)
      give()
    })
  await Promise.all(Array.from({ length: Math.min(workers, to - from) }, employ))
  const list = Object.entries(met).map(([name, count]) => `${name} ${count}`)
  console.log(`fleets     ${played} (${(played / seconds()).toFixed(1)}/s, ${seconds().toFixed(0)} s)`)
  console.log(`calls      ${calls}`)
  console.log(`met        ${list.join(', ')}`)
  console.log(`violations ${failed.length}`)
  return failed.length > 0 ? 1 : 0
}

function story({ seed, limit, troubles, broken }: Outcome): string {
  const shown = troubles.map(({ kind, from, until, process }) => {
    const whose = kind === 'cut' || kind === 'lossy' ? ` of process ${process}` : ''
    return `  ${from} to ${until} ms: ${kind}${whose}`
  })
  return [`seed ${seed}, calls: ${limit}`, ...shown, ...broken.slice(0, 5).map((what) => `  broken: ${what}`)].join(
    '\n',
  )
}
