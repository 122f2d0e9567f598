import os from 'node:os'
import { parseArgs } from 'node:util'
import { terminalOn } from '../demo/terminal.ts'
import { type Size, workloads } from './measures.ts'
import { ServerProcess } from './processes.ts'
import { drawMeasures, drawRatios } from './report.ts'
import { type RoundsResult, runRounds } from './rounds.ts'
import { ROWS, targetText, verdictOf } from './rows.ts'

const HELP = `npm run bench -- [options]

Measures the client beside others, each in a process of its own against a server in another, round by
round in turn, and prints ratios of CPU time beside what they should reach.

  --quick         fewer and smaller rounds: less than 40 seconds instead of 3 minutes
  --json          the result as JSON, and nothing else
  --node <path>   measure on this Node; may be given several times, for one column each
  --help          this text`

interface Scale {
  readonly size: Size
  readonly budgetMs: number
  readonly leastRounds: number
  readonly mostRounds: number
}

const FULL: Scale = { size: { deltas: 100_000, shortCalls: 4000 }, budgetMs: 130_000, leastRounds: 3, mostRounds: 15 }
const QUICK: Scale = { size: { deltas: 25_000, shortCalls: 1500 }, budgetMs: 25_000, leastRounds: 2, mostRounds: 7 }

function options() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        node: { type: 'string', multiple: true },
      },
    }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}\n`)
    process.exit(2)
  }
}

const { quick, json, help, node } = options()
const terminal = terminalOn(process.stdout, process.env)
const nodes = node ?? [process.execPath]
const scale = quick ? QUICK : FULL
if (help) terminal.print(HELP)
else report(await measureAll())

async function measureAll(): Promise<RoundsResult[]> {
  const server = await ServerProcess.start(Object.values(workloads(scale.size)))
  try {
    const results: RoundsResult[] = []
    for (const path of nodes) {
      const { size, leastRounds, mostRounds } = scale
      const budgetMs = scale.budgetMs / nodes.length
      const onRound = (round: number): void => sayRound(round, path)
      results.push(await runRounds({ node: path, server, size, budgetMs, leastRounds, mostRounds, onRound }))
    }
    return results
  } finally {
    server.stop()
  }
}

function sayRound(round: number, path: string): void {
  if (json) return
  const which = nodes.length > 1 ? ` on ${path}` : ''
  const line = terminal.paint('dim', round === 0 ? `warming up${which}` : `round ${round}${which}`)
  if (terminal.live) terminal.redraw([line])
  else terminal.print(line)
}

function report(results: readonly RoundsResult[]): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(asJson(results), undefined, 2)}\n`)
    return
  }
  const { size } = scale
  const cpus = os.cpus()
  const workload = `${size.deltas} deltas of 240 bytes a stream; ${size.shortCalls} short calls a round`
  terminal.print(
    '',
    terminal.paint('dim', `${workload}; ${cpus.length} × ${cpus[0]?.model.trim()}`),
    '',
    ...drawRatios(terminal, results),
    '',
    ...results.flatMap((result) => [...drawMeasures(terminal, result, size), '']),
  )
}

function asJson(all: readonly RoundsResult[]): object {
  return {
    size: scale.size,
    results: all.map(({ version, rounds, measures }) => ({
      node: version,
      rounds,
      ratios: ROWS.flatMap(({ title, against, parts }) =>
        parts.map((part) => {
          const spread = part.measure(measures)
          return {
            title,
            against,
            part: part.label,
            target: targetText(part),
            ...spread,
            verdict: verdictOf(part, spread),
          }
        }),
      ),
      measures,
    })),
  }
}
