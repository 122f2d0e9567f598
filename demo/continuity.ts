import { parseArgs } from 'node:util'
import { boundsOf } from './continuity/bounds.ts'
import { drawChart } from './continuity/chart.ts'
import { GIVE_UP_MS } from './continuity/contestant.ts'
import { TURNS } from './continuity/conversation.ts'
import { drawFigures } from './continuity/figures.ts'
import { totalsOf } from './continuity/measure.ts'
import { count } from './continuity/numbers.ts'
import { type Run, runContinuity } from './continuity/run.ts'
import { type Terminal, terminalOn } from './terminal.ts'

const DEFAULT_SEED = 17
/** Calls that have not ended by then are counted as they are. */
const TIME_LIMIT_MS = 25_000

const HELP = `npm run demo:continuity -- [--seed <n>]

An agent of ${TURNS} turns against an endpoint that loses its session in every one of them, through three
clients side by side, and what each of them sends. Needs no key, no network, and less than half a minute.

  --seed <n>   in which way which turn loses its session, and what is said   (${DEFAULT_SEED})
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
  const run = await runContinuity({
    seed: command.seed,
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
    onTurn: progressOn(terminal),
  })
  process.exitCode = report(run) ? 0 : 1
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
function report(run: Run): boolean {
  const { paint } = terminal
  terminal.print('', ...drawChart(terminal, run), '', ...drawFigures(terminal, run), '')
  const bounds = boundsOf(run)
  const width = Math.max(...bounds.map(({ claim }) => claim.length))
  terminal.print(
    ...bounds.map(({ claim, measured, holds }) => {
      return `  ${holds ? paint('green', '✓') : paint('red', '✗')} ${claim.padEnd(width)}   ${measured}`
    }),
    '',
    `  ${factor(run)}`,
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
