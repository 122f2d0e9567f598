import { ResilientError } from './errors.ts'
import { errorChain } from './system-cause.ts'

/**
 * The first error of this library in `error`, its `cause` chain and any `errors` on the way (those of an `AggregateError`,
 * for example); `undefined` if there is none. Hosts wrap failures two or three deep, and what a drop-in fetch rejects with is a `TypeError` around ours.
 */
export function findResilientError(error: unknown): ResilientError | undefined {
  for (const link of errorChain(error)) {
    if (link instanceof ResilientError) return link
  }
  return undefined
}
