import { ERROR_CATALOG, type ErrorCode, type RetryLane } from './catalog.ts'
import type { DeadlineInfo } from './errors.ts'

/**
 * A failure as a value: what went wrong, and the facts that decide what to do. Failures stay values inside the library;
 * `toError` of `call/` turns the last one into an exception.
 */
export interface Failure {
  readonly code: ErrorCode
  /** `undefined`: never retried. */
  readonly lane: RetryLane | undefined
  /** For people. Already redacted. */
  readonly message: string
  /** What a transport reported. Only its facts, without secrets, are copied to the error. */
  readonly cause?: unknown
  /** Thrown in place of our error: a wrapped `fetch` threw it, and it is not a network failure. */
  readonly thrown?: { readonly error: unknown }
  readonly deadline?: DeadlineInfo | undefined
  /** The HTTP status of an error answer. */
  readonly status?: number | undefined
  /** The status that a failure inside a stream names, if its code is one (`400`, `"400"`). */
  readonly statusInStream?: number | undefined
  readonly upstreamCode?: string | undefined
  readonly upstreamType?: string | undefined
  readonly upstreamParam?: string | undefined
  /** The endpoint's message, up to 8 192 characters. Already redacted. */
  readonly upstreamMessage?: string | undefined
  /** What the endpoint sent, unchanged. Never printed, and never part of a message. */
  readonly answer?: { readonly headers: ReadonlyArray<readonly [string, string]>; readonly body: unknown } | undefined
  /** How to fix it, where the answer or the silence shows it. Also part of `message`. */
  readonly advice?: string | undefined
  /** The hint of the endpoint, in milliseconds from the arrival of the answer. */
  readonly hintMs?: number | undefined
  /** The parameter that the endpoint does not support, and what to use instead. */
  readonly unsupported?: { readonly parameter: string; readonly advice: string } | undefined
  /**
   * The answer says that the request was refused before any work was done (429, 503, overloaded): safe to send again.
   */
  readonly refused?: boolean
  /** The connection could not be made: the request was certainly not sent. */
  readonly connecting?: boolean
  /** The code with which the endpoint closed a WebSocket. */
  readonly closeCode?: number | undefined
  /** The status with which the endpoint refused to upgrade to a WebSocket. */
  readonly upgradeStatus?: number | undefined
  readonly responseId?: string | undefined
  /** The bytes of an event stream ended inside of a frame. */
  readonly isInFrame?: boolean
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
