import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { terminalOn } from '../demo/terminal.ts'
import { BASELINE, baselineOf, type Checked, regressions } from './check.ts'
import { type Size, workloads } from './measures.ts'
import { nodeOf } from './nodes.ts'
import { PROBES, type ProbeName } from './probes/contract.ts'
import { runProbes } from './probes/rounds.ts'
import { ServerProcess } from './processes.ts'
import { drawMeasures, drawRatios } from './report.ts'
import { type RoundsResult, runRounds } from './rounds.ts'
import { ROWS, targetText, verdictOf } from './rows.ts'

const HELP = `npm run bench -- [options]

Measures the client beside others, each in a process of its own against servers in others, round by
round in turn, and prints ratios of CPU time beside what they should reach.

  --quick           fewer and smaller rounds: about a minute instead of five
  --json            the result as JSON, and nothing else
  --check           exit with 1 if a ratio is worse than bench/baseline.json by more than a quarter
  --keep            write the ratios to bench/baseline.json
  --streams         only what is measured per event and per call
  --probe <name>    only this probe; may be given several times: ${Object.keys(PROBES).join(', ')}
  --nodes <list>    measure on these versions of Node, for one column each: 22.19,24,26
  --help            this text`

interface Scale {
  readonly size: Size
  readonly budgetMs: number
  readonly leastRounds: number
  readonly mostRounds: number
  readonly probeRounds: number
}

const FULL: Scale = {
  size: { deltas: 100_000, shortCalls: 4000 },
  budgetMs: 150_000,
  leastRounds: 3,
  mostRounds: 15,
  probeRounds: 3,
}
const QUICK: Scale = {
  size: { deltas: 25_000, shortCalls: 1500 },
  budgetMs: 25_000,
  leastRounds: 2,
  mostRounds: 7,
  probeRounds: 1,
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        streams: { type: 'boolean', default: false },
        probe: { type: 'string', multiple: true },
        help: { type: 'boolean', default: false },
        nodes: { type: 'string' },
      },
    })
    const unknown = values.probe?.find((name) => !Object.hasOwn(PROBES, name))
    if (unknown !== undefined) throw new Error(`no probe is called ${unknown}`)
    return values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}\n`)
    process.exit(2)
  }
}

const { quick, json, check, keep, streams, probe, help, nodes: versions } = options()
const terminal = terminalOn(process.stdout, process.env)
const scale = quick ? QUICK : FULL
if (help) terminal.print(HELP)
else report(await measureAll())

async function measureAll(): Promise<RoundsResult[]> {
  const nodes = versions?.split(',').map(nodeOf) ?? [process.execPath]
  const servers = await Promise.all([
    ServerProcess.start(Object.values(workloads(scale.size))),
    ServerProcess.start([]),
  ] as const)
  try {
    const results: RoundsResult[] = []
    for (const node of nodes) results.push(await measureOn(node, servers, nodes.length))
    return results
  } finally {
    for (const server of servers) server.stop()
  }
}

async function measureOn(
  node: string,
  servers: readonly [ServerProcess, ServerProcess],
  nodes: number,
): Promise<RoundsResult> {
  const { size, leastRounds, mostRounds, probeRounds } = scale
  const none = probe !== undefined
  const measured = await runRounds({
    node,
    server: servers[0],
    size,
    budgetMs: none ? 0 : scale.budgetMs / nodes,
    leastRounds: none ? 0 : leastRounds,
    mostRounds: none ? -1 : mostRounds,
    onRound: (round) => say(round === 0 ? 'warming up' : `round ${round}`),
  })
  const probes = streams
    ? {}
    : await runProbes({
        node,
        servers,
        quick,
        rounds: probeRounds,
        only: probe as ProbeName[] | undefined,
        onProbe: say,
      })
  return { ...measured, probes }
}

function say(what: string): void {
  if (json) return
  const line = terminal.paint('dim', what)
  if (terminal.live) terminal.redraw([line])
  else terminal.print(line)
}

function report(results: readonly RoundsResult[]): void {
  const checked = results.map(checkedOf)
  if (json) process.stdout.write(`${JSON.stringify(asJson(results), undefined, 2)}\n`)
  else print(results)
  if (keep) writeFileSync(BASELINE, `${JSON.stringify(baselineOf(checked), undefined, 2)}\n`)
  if (!check) return
  const worse = regressions(checked)
  for (const line of worse) process.stderr.write(`worse than before: ${line}\n`)
  process.exitCode = worse.length > 0 ? 1 : 0
}

function print(results: readonly RoundsResult[]): void {
  const { size } = scale
  const cpus = os.cpus()
  const workload = `${size.deltas} deltas of 240 bytes a stream; ${size.shortCalls} short calls a round`
  const load = `load of the machine ${os.loadavg()[0]?.toFixed(1)}`
  terminal.print(
    '',
    terminal.paint('dim', `${workload}; ${cpus.length} × ${cpus[0]?.model.trim()}; ${load}`),
    '',
    ...drawRatios(terminal, results),
    '',
    ...results.flatMap((result) => (result.rounds > 0 ? [...drawMeasures(terminal, result, size), ''] : [])),
  )
}

function checkedOf({ version, measures, probes }: RoundsResult): Checked {
  const parts = ROWS.flatMap(({ title, parts: list }) =>
    list.map((part) => ({ key: `${title} / ${part.label}`, part, spread: part.measure(measures, probes) })),
  )
  return { version, parts }
}

function asJson(all: readonly RoundsResult[]): object {
  return {
    size: scale.size,
    load: os.loadavg()[0],
    results: all.map(({ version, rounds, measures, probes }) => ({
      node: version,
      rounds,
      ratios: ROWS.flatMap(({ title, against, parts }) =>
        parts.map((part) => {
          const spread = part.measure(measures, probes)
          const { label, unit = '×' } = part
          const verdict = verdictOf(part, spread)
          return { title, against, part: label, unit, target: targetText(part), ...spread, verdict }
        }),
      ),
      measures,
      probes,
    })),
  }
}
