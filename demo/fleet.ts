import { parseArgs } from 'node:util'
import { REQUESTS_PER_WINDOW, WINDOW_MS } from './fleet/account.ts'
import { drawFigures, drawRun, figuresOf } from './fleet/chart.ts'
import { findRedis, startRedis } from './fleet/redis.ts'
import { runWorkers, WORKERS } from './fleet/run.ts'
import { terminalOn } from './terminal.ts'

const DEFAULT_CALLS = 30

const HELP = `npm run demo:fleet -- [--calls <n>]

${WORKERS} worker processes on one account with a rate limit, first each for itself and then as a fleet on a
Redis: what they are refused, and how long it takes. Needs no key and no network, but redis-server or
valkey-server (apt-get install redis-server), which it runs by itself.

  --calls <n>   calls of each worker, 1 to 200   (${DEFAULT_CALLS})
  --help        this text

It exits with 0 if the fleet was refused less often, with 1 if not, and with 2 if there is no server to run or
the command line cannot be followed.`

const terminal = terminalOn(process.stdout, process.env)

function callsOf(args: readonly string[]): number | 'help' | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, calls: { type: 'string' } },
    })
    if (values.help) return 'help'
    const { calls = String(DEFAULT_CALLS) } = values
    return /^\d+$/.test(calls) && Number(calls) >= 1 && Number(calls) <= 200 ? Number(calls) : undefined
  } catch {
    return undefined
  }
}

const calls = callsOf(process.argv.slice(2))
const program = findRedis()
if (calls === 'help') {
  terminal.print(HELP)
} else if (calls === undefined) {
  process.stderr.write('--calls: expected a whole number from 1 to 200. See npm run demo:fleet -- --help\n')
  process.exitCode = 2
} else if (program === undefined) {
  process.stderr.write('There is no redis-server and no valkey-server to run: apt-get install redis-server.\n')
  process.exitCode = 2
} else {
  process.exitCode = (await compare(calls, program)) ? 0 : 1
}

/** @returns whether the fleet was refused less often, and no call of it failed. */
async function compare(callsEach: number, redis: string): Promise<boolean> {
  const { paint } = terminal
  terminal.print(
    '',
    `  ${paint('bold', `${WORKERS} processes, one account`)}`,
    '',
    `  The account takes ${REQUESTS_PER_WINDOW} requests in ${WINDOW_MS / 1000} s, and says how long to wait when there are more.`,
    `  Each process has ${callsEach} calls.`,
    '',
  )
  const without = await runWorkers(callsEach, undefined)
  const server = await startRedis(redis)
  const withFleet = await runWorkers(callsEach, server.port)
  await server.end()
  const longestMs = Math.max(...[...without.served, ...withFleet.served].map(({ atMs }) => atMs)) + 1
  terminal.print(
    `  ${paint('bold', 'Each for itself')}   ${paint('green', '█')} answered   ${paint('red', '✗')} refused`,
    ...drawRun(terminal, without, longestMs),
    '',
    `  ${paint('bold', 'A fleet')}`,
    ...drawRun(terminal, withFleet, longestMs),
    '',
    ...drawFigures(terminal, without, withFleet),
    '',
  )
  const [left, right] = [figuresOf(without), figuresOf(withFleet)].map((each) => Number(each['requests refused (429)']))
  return withFleet.failed === 0 && (right as number) < (left as number)
}
