import { ERROR_CATALOG } from '../errors/catalog.ts'
import { ResilientError, UpstreamError } from '../errors/errors.ts'
import { findResilientError } from '../errors/find.ts'
import { givenUpBehind } from '../errors/given-up.ts'
import { readHint } from '../retry/hints.ts'
import { isRefusalName } from '../retry/upstream-names.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/** An answer that the sidecar makes itself, in the shape in which OpenAI reports errors. */
export interface MadeAnswer {
  readonly status: number
  readonly code: string
  readonly type: string
  readonly message: string
  /** The hint of the upstream, in milliseconds; `undefined`: no hint. */
  readonly hintMs: number | undefined
  /** A later retry of the client may succeed, so the answer says when to retry. */
  readonly mayHeal: boolean
  /** The sidecar has retried already, so `x-should-retry: false` tells SDKs not to. */
  readonly isSpent: boolean
}

/** Statuses below 500 after which a later retry may succeed. After every 5xx it may. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429])

/**
 * Shortest wait that a client is told, in milliseconds. The retries of the sidecar are used up by then, and clients that retry at
 * once would multiply their retries by those of the sidecar.
 */
const LEAST_RETRY_AFTER_MS = 5000

/** Headers of the upstream that say when to retry. They are replaced by one, so that a client never gets two different times. */
const COME_BACK_HEADERS: ReadonlySet<string> = new Set(['retry-after', 'retry-after-ms', 'x-ms-retry-after-ms'])

/**
 * Milliseconds until a client may retry: the hint of the endpoint, else the time until the retry budget has a retry again. At
 * least 5 s.
 */
function retryAfterMs(hintMs: number | undefined, budget: number | undefined, refillPerMinute: number): number {
  if (hintMs !== undefined && hintMs > 0) return Math.max(LEAST_RETRY_AFTER_MS, hintMs)
  const missing = budget === undefined ? 0 : Math.max(0, 1 - budget)
  const refillMs = missing === 0 || refillPerMinute === 0 ? 0 : (missing / refillPerMinute) * 60_000
  return Math.max(LEAST_RETRY_AFTER_MS, refillMs)
}

/** What is left of the retry budget of the upstream, and how fast it fills. */
export interface BudgetFacts {
  readonly balance: number | undefined
  readonly refillPerMinute: number
}

/** Headers of an answer after which a retry may succeed: one `Retry-After` in whole seconds, rounded up. */
export function comeBackHeaders(hintMs: number | undefined, budget?: BudgetFacts): [string, string][] {
  const ms = retryAfterMs(hintMs, budget?.balance, budget?.refillPerMinute ?? 0)
  return [['retry-after', String(Math.ceil(ms / 1000))]]
}

/** Whether a later retry of a request that got this status may succeed. */
export function isPassing(status: number): boolean {
  return PASSING_STATUSES.has(status) || status >= 500
}

/** The hint that these headers give, in milliseconds; `undefined`: no hint. Names in lower case. */
export function hintIn(headers: HeaderPairs, wallNow: number): number | undefined {
  const header = (name: string): string | undefined => headers.find(([each]) => each === name)?.[1]
  return readHint({ header, wallNow, isPushback: false })
}

/** Headers of an answer without those of the upstream that say when to retry. */
export function withoutComeBack(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !COME_BACK_HEADERS.has(name))
}

/**
 * The answer to a client whose call failed without an answer of the upstream. 400 and "not found" only where the call continues a
 * response that is lost for good: after those, a client assumes that its conversation is lost, and sends all of it again.
 */
export function answerOfFailure(error: unknown): MadeAnswer {
  const failed = error instanceof ResilientError ? error : findResilientError(error)
  const type = 'server_error'
  if (failed === undefined) {
    const [code, message] = ['sidecar_failed', 'The sidecar failed.']
    return { status: 500, code, type, message, hintMs: undefined, mayHeal: true, isSpent: false }
  }
  const common = { type, hintMs: failed.retryAfterMs, mayHeal: true, isSpent: failed.attempts.length > 1 }
  const message = `${failed.message} (${failed.code}, after ${attemptsText(failed.attempts.length)})`
  if (failed.code === 'client_closed') {
    return { ...common, status: 503, code: 'sidecar_draining', message: 'The sidecar is shutting down.' }
  }
  if (failed.code === 'queue_timeout') return { ...common, status: 503, code: 'sidecar_overloaded', message }
  // No failure of the transport: the response lived on one WebSocket to the upstream, which is gone, and so is the response.
  if (failed.code === 'previous_response_not_found') {
    const made = { status: 400, code: failed.code, type: 'invalid_request_error', message: failed.message }
    return { ...common, ...made, mayHeal: false, isSpent: false }
  }
  const isDeadline = ERROR_CATALOG[failed.code].family === 'deadline'
  return {
    ...common,
    status: isDeadline ? 504 : 502,
    code: isDeadline ? 'upstream_request_timeout' : 'upstream_unavailable',
    message,
  }
}

function attemptsText(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`
}

/** What is sent to the client in place of an answer of the upstream. */
export interface UpstreamVerdict {
  /** Set for an overload that came as an event in a stream with status 200: the honest status, with the upstream's error. */
  readonly instead: MadeAnswer | undefined
  /** A later retry may succeed, so the answer says when to retry. */
  readonly mayHeal: boolean
  /** The hint of the upstream, in milliseconds. */
  readonly hintMs: number | undefined
}

/**
 * @param response the answer of the call; its body is not read.
 * @param wallNow milliseconds since the epoch, for a hint that is a date.
 */
export function judgeAnswer(response: Response, wallNow: number): UpstreamVerdict {
  const failed = givenUpBehind(response)
  const error = failed instanceof UpstreamError ? failed : undefined
  const { status, headers } = response
  const header = (name: string): string | undefined => headers.get(name) ?? undefined
  const hintMs = error?.retryAfterMs ?? readHint({ header, wallNow, isPushback: false })
  // Quota or credit is used up: a retry does not help, and clients know these answers.
  if (error !== undefined && !error.retryable) return { instead: undefined, mayHeal: false, hintMs }
  if (isPassing(status)) return { instead: undefined, mayHeal: true, hintMs }
  const name = error?.upstreamCode ?? error?.type
  if (error === undefined || status !== 200 || name === undefined || !isRefusalName(name)) {
    return { instead: undefined, mayHeal: error !== undefined && status >= 400, hintMs }
  }
  const isRateLimit = name.includes('rate_limit')
  return {
    instead: {
      status: isRateLimit ? 429 : 503,
      code: name,
      type: error.type ?? (isRateLimit ? 'rate_limit_error' : 'server_error'),
      message: error.upstreamMessage ?? error.message,
      hintMs,
      mayHeal: true,
      isSpent: error.attempts.length > 1,
    },
    mayHeal: true,
    hintMs,
  }
}

/** The body of an answer that the sidecar makes. */
export function errorBody({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

/** The same answer as the last event of a stream whose head was sent already. */
export function errorEvent({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, code, message, param: null } })}\n\n`
}
