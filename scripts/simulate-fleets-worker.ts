import { parentPort } from 'node:worker_threads'
import { simulateFleet } from '../test/fleet/support/simulate.ts'

// Stacks of errors that are handled cost more than the calls.
Error.stackTraceLimit = 0

parentPort?.on('message', async (seed: number) => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const outcome = await simulateFleet(seed).catch((error) => ({
    seed,
    troubles: [],
    limit: 0,
    broken: [`it threw ${error instanceof Error ? error.stack : error}`],
    calls: 0,
  }))
  process.off('unhandledRejection', note)
  const broken = [...outcome.broken, ...unhandled.map((error) => `a rejection that is not handled: ${error}`)]
  parentPort?.postMessage({ ...outcome, broken })
})
