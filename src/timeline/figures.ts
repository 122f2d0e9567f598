import type { RecordedCall } from './recorded-call.ts'
import { ascending, percentile } from './statistics.ts'

/** Milliseconds. Absent where there is no value. */
export interface Percentiles {
  readonly p50?: number
  readonly p95?: number
  readonly p99?: number
  readonly max?: number
}

export interface CallFigures {
  readonly calls: number
  readonly outcomes: Readonly<Record<RecordedCall['outcome'], number>>
  /** Calls with a retry. */
  readonly retried: number
  /** Calls with a hedge. */
  readonly hedged: number
  /** Attempts that failed, by their code. */
  readonly failures: Readonly<Record<string, number>>
  readonly firstEventMs: Percentiles
  readonly durationMs: Percentiles
}

/** Counts and percentiles of calls. */
export function figuresOf(calls: readonly RecordedCall[]): CallFigures {
  const count = (test: (call: RecordedCall) => boolean): number => calls.filter(test).length
  const outcome = (name: RecordedCall['outcome']): number => count((call) => call.outcome === name)
  const failures = new Map<string, number>()
  for (const { code } of calls.flatMap(({ attempts }) => attempts))
    if (code !== undefined) failures.set(code, (failures.get(code) ?? 0) + 1)
  return {
    calls: calls.length,
    outcomes: {
      completed: outcome('completed'),
      failed: outcome('failed'),
      aborted: outcome('aborted'),
      running: outcome('running'),
    },
    retried: count(({ attempts, attemptsLeftOut = 0, hedges }) => attempts.length + attemptsLeftOut - hedges > 1),
    hedged: count(({ hedges }) => hedges > 0),
    failures: Object.fromEntries([...failures].sort((a, b) => b[1] - a[1])),
    firstEventMs: percentilesOf(calls.flatMap(({ firstEventMs }) => firstEventMs ?? [])),
    durationMs: percentilesOf(calls.flatMap((call) => (call.outcome === 'running' ? [] : call.durationMs))),
  }
}

export function percentilesOf(values: readonly number[]): Percentiles {
  if (values.length === 0) return {}
  const sorted = ascending(values)
  const at = (share: number): number => percentile(sorted, share) as number
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}
