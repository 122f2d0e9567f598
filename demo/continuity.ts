import { parseArgs } from 'node:util'
import { type Bound, boundsOf } from './continuity/bounds.ts'
import { drawChart } from './continuity/chart.ts'
import { GIVE_UP_MS } from './continuity/contestant.ts'
import { TURNS } from './continuity/conversation.ts'
import { drawFigures } from './continuity/figures.ts'
import { totalsOf } from './continuity/measure.ts'
import { count, kilobytes } from './continuity/numbers.ts'
import { type Run, type RunOptions, runContinuity } from './continuity/run.ts'
import { statelessBounds } from './continuity/stateless/bounds.ts'
import { drawUploads } from './continuity/stateless/chart.ts'
import { drawUploadFigures } from './continuity/stateless/figures.ts'
import { LOST_EVERY } from './continuity/stateless/losses.ts'
import { bytesOf } from './continuity/stateless/measure.ts'
import { runStateless, type StatelessRun } from './continuity/stateless/run.ts'
import { type Terminal, terminalOn } from './terminal.ts'

const DEFAULT_SEED = 17
/** Calls that have not ended by then are counted as they are. */
const TIME_LIMIT_MS = 25_000

const HELP = `npm run demo:continuity -- [--seed <n>]

An agent of ${TURNS} turns against an endpoint that loses its session in every one of them, through three
clients side by side, and what each of them sends. Then the same agent with its whole history in every
turn, over HTTP and over WebSockets, with connections that are lost. Needs no key, no network, and less
than half a minute.

  --seed <n>   in which way which turn loses what, and what is said   (${DEFAULT_SEED})
  --help       this text

It exits with 0 if this library stays within its bounds and the naive client does not, with 1 if not, and
with 2 if the command line cannot be followed.`

const terminal = terminalOn(process.stdout, process.env)
const command = parseCommand(process.argv.slice(2))
if (command === 'help') {
  terminal.print(HELP)
} else if ('problem' in command) {
  process.stderr.write(`${command.problem}\nSee npm run demo:continuity -- --help\n`)
  process.exitCode = 2
} else {
  introduce(command.seed)
  const options: RunOptions = {
    seed: command.seed,
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
    onTurn: progressOn(terminal),
  }
  const [sessions, uploads] = await Promise.all([runContinuity(options), runStateless(options)])
  const hold = [reportSessions(sessions), reportUploads(uploads)]
  process.exitCode = hold.every(Boolean) ? 0 : 1
}

function parseCommand(args: readonly string[]): 'help' | { readonly seed: number } | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, seed: { type: 'string' } },
    })
    if (values.help) return 'help'
    const { seed = String(DEFAULT_SEED) } = values
    if (/^\d{1,6}$/.test(seed)) return { seed: Number(seed) }
    return { problem: `--seed: '${seed}' is not a whole number from 0 to 999999.` }
  } catch (error) {
    return { problem: (error as Error).message.split('. ')[0] ?? 'The options cannot be read.' }
  }
}

function introduce(seed: number): void {
  const { paint } = terminal
  terminal.print(
    '',
    `  ${paint('bold', `${TURNS} turns of an agent, and a session lost in every one`)}`,
    '',
    '  Each turn continues with previous_response_id and sends the results of its',
    '  tools, about 2 K tokens. The same agent uses three clients; each meets',
    '  the same losses in the same turns.',
    '',
    `  ${paint('red', 'naive'.padEnd(20))} takes a lost connection for a lost conversation`,
    `  ${paint('yellow', 'openai SDK alone'.padEnd(20))} default fetch and retries; the agent believes a 400`,
    `  ${paint('green', 'resilient-responses'.padEnd(20))} stream with interruption: 'restart', else defaults`,
    '',
    paint('dim', `  Seed ${seed}. Times are real, with one exception: a silent endpoint is waited`),
    paint('dim', `  for at most ${GIVE_UP_MS / 1000} s.`),
    '',
  )
}

/** One live line for all contestants. Prints nothing where lines cannot be overwritten. */
function progressOn({ live, redraw }: Terminal): (name: string, turn: number) => void {
  const turns = new Map<string, number>()
  return (name, turn) => {
    turns.set(name, turn)
    if (live) redraw([`  ${[...turns].map(([who, at]) => `${who}: turn ${at}`).join('   ')}`])
  }
}

/** @returns whether the run stayed within its bounds. */
function reportSessions(run: Run): boolean {
  terminal.print('', ...drawChart(terminal, run), '', ...drawFigures(terminal, run), '')
  return printBounds(boundsOf(run), factor(run))
}

/** @returns whether the run stayed within its bounds. */
function reportUploads(run: StatelessRun): boolean {
  const { paint } = terminal
  terminal.print(
    '',
    `  ${paint('bold', 'The same agent, but the endpoint keeps nothing (store: false)')}`,
    '',
    `  Each turn sends the whole history. In every turn divisible by ${LOST_EVERY} the connection`,
    '  is lost. Both clients are this library; the second has webSocket: true, and',
    '  sends only what is new wherever the WebSocket of the turn before is still open.',
    '',
    ...drawUploads(terminal, run),
    '',
    ...drawUploadFigures(terminal, run),
    '',
  )
  const [overHttp, overSockets] = [run.overHttp, run.overSockets].map(({ turns }) => kilobytes(bytesOf(turns)))
  return printBounds(statelessBounds(run), `All requests: ${overHttp} over HTTP, ${overSockets} over WebSockets.`)
}

/** @returns whether all hold. */
function printBounds(bounds: readonly Bound[], conclusion: string): boolean {
  const { paint } = terminal
  const width = Math.max(...bounds.map(({ claim }) => claim.length))
  terminal.print(
    ...bounds.map(({ claim, measured, holds }) => {
      return `  ${holds ? paint('green', '✓') : paint('red', '✗')} ${claim.padEnd(width)}   ${measured}`
    }),
    '',
    `  ${conclusion}`,
    '',
  )
  return bounds.every(({ holds }) => holds)
}

function factor({ naive, resilient }: Run): string {
  const [theirs, ours] = [naive, resilient].map(({ turns }) => {
    const { sent, retried } = totalsOf(turns)
    return sent + retried
  }) as [number, number]
  return `Retries included: ${count(theirs)} tokens against ${count(ours)}, ${(theirs / ours).toFixed(1)} times as many.`
}
