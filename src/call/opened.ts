import type { Failure } from '../errors/failure.ts'

/** How an attempt opens: with output to hand over, or with a failure. */
export type Opened =
  | { readonly kind: 'committed' }
  /**
   * The output holds the endpoint's own words, if there were any: an error answer, or the events of a failed stream.
   */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  /** Another attempt of the call was first. */
  | { readonly kind: 'lost' }

/** Shared, because the reader of a stream holds it. */
export const COMMITTED: Opened = { kind: 'committed' }
