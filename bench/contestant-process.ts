import { loadContestant } from './contestants/load.ts'
import type { Contestant, ContestantName, Measurement, Workload } from './contract.ts'

/**
 * The child process of one contestant. Loads only the contestant: importing undici's main entry, for example, changes
 * the built-in fetch.
 */
async function measure(
  contestant: Contestant,
  { read, calls, concurrency }: Workload,
  url: string,
): Promise<Measurement> {
  const call = contestant[read]
  if (call === undefined) throw new Error(`this contestant reads no ${read}`)
  let total = 0
  let started = 0
  const worker = async (): Promise<void> => {
    while (started < calls) {
      started++
      const one = await call(url)
      total += one
    }
  }
  const cpu = process.cpuUsage()
  const wall = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, calls) }, worker))
  const wallUs = (performance.now() - wall) * 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpuUs: user + system, wallUs, read: total }
}

const contestant = await loadContestant(process.argv[2] as ContestantName)
process.on('message', async ({ workload, url }: { workload: Workload; url: string }) => {
  try {
    process.send?.({ measurement: await measure(contestant, workload, url) })
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true, version: process.version })
