import { findResilientError as findInError } from '../errors/find.ts'
import type { ResilientError } from '../errors/resilient-error.ts'
import { failureOf, ResponseStream } from '../responses/response-stream.ts'

/**
 * Finds the error of this library that is the reason of a failure. SDKs wrap failures two or three deep, and a drop-in fetch
 * rejects with a `TypeError` around our error.
 *
 * @param error looks at the error itself, its `cause` chain, and any `errors` in it (of an `AggregateError`, for example).
 * Where our retries ended with an HTTP answer, the SDK made its own error from that answer; the header
 * `x-resilient-responses` then leads to the `UpstreamError` of the call. This works for the last 500 such calls of the process.
 * `body` and `headers` are on the SDK's error only. The answer itself, a `Response` of `client.fetch`, and a `ResponseStream`
 * are accepted, too.
 * @returns `undefined` if there is no such error.
 */
export function findResilientError(error: unknown): ResilientError | undefined {
  return isInstance(error, ResponseStream) ? failureOf(error) : findInError(error)
}

/** `instanceof` for any value: a `Proxy` that throws on access is not one. */
export function isInstance<T>(
  value: unknown,
  of: { readonly prototype: T; [Symbol.hasInstance](value: unknown): boolean },
): value is T {
  try {
    return value instanceof of
  } catch {
    return false
  }
}
