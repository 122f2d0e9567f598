/**
 * `npm run bench:fleet`: 8 processes that share a limit of 40 calls over a real Redis or Valkey, beside one process with 40 alone:
 * throughput, calls under way at the server, commands a second; then one process is killed, and the store is frozen for 5 s.
 * `--rounds N` (3), `--seconds N` of each measurement (8), `--answer-ms N` of the server (500). Exits with 1 where a target is missed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findRedis } from '../demo/fleet/redis.ts'
import { BenchFleet, LIMIT, type Load, type Measured, PROCESSES } from './fleet/bench-fleet.ts'
import { quantile } from './sidecar/load.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    'answer-ms': { type: 'string', default: '500' },
  },
})
const seconds = Number(values.seconds)

const LEAST_THROUGHPUT = 0.9
const MOST_COMMANDS = 2
/** Until quotas have settled under a new load. */
const SETTLED_MS = 4000
/** A report is true for so long, so that is when the rest has what a killed process had. */
const LEASE_MS = 15_000
const FROZEN_MS = 5000

/** Every process wants more than its share. */
const ALL_WANT: Load = () => 50
/** Two want all of it, and six have two calls each. */
const TWO_WANT: Load = (process) => (process < 2 ? 50 : 2)

let missed = 0

if (findRedis() === undefined) {
  process.stderr.write('There is no redis-server and no valkey-server to run: apt-get install redis-server.\n')
  process.exitCode = 2
} else {
  await using fleet = await BenchFleet.start(Number(values['answer-ms']))
  await compare(fleet)
  process.exitCode = missed === 0 ? 0 : 1
}

async function compare(fleet: BenchFleet): Promise<void> {
  console.log(
    `${PROCESSES} processes, calls: ${LIMIT}, answers after ${values['answer-ms']} ms, ${fleet.storeVersion}; ` +
      `medians of ${values.rounds} rounds of ${seconds} s, except for what is last\n`,
  )
  row('', 'calls a second', 'beside one process', 'most under way', 'commands/s, process')
  const alone: Measured[] = []
  const all: Measured[] = []
  const two: Measured[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    alone.push(await fleet.underLoad('one', () => 400, SETTLED_MS, seconds))
    all.push(await fleet.underLoad('fleet', ALL_WANT, SETTLED_MS, seconds))
    two.push(await fleet.underLoad('fleet', TWO_WANT, SETTLED_MS, seconds))
    process.stderr.write(`round ${round}\n`)
  }
  const beside = median(alone, 'rate')
  tell('one process alone', medians(alone), beside, {})
  tell('all want more than their share', medians(all), beside, { throughput: LEAST_THROUGHPUT, commands: true })
  tell('two want all, six have 2 each', medians(two), beside, { throughput: LEAST_THROUGHPUT, commands: true })
  await harm(fleet, beside)
  console.log(missed === 0 ? '\nAll targets are reached.' : `\n${missed} targets are missed.`)
}

async function harm(fleet: BenchFleet, beside: number): Promise<void> {
  fleet.load(ALL_WANT)
  await sleep(SETTLED_MS)
  await fleet.killOne()
  // What it had is missed for so long: 35 of 40.
  tell('one is killed: the first 15 s', await fleet.measured(LEASE_MS), beside, {
    throughput: 0.9 * (1 - 1 / PROCESSES),
  })
  await sleep(2000)
  tell('one is killed: after that', await fleet.measured(seconds * 1000), beside, { throughput: LEAST_THROUGHPUT })
  fleet.freezeStore()
  tell('the store is frozen for 5 s', await fleet.measured(FROZEN_MS), beside, { throughput: LEAST_THROUGHPUT })
  fleet.thawStore()
  tell('the store is thawed: the first 5 s', await fleet.measured(5000), beside, { throughput: LEAST_THROUGHPUT })
  tell('the store is thawed: after that', await fleet.measured(seconds * 1000), beside, {
    throughput: LEAST_THROUGHPUT,
    commands: true,
  })
}

interface Targets {
  /** Of the throughput of one process. */
  readonly throughput?: number
  readonly commands?: boolean
}

/** A row, with a mark at each figure that misses its target. */
function tell(what: string, { rate, most, commands }: Measured, beside: number, targets: Targets): void {
  // One command more may fall into the time of a measurement.
  const mostCommands = MOST_COMMANDS + 1 / seconds
  const mark = (isMissed: boolean): string => {
    if (isMissed) missed++
    return isMissed ? ' (missed)' : ''
  }
  const ratio = rate / beside
  row(
    what,
    rate.toFixed(1),
    `${ratio.toFixed(2)} ×${mark(ratio < (targets.throughput ?? 0))}`,
    `${most}${mark(most > LIMIT)}`,
    commands === undefined
      ? '–'
      : `${commands.toFixed(2)}${mark(targets.commands === true && commands > mostCommands)}`,
  )
}

function row(...cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, at) => cell.padEnd(at === 0 ? 36 : 20))
      .join('')
      .trimEnd(),
  )
}

function median(all: readonly Measured[], of: 'rate' | 'commands'): number {
  return quantile(
    all.map((one) => one[of] ?? 0),
    0.5,
  )
}

/** The median of each figure, and the most calls of all rounds. */
function medians(all: readonly Measured[]): Measured {
  return {
    rate: median(all, 'rate'),
    most: Math.max(...all.map(({ most }) => most)),
    commands: all.some(({ commands }) => commands === undefined) ? undefined : median(all, 'commands'),
  }
}
