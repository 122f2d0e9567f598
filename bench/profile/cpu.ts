import { Session } from 'node:inspector/promises'
import { loadContestant } from '../contestants/load.ts'
import type { ContestantName, Workload } from '../contract.ts'

/** A place in the code, and the CPU spent there: microseconds for each call. */
export interface Spent {
  readonly where: string
  readonly us: number
}

/** Runs a workload in this process. Returns where its time went: by package, and for this package by folder. */
export async function profileCpu(name: ContestantName, workload: Workload, url: string): Promise<readonly Spent[]> {
  const contestant = await loadContestant(name)
  const call = contestant[workload.read]
  if (call === undefined) throw new Error(`${name} reads no ${workload.read}`)
  const run = async (): Promise<void> => {
    let left = workload.calls
    const worker = async (): Promise<void> => {
      while (left-- > 0) await call(url)
    }
    await Promise.all(Array.from({ length: workload.concurrency }, worker))
  }
  // Code that is compiled only when it is hot must not count.
  await run()
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await run()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const spent = new Map<string, number>()
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const where = places.get(id) ?? ''
    spent.set(where, (spent.get(where) ?? 0) + (profile.timeDeltas?.[index] ?? 0) / workload.calls)
  }
  spent.delete('(idle)')
  spent.delete(PROFILER)
  return [...spent].map(([where, us]) => ({ where, us })).sort((a, b) => b.us - a.us)
}

/** The cost of the profiler itself. */
const PROFILER = '(profiler)'

function placeOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (packaged !== undefined) return packaged
  const own = /\/src\/(.+?)\/[^/]*$/.exec(url)?.[1]
  if (own !== undefined) return `src/${own}`
  if (url === 'node:inspector') return PROFILER
  if (url.startsWith('node:')) return 'node'
  if (url.startsWith('wasm:')) return 'undici (its parser)'
  if (url !== '') return 'the benchmark itself'
  if (functionName === 'writev' || functionName === 'writeUtf8String' || functionName === 'writeBuffer')
    return 'the system: writing'
  return functionName.startsWith('(') ? functionName : 'builtins of V8'
}
