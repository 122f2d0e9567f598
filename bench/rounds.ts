import { CONTESTANTS, type ContestantName, type Measurement, type Workload } from './contract.ts'
import { type Measures, PARTICIPANTS, type Size, type WorkloadName, workloads } from './measures.ts'
import type { ProbeMeasures } from './probes/rounds.ts'
import { ContestantProcess, type Expectation, type ServerProcess } from './processes.ts'
import { buildAnswer, EVENTS_AROUND } from './streams.ts'

export interface RoundsOptions {
  readonly node: string
  readonly server: ServerProcess
  readonly size: Size
  /** Default: all. */
  readonly only?: readonly WorkloadName[] | undefined
  /** New rounds start until this much time has passed, but at least `leastRounds` and at most `mostRounds`. */
  readonly budgetMs: number
  readonly leastRounds: number
  readonly mostRounds: number
  onRound(round: number): void
}

export interface RoundsResult {
  readonly version: string
  readonly rounds: number
  readonly measures: Measures
  readonly probes: ProbeMeasures
}

const WARM_UP_CALLS = 2000

/** Runs all contestants one after another in each round, so that a disturbance affects all of them. */
export async function runRounds(options: RoundsOptions): Promise<Omit<RoundsResult, 'probes'>> {
  // Without measurements, one contestant reports the version of Node.
  const { only = Object.keys(PARTICIPANTS) as WorkloadName[] } = options
  const names =
    options.mostRounds < 0
      ? (['drop_in'] as const)
      : CONTESTANTS.filter((name) => only.some((workload) => PARTICIPANTS[workload].includes(name)))
  const children = await Promise.all(names.map((name) => ContestantProcess.start(name, options.node)))
  try {
    return await measureRounds(new Map(children.map((child) => [child.name, child])), options)
  } finally {
    for (const child of children) child.stop()
  }
}

async function measureRounds(
  children: ReadonlyMap<ContestantName, ContestantProcess>,
  { server, size, only, budgetMs, leastRounds, mostRounds, onRound }: RoundsOptions,
): Promise<Omit<RoundsResult, 'probes'>> {
  const startedAt = performance.now()
  const every = Object.entries(workloads(size)) as Array<[WorkloadName, Workload]>
  const measures = Object.fromEntries(every.map(([name]) => [name, {}])) as Record<
    WorkloadName,
    Partial<Record<ContestantName, Measurement[]>>
  >
  const all = every.filter(([name]) => only?.includes(name) ?? true)
  const expected = expectations()
  let rounds = 0
  // Round 0 warms up and is dropped.
  for (let round = 0; round <= mostRounds; round++) {
    if (round > leastRounds && performance.now() - startedAt > budgetMs) break
    onRound(round)
    for (const [name, workload] of all) {
      for (const contestant of rotated(PARTICIPANTS[name], round)) {
        const child = children.get(contestant)
        // In a long-lived process the code of a short call is compiled.
        if (round === 0) {
          const part = { ...workload, calls: Math.min(workload.calls, WARM_UP_CALLS) }
          for (let i = 0; i < (workload.calls > 1 ? 3 : 1); i++) await child?.run(part, server, expected)
          continue
        }
        const measurement = await child?.run(workload, server, expected)
        if (measurement === undefined) continue
        const list = measures[name][contestant] ?? []
        measures[name][contestant] = list
        list.push(measurement)
      }
    }
    rounds = round
  }
  return { version: [...children.values()][0]?.version ?? '', rounds, measures }
}

/** Rotates the order, so that another contestant is first in each round. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const from = by % items.length
  return [...items.slice(from), ...items.slice(0, from)]
}

function expectations(): Expectation {
  const bodyBytes = new Map<number, number>()
  return ({ read, deltas, calls }) => {
    if (read === 'events') return (deltas + EVENTS_AROUND) * calls
    let bytes = bodyBytes.get(deltas)
    if (bytes === undefined) {
      bytes = buildAnswer(deltas, 'block').bodyBytes
      bodyBytes.set(deltas, bytes)
    }
    return bytes * calls
  }
}
