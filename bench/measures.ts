import type { ContestantName, Measurement, Workload } from './contract.ts'
import { EVENTS_AROUND } from './streams.ts'

/** The name of a workload in the rows of the table. */
export type WorkloadName =
  | 'bytes_event'
  | 'bytes_block'
  | 'events_event'
  | 'events_block'
  | 'events_segment'
  | 'short_bytes'
  | 'short_events'
  | 'socket_events'
  | 'socket_segment'
  | 'socket_short'

export interface Size {
  readonly deltas: number
  readonly shortCalls: number
}

export const SHORT_DELTAS = 15
export const SHORT_CONCURRENCY = 64

export function workloads({ deltas, shortCalls }: Size): Readonly<Record<WorkloadName, Workload>> {
  const stream = { deltas, calls: 1, concurrency: 1 }
  const short = { framing: 'event', deltas: SHORT_DELTAS, calls: shortCalls, concurrency: SHORT_CONCURRENCY } as const
  // As a model sends events: one by one, with time between them, on many streams at once.
  const segments = {
    read: 'events',
    framing: 'segment',
    deltas: Math.ceil(deltas / 200),
    calls: 64,
    concurrency: 64,
  } as const
  return {
    bytes_event: { ...stream, read: 'bytes', framing: 'event' },
    bytes_block: { ...stream, read: 'bytes', framing: 'block' },
    events_event: { ...stream, read: 'events', framing: 'event' },
    events_block: { ...stream, read: 'events', framing: 'block' },
    events_segment: segments,
    short_bytes: { ...short, read: 'bytes' },
    short_events: { ...short, read: 'events' },
    socket_events: { ...stream, read: 'events', framing: 'event', onSockets: true },
    socket_segment: { ...segments, onSockets: true },
    socket_short: { ...short, read: 'events', onSockets: true },
  }
}

/** General HTTP clients, which return bytes and do not parse events. */
const BYTE_READERS = ['drop_in', 'dispatch', 'undici_fetch', 'global_fetch', 'ky', 'got', 'axios'] as const

const ON_SOCKETS = ['typed_socket', 'ws_by_hand'] as const

/** The contestants of each workload. */
export const PARTICIPANTS: Readonly<Record<WorkloadName, readonly ContestantName[]>> = {
  bytes_event: BYTE_READERS,
  bytes_block: BYTE_READERS,
  events_event: ['typed', 'dispatch', 'openai_default', 'openai_on_ours'],
  events_block: ['typed', 'dispatch', 'openai_default', 'openai_on_ours'],
  events_segment: ['typed', 'dispatch', 'openai_default'],
  short_bytes: BYTE_READERS,
  short_events: ['typed', 'dispatch', 'openai_default', 'openai_on_ours', 'ai_default', 'ai_on_ours'],
  socket_events: ON_SOCKETS,
  socket_segment: ON_SOCKETS,
  socket_short: ON_SOCKETS,
}

/** The measurements of all rounds, by workload and contestant, in the order of the rounds. */
export type Measures = Readonly<Record<WorkloadName, Readonly<Partial<Record<ContestantName, Measurement[]>>>>>

/** Median and range. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** The ratio of two contestants, round by round, because a disturbance of a round affects both. */
export function ratioOf(
  measures: Measures,
  workload: WorkloadName,
  [over, under]: readonly [ContestantName, ContestantName],
  quantity: 'cpuUs' | 'wallUs' = 'cpuUs',
): Spread {
  const numerators = measures[workload][over] ?? []
  const denominators = measures[workload][under] ?? []
  return spreadOf(numerators.map((one, round) => one[quantity] / (denominators[round]?.[quantity] ?? Number.NaN)))
}

/** The unit that the cost of a workload is divided by. */
export function unitsOf({ calls, deltas }: Workload): { readonly unit: 'call' | 'event'; readonly units: number } {
  return deltas === SHORT_DELTAS
    ? { unit: 'call', units: calls }
    : { unit: 'event', units: calls * (deltas + EVENTS_AROUND) }
}

/** `24` of `v24.21.0`. */
export const majorOf = (version: string): string => version.replace(/^v/, '').split('.')[0] ?? ''
