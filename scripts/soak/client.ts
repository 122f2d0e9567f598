/** The process of the clients: makes the calls and samples itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { count } from './counts.ts'
import { Load } from './load.ts'
import type { Message, Order, Tally } from './messages.ts'
import { Sampler } from './sampler.ts'
import { type Sample, SERIES } from './series.ts'
import { SidecarLoad } from './sidecar-load.ts'

const order = JSON.parse(process.argv[2] ?? '{}') as Order
/** How long the operating system needs to close the last sockets. */
const LAST_LOOK_MS = 5_000

process.on('disconnect', () => process.exit())
const caller = new AbortController()
const handles = () => count(process.getActiveResourcesInfo())
const handlesBefore = handles()
const load = order.sidecar
  ? await SidecarLoad.start(order.baseURL, order.seed)
  : new Load(order.baseURL, caller.signal, order.seed)
process.on('unhandledRejection', (error) => load.violations.push(`a rejection nobody handled: ${error}`))
process.on('uncaughtException', (error) => load.violations.push(`an exception nobody caught: ${error.stack}`))

const say = (message: Message): void => void process.send?.(message)
const tally = (): Tally => {
  const { calls, outcomes, kinds, violations } = load
  return { calls, outcomes, kinds, violations }
}
const sampler = new Sampler(order.port, caller.signal)
const everyMs = Math.min(1_000, Math.max(150, order.ms / 120))
const kept: unknown[] = []
const sampling = setInterval(() => {
  plant()
  say({ sample: sampler.take(load.calls, load.stats()), tally: tally() })
}, everyMs)
const endsAt = performance.now() + order.ms
await load.run(order.calls, () => performance.now() >= endsAt && (load.outcomes.ok ?? 0) >= order.untilOk)
clearInterval(sampling)
await load.close()
say({ over: tally(), left: await whatIsLeft() })
sampler.stop()

/** What of all counted resources is left. The heap is not checked here, because it is never empty. */
async function whatIsLeft(): Promise<string[]> {
  const look = (): string[] => {
    const now: Sample = sampler.take(load.calls, load.stats())
    const counted = ['listeners', 'leases', 'connections', 'cached_clients', 'established', 'close_wait'] as const
    const left = SERIES.filter((series) => counted.some((one) => one === series) && now[series] > 0)
    const lines = left.map((series) => `${series}: ${now[series]}`)
    if (!isDeepStrictEqual(handles(), handlesBefore)) lines.push(`handles: ${JSON.stringify(handles())}`)
    return lines
  }
  for (const until = performance.now() + LAST_LOOK_MS; performance.now() < until && look().length > 0; ) await sleep(50)
  return look()
}

function plant(): void {
  if (order.leak === 'heap') kept.push(new Array(20_000).fill(kept.length))
  if (order.leak === 'timers') for (let i = 0; i < 10; i++) setTimeout(() => {}, 3_600_000).unref()
  if (order.leak === 'listeners') for (let i = 0; i < 10; i++) caller.signal.addEventListener('abort', () => {})
}
