import { parentPort } from 'node:worker_threads'
import { replaceNetwork } from '../test/simulation/replace.ts'

replaceNetwork()
const { runSeeds } = await import('../test/simulation/bulk.ts')
const { runSeed } = await import('../test/simulation/run-seed.ts')

// A stack for each of a million errors costs more than the calls they end. A seed that fails is run again with them.
Error.stackTraceLimit = 0

/** Rejections that nobody handled, while this share was run. */
let unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))

parentPort?.on('message', async ({ from, to }: { from: number; to: number }) => {
  const sum = await runSeeds(from, to)
  if (unhandled.length > 0) {
    // Whose it was shows when each runs alone.
    for (let seed = from; seed < to; seed++) {
      unhandled = []
      await runSeed(seed)
      const [error] = unhandled
      if (error === undefined) continue
      const detail = `a rejection nobody handles: ${error}`
      sum.failed.push({ seed, violation: { invariant: 'exception', call: undefined, at: 0, detail } })
    }
    unhandled = []
  }
  parentPort?.postMessage(sum)
})
