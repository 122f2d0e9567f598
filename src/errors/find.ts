import { ResilientError } from './errors.ts'
import { givenUpBehind } from './given-up.ts'
import { errorChain } from './system-cause.ts'

/**
 * Finds the first error of this library in `error`, its `cause` chain, and any `errors` in it (of an `AggregateError`,
 * for example). Returns `undefined` if it finds no such error. Hosts wrap failures two or three deep, and a drop-in fetch
 * rejects with a `TypeError` around our error.
 *
 * Where our retries ended with an HTTP answer, the host made its own error from that answer. Its header
 * `x-resilient-responses` leads to the `UpstreamError` of the call. This works for the last 500 such calls of the
 * process. `body` and `headers` are on the host's error only.
 */
export function findResilientError(error: unknown): ResilientError | undefined {
  for (const link of errorChain(error)) {
    if (link instanceof ResilientError) return link
    const behind = givenUpBehind(link)
    if (behind !== undefined) return behind
  }
  return undefined
}
