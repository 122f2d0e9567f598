import type { Counts } from './counts.ts'
import type { Sample } from './series.ts'

/** The order for the clients' process. */
export interface Order {
  readonly baseURL: string
  readonly port: number
  readonly seed: number
  readonly ms: number
  readonly calls: number
  /** Continues after its time until this many calls have succeeded. */
  readonly untilOk: number
  /** A planted leak, to check that it is found. */
  readonly leak: Leak | undefined
  /** The calls are those of programs that use a sidecar, which runs in the process of the clients. */
  readonly sidecar: boolean
}

export const LEAKS = ['heap', 'timers', 'listeners'] as const
export type Leak = (typeof LEAKS)[number]

export interface Tally {
  readonly calls: number
  readonly outcomes: Counts
  readonly kinds: Counts
  readonly violations: readonly string[]
}

/** What the process reports: samples, and at the end what was left. */
export type Message =
  | { readonly sample: Sample; readonly tally: Tally }
  | { readonly over: Tally; readonly left: readonly string[] }
