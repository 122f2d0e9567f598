import { fork } from 'node:child_process'
import path from 'node:path'
import { type Served, startAccount } from './account.ts'
import type { WorkerInput } from './worker.ts'

export const WORKERS = 4

/** What came of the calls of all workers. */
export interface Run {
  readonly served: readonly Served[]
  readonly calls: number
  readonly failed: number
  readonly ms: number
}

/** The calls of all workers, each a process, on one account. */
export async function runWorkers(callsEach: number, redisPort: number | undefined): Promise<Run> {
  const { server, served } = await startAccount()
  try {
    const startedAt = performance.now()
    const failed = await Promise.all(
      Array.from({ length: WORKERS }, (_, worker) =>
        runWorker({ worker, baseURL: server.baseURL, calls: callsEach, redisPort }),
      ),
    )
    const from = Math.min(...served.map(({ atMs }) => atMs))
    return {
      served: served.map((one) => ({ ...one, atMs: one.atMs - from })),
      calls: WORKERS * callsEach,
      failed: failed.reduce((sum, one) => sum + one, 0),
      ms: performance.now() - startedAt,
    }
  } finally {
    await server.close()
  }
}

function runWorker(input: WorkerInput): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(import.meta.dirname, 'worker.ts'), [JSON.stringify(input)])
    let failed = input.calls
    child.on('message', (message: { readonly failed: number }) => {
      failed = message.failed
    })
    child.once('error', reject)
    child.once('exit', () => resolve(failed))
  })
}
