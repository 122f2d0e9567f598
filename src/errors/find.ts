import { ResilientError } from './errors.ts'
import { givenUpBehind } from './given-up.ts'
import { errorChain } from './system-cause.ts'

/**
 * Finds the first error of this library in `error`, its `cause` chain, and any `errors` in it (of an `AggregateError`,
 * for example). Returns `undefined` if it finds no such error.
 *
 * Also accepts an answer of `client.fetch`, or the error that an SDK made of it: the header `x-resilient-responses` leads to
 * the `UpstreamError` of the call.
 */
export function findResilientError(error: unknown): ResilientError | undefined {
  for (const link of errorChain(error)) {
    if (link instanceof ResilientError) return link
    const behind = givenUpBehind(link)
    if (behind !== undefined) return behind
  }
  // An answer of `client.fetch` is no error, but leads to one.
  return typeof error === 'object' && error !== null ? givenUpBehind(error) : undefined
}
