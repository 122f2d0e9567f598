/**
 * `npm run soak -- --minutes N`: mixed load and faults over real sockets, with the clients in one process and the
 * endpoint in another. Fails, with exit code 1, when a sampled value rises over the second half, when a call does not
 * have exactly one outcome, and when something is left at the end.
 *
 * `--calls N` concurrent calls, `--seed N`, `--restart-every SECONDS` (the endpoint restarts at this interval),
 * `--until-ok N` (continues after its minutes until this many calls have succeeded), `--json` instead of the table,
 * `--leak heap|timers|listeners` to check that a leak is found. `--sidecar`: the calls are those of programs that use a sidecar,
 * over HTTP and WebSocket, and the sidecar is what is sampled.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { LEAKS, type Tally } from './soak/messages.ts'
import { Endpoint, runClients } from './soak/processes.ts'
import { failuresOf, type Outcome, table } from './soak/report.ts'
import { judge, type Sample } from './soak/series.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    calls: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' },
    'restart-every': { type: 'string', default: '20' },
    'until-ok': { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    leak: { type: 'string' },
    sidecar: { type: 'boolean', default: false },
  },
})

function positive(name: 'minutes' | 'calls' | 'restart-every'): number {
  const value = Number(values[name])
  if (!(value > 0)) throw new Error(`--${name} ${values[name]}: expected a number above 0`)
  return value
}

const untilOk = Number(values['until-ok'])
if (!Number.isInteger(untilOk) || untilOk < 0) {
  throw new Error(`--until-ok ${values['until-ok']}: expected a whole number from 0`)
}
const leak = LEAKS.find((one) => one === values.leak)
if (leak !== values.leak) throw new Error(`--leak ${values.leak}: expected one of ${LEAKS.join(', ')}`)

const PROGRESS_EVERY_MS = 5_000

process.exitCode = await soak()

/** The endpoint stays up for the same time, even if a start takes long on a busy machine. */
async function keepRestarting(endpoint: Endpoint, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {})
    if (!signal.aborted) await endpoint.restart()
  }
}

async function soak(): Promise<number> {
  const ms = positive('minutes') * 60_000
  const seed = Number(values.seed)
  const endpoint = await Endpoint.start(seed)
  // Also so that the endpoint's record of its requests does not fill the memory.
  const over = new AbortController()
  const restarting = keepRestarting(endpoint, positive('restart-every') * 1_000, over.signal)
  const samples: Sample[] = []
  let tally: Tally = { calls: 0, outcomes: {}, kinds: {}, violations: [] }
  let left: readonly string[] = ['everything: the clients did not end']
  const startedAt = performance.now()
  let shownAt = startedAt
  const code = await runClients(
    {
      baseURL: `http://127.0.0.1:${endpoint.port}/v1`,
      port: endpoint.port,
      seed,
      ms,
      calls: positive('calls'),
      untilOk,
      leak,
      sidecar: values.sidecar,
    },
    (message) => {
      if ('over' in message) {
        tally = message.over
        left = message.left
        return
      }
      samples.push(message.sample)
      tally = message.tally
      if (values.json || performance.now() - shownAt < PROGRESS_EVERY_MS) return
      shownAt = performance.now()
      show(message.sample, tally, (startedAt + ms - shownAt) / 1_000)
    },
  )
  over.abort()
  await restarting
  await endpoint.stop()
  const seconds = (performance.now() - startedAt) / 1_000
  const outcome: Outcome = { seconds, seed, restarts: endpoint.restarts, tally, verdicts: judge(samples), left }
  const failures = [...failuresOf(outcome), ...(code === 0 ? [] : [`the clients ended with ${code}`])]
  if (values.json) console.log(JSON.stringify({ ...outcome, failures }))
  else console.log(`\n${table(outcome)}\n\n${failures.length === 0 ? 'passed' : `FAILED\n${failures.join('\n')}`}`)
  return failures.length === 0 ? 0 : 1
}

function show({ calls, heap, established, timers, leases }: Sample, { violations }: Tally, left: number): void {
  console.log(
    `${calls} calls, heap ${(heap / 1024).toFixed(1)} MiB, ${established} sockets, ${timers} timers, ${leases} leases, ` +
      `${violations.length} violations, ${Math.max(0, left).toFixed(0)} s left`,
  )
}
