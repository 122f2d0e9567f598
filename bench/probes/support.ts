import { setTimeout as sleep } from 'node:timers/promises'

/** Needs `--expose-gc`. */
export async function memoryAfterGc(): Promise<NodeJS.MemoryUsage> {
  for (let pass = 0; pass < 3; pass++) {
    await sleep(20)
    globalThis.gc?.()
  }
  return process.memoryUsage()
}

export async function inParallel(count: number, concurrency: number, act: () => Promise<void>): Promise<void> {
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun++ < count) await act()
  }
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker))
}

/** CPU of this process for each run, in microseconds, without the first runs. */
export async function cpuPer(count: number, warmUp: number, act: () => Promise<void>): Promise<number> {
  for (let i = 0; i < warmUp; i++) await act()
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
