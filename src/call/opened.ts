import type { Failure } from '../errors/failure.ts'

/** How an attempt opens: with something to hand over, or with a failure. */
export type Opened =
  | { readonly kind: 'committed' }
  /** The output of the attempt holds the endpoint's own words, if it had any: an error answer, or the events of a failed stream. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted'; readonly reason: unknown }
  /** Another attempt of the call was first. */
  | { readonly kind: 'lost' }

/** The same for all: whoever reads a stream holds how it opened. */
export const COMMITTED: Opened = { kind: 'committed' }
