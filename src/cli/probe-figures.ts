import { type Percentiles, percentilesOf } from '../timeline/figures.ts'
import type { ProbedCall } from './probe-calls.ts'
import type { ConnectionTimes, FailedConnection } from './probe-connections.ts'

/** Of calls over one transport, or of all. */
export interface CallsFigures {
  /** Calls that ended by themselves. */
  readonly calls: number
  readonly answered: number
  /** Connected, and no event within `waitMs`. */
  readonly dead: number
  readonly failed: number
  /** Calls that went over HTTP, because the endpoint did not upgrade. */
  readonly fellBack: number
  readonly firstEventMs: Percentiles
  /** Of each call its longest pause between two events. */
  readonly longestPauseMs: Percentiles
  readonly totalMs: Percentiles
  /** The different failures, with how often each came. */
  readonly failures: readonly { readonly what: string; readonly times: number }[]
}

/** The result of `probe`. Times are milliseconds. */
export interface ProbeFigures {
  /** Without its query. */
  readonly baseURL: string
  readonly model: string
  readonly waitMs: number
  /** Whether the user of the command ended it. */
  readonly stopped: boolean
  readonly connections: {
    readonly opened: number
    readonly failed: readonly FailedConnection[]
    readonly dnsMs: Percentiles
    readonly connectMs: Percentiles
    readonly tlsMs: Percentiles
    readonly wholeMs: Percentiles
  }
  readonly http: CallsFigures
  /** Absent where no call was meant to go over WebSocket. */
  readonly webSocket?: CallsFigures
  readonly all: CallsFigures
}

export function connectionFigures(
  results: readonly (ConnectionTimes | FailedConnection)[],
): ProbeFigures['connections'] {
  const opened = results.filter((one): one is ConnectionTimes => !('step' in one))
  return {
    opened: opened.length,
    failed: results.filter((one): one is FailedConnection => 'step' in one),
    dnsMs: percentilesOf(opened.map(({ dnsMs }) => dnsMs)),
    connectMs: percentilesOf(opened.map(({ connectMs }) => connectMs)),
    tlsMs: percentilesOf(opened.flatMap(({ tlsMs }) => tlsMs ?? [])),
    wholeMs: percentilesOf(opened.map(({ dnsMs, connectMs, tlsMs = 0 }) => dnsMs + connectMs + tlsMs)),
  }
}

export function callsFigures(all: readonly ProbedCall[]): CallsFigures {
  const calls = all.filter(({ outcome }) => outcome !== 'stopped')
  const count = (outcome: ProbedCall['outcome']): number => calls.filter((call) => call.outcome === outcome).length
  const answered = calls.filter(({ outcome }) => outcome === 'answered')
  return {
    calls: calls.length,
    answered: answered.length,
    dead: count('dead'),
    failed: count('failed'),
    fellBack: calls.filter(({ fellBack }) => fellBack).length,
    firstEventMs: percentilesOf(answered.flatMap(({ firstEventMs }) => firstEventMs ?? [])),
    longestPauseMs: percentilesOf(answered.flatMap(({ longestPauseMs }) => longestPauseMs ?? [])),
    totalMs: percentilesOf(answered.map(({ totalMs }) => totalMs)),
    failures: failuresOf(calls),
  }
}

function failuresOf(calls: readonly ProbedCall[]): CallsFigures['failures'] {
  const times = new Map<string, number>()
  for (const { outcome, code = 'failed', status, words } of calls) {
    if (outcome !== 'failed') continue
    const what = [status === undefined ? code : `status ${status}`, ...(words === undefined ? [] : [words])].join(', ')
    times.set(what, (times.get(what) ?? 0) + 1)
  }
  return [...times].map(([what, count]) => ({ what, times: count })).sort((a, b) => b.times - a.times)
}
