import type { Framing } from './streams.ts'

/** The measured clients, each in its own process. */
export const CONTESTANTS = [
  'typed',
  'drop_in',
  'undici_fetch',
  'dispatch',
  'openai_default',
  'openai_on_ours',
  'ai_default',
  'ai_on_ours',
  'global_fetch',
  'ky',
  'got',
  'axios',
  'typed_socket',
  'ws_by_hand',
] as const
export type ContestantName = (typeof CONTESTANTS)[number]

/** What a contestant can read: the bytes of a body, or its parsed events. Both return their number. */
export interface Contestant {
  readonly bytes?: (url: string) => Promise<number>
  readonly events?: (url: string) => Promise<number>
}

export interface Workload {
  readonly read: 'bytes' | 'events'
  readonly framing: Framing
  readonly deltas: number
  readonly calls: number
  readonly concurrency: number
  /** The answers come as messages on WebSockets. */
  readonly onSockets?: boolean
}

/** One run of a workload: all its calls together. */
export interface Measurement {
  /** CPU of the contestant's process, all its threads, user and system. Microseconds. */
  readonly cpuUs: number
  readonly wallUs: number
  /** Bytes or events, to prove that the work was done. */
  readonly read: number
}
