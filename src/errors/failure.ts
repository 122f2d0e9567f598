import { ERROR_CATALOG, type ErrorCode, type RetryLane } from './catalog.ts'
import type { DeadlineInfo } from './errors.ts'

/**
 * A failure as a value: what went wrong, and the facts that decide what to do about it. Failures stay values on the
 * inside; `toError` of `call/` makes an exception of the last one at the edge.
 */
export interface Failure {
  readonly code: ErrorCode
  /** `undefined`: never retried. */
  readonly lane: RetryLane | undefined
  /** For people. Already redacted. */
  readonly message: string
  /** What a transport reported, without its secrets; only its facts are kept on the error that comes out. */
  readonly cause?: unknown
  /** What comes out in place of an error of ours: a wrapped `fetch` threw it, and it is no failure of the network. */
  readonly thrown?: { readonly error: unknown }
  readonly deadline?: DeadlineInfo | undefined
  /** The HTTP status of an answer that was an error. */
  readonly status?: number | undefined
  /** The status that a failure inside a stream names, where its code is one (`400`, `"400"`). */
  readonly statusInStream?: number | undefined
  readonly upstreamCode?: string | undefined
  readonly upstreamType?: string | undefined
  readonly upstreamParam?: string | undefined
  /** The endpoint's own message, whole up to 8 192 characters. Already redacted. */
  readonly upstreamMessage?: string | undefined
  /** What the endpoint sent, as it came: never printed, and never part of a message. */
  readonly answer?: { readonly headers: ReadonlyArray<readonly [string, string]>; readonly body: unknown } | undefined
  /** What to do about it, where the answer shows it. A part of `message`. */
  readonly advice?: string | undefined
  /** The endpoint's own delay, in ms from the moment the answer came. */
  readonly hintMs?: number | undefined
  /** The parameter that the endpoint does not know, and what works there. */
  readonly unsupported?: { readonly parameter: string; readonly advice: string } | undefined
  /** The answer itself says that nothing was done (429, 503, overloaded): sending again cannot double anything. */
  readonly refused?: boolean
  /** The connection could not be made: the request was provably not sent. */
  readonly connecting?: boolean
  readonly responseId?: string | undefined
}

export function failure(
  code: ErrorCode,
  message?: string,
  facts: Omit<Partial<Failure>, 'code' | 'message'> = {},
): Failure {
  const { lane, meaning } = ERROR_CATALOG[code]
  return {
    code,
    lane: lane === 'connection' || lane === 'pushback' ? lane : undefined,
    message: message ?? meaning,
    ...facts,
  }
}
