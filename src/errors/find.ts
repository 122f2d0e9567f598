import { ResilientError } from './errors.ts'
import { givenUpBehind } from './given-up.ts'
import { errorChain } from './system-cause.ts'

/**
 * The first error of this library in `error`, its `cause` chain and any `errors` on the way (those of an `AggregateError`,
 * for example); `undefined` if there is none. Hosts wrap failures two or three deep, and what a drop-in fetch rejects with is a
 * `TypeError` around ours.
 *
 * Where our retries ended with an HTTP answer, the host has made an error of its own of that answer. Its header
 * `x-resilient-responses` leads to the `UpstreamError` of the call, of the last 500 such calls of this process. `body` and
 * `headers` are on the host's error, and not on that one.
 */
export function findResilientError(error: unknown): ResilientError | undefined {
  for (const link of errorChain(error)) {
    if (link instanceof ResilientError) return link
    const behind = givenUpBehind(link)
    if (behind !== undefined) return behind
  }
  return undefined
}
