import { CONTESTANTS, type ContestantName, type Measurement, type Workload } from './contract.ts'
import { type Measures, PARTICIPANTS, type Size, type WorkloadName, workloads } from './measures.ts'
import type { ProbeMeasures } from './probes/rounds.ts'
import { ContestantProcess, type Expectation, type ServerProcess } from './processes.ts'
import { buildAnswer, EVENTS_AROUND } from './streams.ts'

export interface RoundsOptions {
  readonly node: string
  readonly server: ServerProcess
  readonly size: Size
  /** Rounds are begun until this much time has passed, but not fewer than `leastRounds` nor more than `mostRounds`. */
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

/** Round after round, all contestants one behind the other in each: a disturbance hits all of them alike. */
export async function runRounds(options: RoundsOptions): Promise<Omit<RoundsResult, 'probes'>> {
  // Where nothing is measured, one tells which Node it is.
  const names = options.mostRounds < 0 ? (['drop_in'] as const) : CONTESTANTS
  const children = await Promise.all(names.map((name) => ContestantProcess.start(name, options.node)))
  try {
    return await measureRounds(new Map(children.map((child) => [child.name, child])), options)
  } finally {
    for (const child of children) child.stop()
  }
}

async function measureRounds(
  children: ReadonlyMap<ContestantName, ContestantProcess>,
  { server, size, budgetMs, leastRounds, mostRounds, onRound }: RoundsOptions,
): Promise<Omit<RoundsResult, 'probes'>> {
  const startedAt = performance.now()
  const measures: Record<WorkloadName, Partial<Record<ContestantName, Measurement[]>>> = {
    bytes_event: {},
    bytes_block: {},
    events_event: {},
    events_block: {},
    events_segment: {},
    short_bytes: {},
    short_events: {},
  }
  const all = Object.entries(workloads(size)) as Array<[WorkloadName, Workload]>
  const expected = expectations()
  let rounds = 0
  // Round 0 warms up, and is thrown away.
  for (let round = 0; round <= mostRounds; round++) {
    if (round > leastRounds && performance.now() - startedAt > budgetMs) break
    onRound(round)
    for (const [name, workload] of all) {
      for (const contestant of rotated(PARTICIPANTS[name], round)) {
        const child = children.get(contestant)
        // A process that lives for long has long since compiled what a short call runs through.
        if (round === 0) {
          const part = { ...workload, calls: Math.min(workload.calls, WARM_UP_CALLS) }
          for (let i = 0; i < (workload.calls > 1 ? 3 : 1); i++) await child?.run(part, server.port, expected)
          continue
        }
        const measurement = await child?.run(workload, server.port, expected)
        if (measurement === undefined) continue
        const list = measures[name][contestant] ?? []
        measures[name][contestant] = list
        list.push(measurement)
      }
    }
    rounds = round
  }
  return { version: children.get('drop_in')?.version ?? '', rounds, measures }
}

/** Nobody always comes first. */
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
