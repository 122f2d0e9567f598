import { ERROR_CATALOG } from '../errors/catalog.ts'
import { ResilientError, UpstreamError } from '../errors/errors.ts'
import { findResilientError } from '../errors/find.ts'
import { givenUpBehind } from '../errors/given-up.ts'
import { isRefusalName } from '../retry/upstream-names.ts'

/** An answer that the sidecar makes itself, in the shape in which OpenAI reports errors. */
export interface MadeAnswer {
  readonly status: number
  readonly code: string
  readonly type: string
  readonly message: string
  readonly retryAfterMs: number | undefined
}

/** Statuses by which an endpoint says that it has too much to do. */
const OVERLOAD_STATUSES: ReadonlySet<number> = new Set([429, 503, 529])

/** When our own retries are spent, a client that comes back at once would multiply its retries by ours. Milliseconds. */
const LEAST_RETRY_AFTER_MS = 5000

/** When a client may come back: the endpoint's own hint, else when the retry budget has a retry again. */
export function retryAfterMs(hintMs: number | undefined, budget: number | undefined, refillPerMinute: number): number {
  if (hintMs !== undefined && hintMs > 0) return hintMs
  const missing = budget === undefined ? 0 : Math.max(0, 1 - budget)
  const refillMs = missing === 0 || refillPerMinute === 0 ? 0 : (missing / refillPerMinute) * 60_000
  return Math.max(LEAST_RETRY_AFTER_MS, refillMs)
}

/** Seconds, as `Retry-After` has them: never shorter than what is meant. */
export function retryAfterSeconds(ms: number): string {
  return String(Math.ceil(ms / 1000))
}

/**
 * What a client is told of a call that failed without an answer of the upstream. Never 400 and never "not found": a client
 * would take its conversation for lost, and send all of it again.
 */
export function answerOfFailure(error: unknown): MadeAnswer {
  const failed = error instanceof ResilientError ? error : findResilientError(error)
  const type = 'server_error'
  if (failed === undefined) {
    return { status: 500, code: 'sidecar_failed', type, message: 'The sidecar failed.', retryAfterMs: undefined }
  }
  const message = `${failed.message} (${failed.code}, after ${attemptsText(failed.attempts.length)})`
  if (failed.code === 'client_closed') {
    return {
      status: 503,
      code: 'sidecar_draining',
      type,
      message: 'The sidecar is shutting down.',
      retryAfterMs: LEAST_RETRY_AFTER_MS,
    }
  }
  if (failed.code === 'queue_timeout') {
    return { status: 503, code: 'sidecar_overloaded', type, message, retryAfterMs: LEAST_RETRY_AFTER_MS }
  }
  const isDeadline = ERROR_CATALOG[failed.code].family === 'deadline'
  return {
    status: isDeadline ? 504 : 502,
    code: isDeadline ? 'upstream_request_timeout' : 'upstream_unavailable',
    type,
    message,
    retryAfterMs: failed.retryAfterMs,
  }
}

function attemptsText(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`
}

/** What the answer of an upstream comes to for a client. */
export interface UpstreamVerdict {
  /** Another status than the upstream's, with the words of its error: an overload that came as an event in a 200 stream. */
  readonly instead: MadeAnswer | undefined
  /** The answer says that the upstream is overloaded, so it says when to come back. */
  readonly isOverload: boolean
  /** The upstream's own hint. */
  readonly hintMs: number | undefined
}

/** @param response with which a call of the client ended; its body is not read. */
export function judgeAnswer(response: Response): UpstreamVerdict {
  const failed = givenUpBehind(response)
  const error = failed instanceof UpstreamError ? failed : undefined
  const hintMs = error?.retryAfterMs
  // Quota and money: coming back does not help, and clients know these answers.
  if (error !== undefined && !error.retryable) return { instead: undefined, isOverload: false, hintMs }
  if (OVERLOAD_STATUSES.has(response.status)) return { instead: undefined, isOverload: true, hintMs }
  const name = error?.upstreamCode ?? error?.type
  if (error === undefined || response.status !== 200 || name === undefined || !isRefusalName(name)) {
    return { instead: undefined, isOverload: false, hintMs }
  }
  const isRateLimit = name.includes('rate_limit')
  return {
    instead: {
      status: isRateLimit ? 429 : 503,
      code: name,
      type: error.type ?? (isRateLimit ? 'rate_limit_error' : 'server_error'),
      message: error.upstreamMessage ?? error.message,
      retryAfterMs: hintMs,
    },
    isOverload: true,
    hintMs,
  }
}

/** The body of an answer that the sidecar makes. */
export function errorBody({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

/** The same as the last event of a stream whose status was sent already. */
export function errorEvent({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, code, message, param: null } })}\n\n`
}
