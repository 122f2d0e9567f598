import type { Counts } from './counts.ts'
import type { Sample } from './series.ts'

/** What the clients' process is told to do. */
export interface Order {
  readonly baseURL: string
  readonly port: number
  readonly seed: number
  readonly ms: number
  readonly calls: number
  /** Goes on beyond its time until so many calls went well. */
  readonly untilOk: number
  /** Planted, to see that it is found. */
  readonly leak: Leak | undefined
}

export const LEAKS = ['heap', 'timers', 'listeners'] as const
export type Leak = (typeof LEAKS)[number]

export interface Tally {
  readonly calls: number
  readonly outcomes: Counts
  readonly kinds: Counts
  readonly violations: readonly string[]
}

/** What it says: a sample now and then, and at the end what was left. */
export type Message =
  | { readonly sample: Sample; readonly tally: Tally }
  | { readonly over: Tally; readonly left: readonly string[] }
