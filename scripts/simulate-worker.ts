import { parentPort, workerData } from 'node:worker_threads'
import { replaceNetwork } from '../test/simulation/replace.ts'

replaceNetwork()
const { runSeeds } = await import('../test/simulation/bulk.ts')
const { runSeed } = await import('../test/simulation/run-seed.ts')

// Stacks of a million errors would cost more than the calls. A seed that fails is run again with stacks.
Error.stackTraceLimit = 0

const { sockets } = workerData as { readonly sockets: boolean }

/** Unhandled rejections while this share ran. */
let unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))

parentPort?.on('message', async ({ from, to }: { from: number; to: number }) => {
  const sum = await runSeeds(from, to, { sockets })
  if (unhandled.length > 0) {
    // Running each seed alone shows which one it was.
    for (let seed = from; seed < to; seed++) {
      unhandled = []
      await runSeed(seed, sockets)
      const [error] = unhandled
      if (error === undefined) continue
      const detail = `a rejection nobody handles: ${error}`
      sum.failed.push({ seed, violation: { invariant: 'exception', call: undefined, at: 0, detail } })
    }
    unhandled = []
  }
  parentPort?.postMessage(sum)
})
