import { median, type Trend, trendOf } from './trend.ts'

/** What is sampled. */
export type SeriesName =
  | 'heap'
  | 'array_buffers'
  | 'other_external'
  | 'timers'
  | 'socket_handles'
  | 'other_handles'
  | 'established'
  | 'close_wait'
  | 'other_sockets'
  | 'listeners'
  | 'leases'
  | 'connections'
  | 'cached_clients'
  | 'loop_delay'

/** One look at the process, after a garbage collection. `calls`: over so far. */
export type Sample = Readonly<Record<SeriesName, number>> & { readonly calls: number; readonly atMs: number }

interface Tolerance {
  readonly unit: string
  /** Growth for every 1 000 calls that is no leak yet. */
  readonly perThousandCalls: number
  /** Growth over the whole window that is none, however few the calls were. */
  readonly floor: number
}

/** A fault that leaves something behind strikes one call in a hundred or more often: 10 for every 1 000 calls. */
const COUNT: Tolerance = { unit: '', perThousandCalls: 0.2, floor: 2 }

/** What may grow by how much over the second half of a run. */
export const TOLERATED: Readonly<Record<SeriesName, Tolerance>> = {
  // 32 bytes a call: less than one object, with whatever holds it, for each. The floor is code that gets compiled.
  heap: { unit: 'KiB', perThousandCalls: 32, floor: 256 },
  array_buffers: { unit: 'KiB', perThousandCalls: 32, floor: 256 },
  other_external: { unit: 'KiB', perThousandCalls: 32, floor: 256 },
  timers: COUNT,
  socket_handles: COUNT,
  other_handles: COUNT,
  established: COUNT,
  close_wait: COUNT,
  other_sockets: COUNT,
  listeners: COUNT,
  leases: COUNT,
  connections: COUNT,
  cached_clients: COUNT,
  // The 99th percentile, of a machine that may have other work.
  loop_delay: { unit: 'ms', perThousandCalls: 0, floor: 20 },
}

export const SERIES = Object.keys(TOLERATED) as readonly SeriesName[]

export interface Verdict {
  readonly series: SeriesName
  readonly unit: string
  readonly first: number
  readonly median: number
  readonly max: number
  /** Of the second half; `undefined` where the samples are too few to judge. */
  readonly trend: Trend | undefined
  readonly tolerated: number
  readonly rises: boolean
}

/** Judges the second half of every series: in the first, code is compiled and pools fill. */
export function judge(samples: readonly Sample[]): Verdict[] {
  if (samples.length === 0) return []
  const half = samples.slice(samples.length >> 1)
  const calls = (half.at(-1)?.calls ?? 0) - (half[0]?.calls ?? 0)
  return SERIES.map((series) => {
    const { unit, perThousandCalls, floor } = TOLERATED[series]
    const values = samples.map((sample) => sample[series])
    const trend = trendOf(half.map((sample) => ({ x: sample.atMs, y: sample[series] })))
    const tolerated = floor + (perThousandCalls * calls) / 1000
    return {
      series,
      unit,
      first: values[0] ?? Number.NaN,
      median: median(values),
      max: Math.max(...values),
      trend,
      tolerated,
      rises: trend !== undefined && trend.certainGrowth > tolerated,
    }
  })
}
