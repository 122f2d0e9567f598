/**
 * Shows where the time of a workload goes, or what holds the memory of a waiting stream:
 *
 *   npm run bench:profile -- typed short_events
 *   npm run bench:profile -- --heap typed
 */
import { parseArgs } from 'node:util'
import { padEnd, padStart } from '../demo/terminal.ts'
import { CONTESTANTS, type ContestantName } from './contract.ts'
import { PARTICIPANTS, type WorkloadName, workloads } from './measures.ts'
import { NAMES, TITLES } from './names.ts'
import { ON_SOCKETS, WAITING, type WaitingName } from './probes/waiting.ts'
import { ServerProcess } from './processes.ts'
import { profileCpu } from './profile/cpu.ts'
import { profileHeap } from './profile/heap.ts'

const all = workloads({ deltas: 100_000, shortCalls: 20_000 })
const { values, positionals } = parseArgs({
  options: { heap: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name, workload] = positionals
const usage = values.heap
  ? WAITING.includes(name as WaitingName)
    ? undefined
    : `--heap takes one of ${WAITING.join(', ')}`
  : CONTESTANTS.includes(name as ContestantName) && workload !== undefined && Object.hasOwn(all, workload)
    ? undefined
    : `expected one of ${CONTESTANTS.join(', ')} and one of ${Object.keys(all).join(', ')}`
if (usage !== undefined) {
  process.stderr.write(`${usage}\n`)
  process.exit(2)
}

const server = await ServerProcess.start(Object.values(all))
try {
  if (values.heap) await heap(name as WaitingName)
  else await cpu(name as ContestantName, workload as WorkloadName)
} finally {
  server.stop()
}
// Waiting streams would keep the process alive.
process.exit()

async function cpu(contestant: ContestantName, which: WorkloadName): Promise<void> {
  if (!PARTICIPANTS[which].includes(contestant)) throw new Error(`${contestant} takes no part in ${which}`)
  const one = all[which]
  const spent = await profileCpu(contestant, one, server.urlOf(one))
  const total = spent.reduce((sum, { us }) => sum + us, 0)
  console.log(`${NAMES[contestant]}: ${TITLES[which]}; microseconds for each call\n`)
  for (const { where, us } of spent) if (us >= total / 100) line(where, us, total)
  line('all', total, total)
}

async function heap(which: WaitingName): Promise<void> {
  const port = ON_SOCKETS.has(which) ? server.socketPort : server.port
  const held = await profileHeap(which, `http://127.0.0.1:${port}`)
  const total = held.reduce((sum, { bytes }) => sum + bytes, 0)
  console.log(`${which}: bytes for each stream that waits, by the class that keeps them\n`)
  for (const { owner, bytes } of held) if (bytes >= total / 100) line(owner, bytes, total)
  line('all', total, total)
}

function line(what: string, value: number, total: number): void {
  const share = `${((100 * value) / total).toFixed(0)} %`
  console.log(`  ${padEnd(what, 32)}${padStart(value.toFixed(value < 100 ? 1 : 0), 10)}${padStart(share, 8)}`)
}
