import os from 'node:os'
import { parseArgs } from 'node:util'
import { terminalOn } from '../demo/terminal.ts'
import { nodeOf } from '../scripts/nodes.ts'
import { baselineOf, completed, figuresOf, readBaseline } from './baseline.ts'
import { type BuiltPackage, builtPackage } from './built-package.ts'
import { regressions } from './check.ts'
import { PARTICIPANTS, type Size, type WorkloadName, workloads } from './measures.ts'
import { MOST_STREAMS, streamsThatFit } from './open-files.ts'
import { PROBES, type ProbeName } from './probes/contract.ts'
import { runProbes } from './probes/rounds.ts'
import { ServerProcess } from './processes.ts'
import { draw, publish } from './publish.ts'
import { drawMeasures, drawRatios } from './report.ts'
import { type RoundsResult, runRounds } from './rounds.ts'
import { keyOf, targetText, verdictOf } from './row.ts'
import { ROWS } from './rows.ts'

const HELP = `npm run bench -- [options]

Measures the client beside others, each in a process of its own against servers in others, round by
round in turn, and prints ratios of CPU time beside what they should reach.

  --quick           fewer and smaller rounds: about a minute for each Node instead of several
  --json            the result as JSON, and nothing else
  --check           exit with 1 if a ratio is worse than bench/baseline.json by more than a quarter
  --publish         write the result to bench/baseline.json, and draw docs/bench.svg and the table of docs/speed.md from it;
                    of a part (--streams, --probe) what was not measured stays
  --draw            measure nothing: draw both again from bench/baseline.json
  --streams         only what is measured per event and per call
  --workload <name> only this of what is measured per event and per call; may be given several times:
                    ${Object.keys(PARTICIPANTS).join(', ')}
  --probe <name>    only this probe; may be given several times: ${Object.keys(PROBES).join(', ')}
  --rounds <n>      so many rounds of what is measured per event and per call
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
  size: { deltas: 100_000, shortCalls: 5000 },
  budgetMs: 150_000,
  leastRounds: 3,
  mostRounds: 15,
  probeRounds: 3,
}
const QUICK: Scale = {
  size: { deltas: 20_000, shortCalls: 300 },
  budgetMs: 15_000,
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
        publish: { type: 'boolean', default: false },
        draw: { type: 'boolean', default: false },
        streams: { type: 'boolean', default: false },
        workload: { type: 'string', multiple: true },
        probe: { type: 'string', multiple: true },
        help: { type: 'boolean', default: false },
        nodes: { type: 'string' },
        rounds: { type: 'string' },
      },
    })
    const unknown = values.probe?.find((name) => !Object.hasOwn(PROBES, name))
    if (unknown !== undefined) throw new Error(`no probe is called ${unknown}`)
    const unmeasured = values.workload?.find((name) => !Object.hasOwn(PARTICIPANTS, name))
    if (unmeasured !== undefined) throw new Error(`no workload is called ${unmeasured}`)
    if (values.rounds !== undefined && !/^[1-9]\d?$/.test(values.rounds)) {
      throw new Error('--rounds takes a number from 1 to 99')
    }
    return values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}\n`)
    process.exit(2)
  }
}

const { quick, json, check, probe, workload, nodes: versions, ...wanted } = options()
/** Probes are left out. */
const streams = wanted.streams || (workload !== undefined && probe === undefined)
const terminal = terminalOn(process.stdout, process.env)
const usual = quick ? QUICK : FULL
const rounds = wanted.rounds === undefined ? undefined : Number(wanted.rounds)
const scale: Scale = rounds === undefined ? usual : { ...usual, leastRounds: rounds, mostRounds: rounds }
const mostStreams = streamsThatFit()
const busy = (os.loadavg()[0] ?? 0) > os.availableParallelism() / 2
if (wanted.help) terminal.print(HELP)
else if (wanted.draw) draw(readBaseline())
else await measureAll().then(report, fail)

async function measureAll(): Promise<RoundsResult[]> {
  const nodes = versions?.split(',').map(nodeOf) ?? [process.execPath]
  const built = streams ? undefined : builtPackage()
  try {
    const servers = await Promise.all([
      ServerProcess.start(Object.values(workloads(scale.size))),
      ServerProcess.start([]),
    ] as const)
    const results: RoundsResult[] = []
    for (const [at, node] of nodes.entries()) {
      if (nodes.length > 1) say(`Node ${versions?.split(',')[at]}`)
      results.push(await measureOn(node, servers, built, nodes.length))
    }
    for (const server of servers) server.stop()
    return results
  } finally {
    built?.remove()
  }
}

/** A failed measurement fails the benchmark, so that no row is missing. The children end with this process. */
function fail(error: unknown): never {
  process.stderr.write(`\nthe benchmark failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

async function measureOn(
  node: string,
  servers: readonly [ServerProcess, ServerProcess],
  built: BuiltPackage | undefined,
  nodes: number,
): Promise<RoundsResult> {
  const { size, leastRounds, mostRounds, probeRounds } = scale
  const none = probe !== undefined && workload === undefined
  const measured = await runRounds({
    node,
    server: servers[0],
    size,
    only: workload as WorkloadName[] | undefined,
    budgetMs: none ? 0 : scale.budgetMs / nodes,
    leastRounds: none ? 0 : leastRounds,
    mostRounds: none ? -1 : mostRounds,
    onRound: (round) => say(round === 0 ? 'warming up' : `round ${round}`),
  })
  if (built === undefined) return { ...measured, probes: {} }
  const only = probe as ProbeName[] | undefined
  const options = { node, servers, built: built.folder, mostStreams, quick, rounds: probeRounds, only, onProbe: say }
  return { ...measured, probes: await runProbes(options) }
}

function say(what: string): void {
  if (json) return
  const line = terminal.paint('dim', what)
  if (terminal.live) terminal.redraw([line])
  else terminal.print(line)
}

function report(results: readonly RoundsResult[]): void {
  if (json) process.stdout.write(`${JSON.stringify(asJson(results), undefined, 2)}\n`)
  else print(results)
  // Read before it may be replaced.
  const before = check ? readBaseline() : undefined
  if (wanted.publish) {
    const measured = baselineOf(results, { ...scale.size, quick, busy })
    publish(streams || probe !== undefined ? completed(measured, readBaseline()) : measured)
  }
  if (before === undefined) return
  const checked = results.map((result) => ({ version: result.version, figures: figuresOf(result) }))
  const worse = regressions(checked, before)
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
    ...(busy ? ['The machine was busy with other work, so these figures are not reliable.', ''] : []),
    terminal.paint('dim', `${workload}; ${cpus.length} × ${cpus[0]?.model.trim()}; ${load}`),
    '',
    ...drawRatios(terminal, results),
    '',
    ...(mostStreams < MOST_STREAMS
      ? [`A process may open too few files: ${mostStreams} streams wait, not ${MOST_STREAMS}.`, '']
      : []),
    ...results.flatMap((result) => (result.rounds > 0 ? [...drawMeasures(terminal, result, size), ''] : [])),
  )
}

function asJson(all: readonly RoundsResult[]): object {
  return {
    quick,
    busy,
    size: scale.size,
    mostStreams,
    load: os.loadavg()[0],
    results: all.map(({ version, rounds, measures, probes }) => ({
      node: version,
      rounds,
      ratios: ROWS.flatMap((row) =>
        row.parts.map((part) => {
          const spread = part.measure(measures, probes)
          const { title, against } = row
          const { label, unit = '×' } = part
          const verdict = verdictOf(part, spread, version)
          return {
            title,
            against,
            part: label,
            key: keyOf(row, part),
            unit,
            target: targetText(part),
            ...spread,
            verdict,
          }
        }),
      ),
      measures,
      probes,
    })),
  }
}
