/**
 * `npm run bench:sidecar`: what the sidecar adds, beside `node:http` that pipes by hand, and nginx where it is installed. Each
 * is in a process of its own, and all take turns in every round; the medians of the rounds are printed. `--rounds N` (3),
 * `--seconds N` of each measurement (8), `--waiting N` streams (2000). Linux alone: figures of processes come from `/proc`.
 */
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { quantile, stream } from './sidecar/load.ts'
import { type Between, startNginx, startNode } from './sidecar/proxies.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    waiting: { type: 'string', default: '2000' },
  },
})

const STREAMS = 64
/** An event every so often on each stream: a model that is fast. */
const EVERY_MS = 20
const SHORT_CALLS = 100

interface Figures {
  readonly cpuUs: number
  readonly first50: number
  readonly first99: number
  readonly event50: number
  readonly event99: number
}

const upstream = await startNode('upstream.ts')
const proxies: [string, Between][] = [
  ['node:http by hand', await startNode('by-hand.ts', String(upstream.port))],
  ['sidecar', await startNode('sidecar.ts', String(upstream.port))],
]
const nginx = await startNginx(upstream.port)
if (nginx !== undefined) proxies.push(['nginx', nginx])
try {
  await measure()
} finally {
  for (const [, proxy] of proxies) proxy.stop()
  upstream.stop()
}

async function measure(): Promise<void> {
  const events = Math.round((Number(values.seconds) * 1000) / EVERY_MS)
  const all: [string, Between][] = [['straight', upstream], ...proxies]
  for (const [, proxy] of all) await streams(proxy, 25)
  const rounds = new Map<string, Figures[]>(all.map(([name]) => [name, []]))
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const [name, proxy] of all) rounds.get(name)?.push(await streams(proxy, events))
    process.stderr.write(`round ${round}\n`)
  }
  const median = (name: string, of: keyof Figures): number =>
    quantile(
      (rounds.get(name) ?? []).map((figures) => figures[of]),
      0.5,
    )
  const added = (name: string, of: keyof Figures): string => (median(name, of) - median('straight', of)).toFixed(2)
  console.log(`${STREAMS} streams, an event every ${EVERY_MS} ms on each; medians of ${values.rounds} rounds\n`)
  console.log(row('', 'CPU per event', 'first event, added ms', 'each event, added ms', `RSS a stream, KB`))
  console.log(row('', 'µs', 'p50 / p99', 'p50 / p99', `${values.waiting} waiting`))
  const straight = all[0]?.[0] as string
  const times = (of: 'first' | 'event'): string =>
    `${median(straight, `${of}50`).toFixed(2)} / ${median(straight, `${of}99`).toFixed(2)} (all)`
  console.log(row(straight, '', times('first'), times('event'), ''))
  for (const [name, proxy] of proxies) {
    const rss = await rssOfWaiting(proxy, Number(values.waiting))
    console.log(
      row(
        name,
        median(name, 'cpuUs').toFixed(1),
        `${added(name, 'first50')} / ${added(name, 'first99')}`,
        `${added(name, 'event50')} / ${added(name, 'event99')}`,
        rss.toFixed(1),
      ),
    )
  }
}

function row(...cells: readonly string[]): string {
  return cells
    .map((cell, at) => cell.padEnd(at === 0 ? 20 : 23))
    .join('')
    .trimEnd()
}

/** Long streams, and beside them short calls one after the other, for the time until a first event. */
async function streams(proxy: Between, events: number): Promise<Figures> {
  const agent = new Agent({ keepAlive: true })
  const { port } = proxy
  const before = proxy.cpu()
  const long = Promise.all(Array.from({ length: STREAMS }, () => stream({ port, events, everyMs: EVERY_MS, agent })))
  await sleep(200)
  const firsts: number[] = []
  for (let call = 0; call < Math.min(SHORT_CALLS, events); call++) {
    firsts.push((await stream({ port, events: 1, everyMs: 0, agent })).firstMs)
    await sleep(20)
  }
  const eventMs = (await long).flatMap((seen) => seen.eventMs)
  const cpuUs = ((proxy.cpu() - before) / eventMs.length) * 1e6
  agent.destroy()
  return {
    cpuUs,
    first50: quantile(firsts, 0.5),
    first99: quantile(firsts, 0.99),
    event50: quantile(eventMs, 0.5),
    event99: quantile(eventMs, 0.99),
  }
}

async function rssOfWaiting({ port, rss }: Between, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: false })
  const open = async (streams: number) => {
    const opened = []
    for (let left = streams; left > 0; left -= 50) {
      opened.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(50, left) }, () => stream({ port, events: 0, everyMs: 0, agent })),
        )),
      )
    }
    return opened
  }
  const some = await open(100)
  await sleep(500)
  const before = rss()
  const all = await open(count)
  await sleep(1000)
  const after = rss()
  for (const { request } of [...some, ...all]) request.on('error', () => {}).destroy()
  agent.destroy()
  await sleep(500)
  return (after - before) / count / 1024
}
