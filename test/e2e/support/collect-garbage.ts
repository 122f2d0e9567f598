import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nextTurn } from '../../../src/core/turn.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Bytes that are alive: on the heap, and in buffers outside it. */
export function liveBytes(): number {
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Collectors promise nothing; what is garbage is gone after a few rounds, and what is not stays. */
const ROUNDS = 200

/** Collects garbage until `done`, or for as many rounds as show that it will not happen. */
export async function collectGarbageUntil(done: () => boolean): Promise<void> {
  for (let round = 0; round < ROUNDS && !done(); round++) {
    gc()
    await nextTurn()
  }
}
