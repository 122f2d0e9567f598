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
  /** The hint of the upstream, where it gave one. */
  readonly hintMs: number | undefined
  /** Another attempt may fare better: the answer says when to come back. */
  readonly mayHeal: boolean
  /** The sidecar has retried, so SDKs that know `x-should-retry` are told not to. */
  readonly isSpent: boolean
}

/** Statuses below 500 after which another attempt may fare better. Of 5xx it may after all. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** When our own retries are spent, a client that comes back at once would multiply its retries by ours. Milliseconds. */
const LEAST_RETRY_AFTER_MS = 5000

/** Headers that say when to come back. The sidecar sets one, so that clients cannot read two times. */
const COME_BACK_HEADERS: ReadonlySet<string> = new Set(['retry-after', 'retry-after-ms', 'x-ms-retry-after-ms'])

/**
 * When a client may come back: after the endpoint's own hint, else when the retry budget has a retry again; never sooner
 * than after 5 s.
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

/** The headers of an answer that another attempt may heal: one `Retry-After`, in whole seconds, never shorter than is meant. */
export function comeBackHeaders(hintMs: number | undefined, budget?: BudgetFacts): [string, string][] {
  const ms = retryAfterMs(hintMs, budget?.balance, budget?.refillPerMinute ?? 0)
  return [['retry-after', String(Math.ceil(ms / 1000))]]
}

/** The headers of an answer without what the upstream says of coming back. */
export function withoutComeBack(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => !COME_BACK_HEADERS.has(name))
}

/**
 * What a client is told of a call that failed without an answer of the upstream. Never 400 and never "not found": a client
 * would take its conversation for lost, and send all of it again.
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

/** What the answer of an upstream comes to for a client. */
export interface UpstreamVerdict {
  /** Another status than the upstream's, with the words of its error: an overload that came as an event in a 200 stream. */
  readonly instead: MadeAnswer | undefined
  /** Another attempt may fare better, so the answer says when to come back. */
  readonly mayHeal: boolean
  /** The upstream's own hint. */
  readonly hintMs: number | undefined
}

/**
 * @param response with which a call of the client ended; its body is not read.
 * @param wallNow milliseconds since the epoch, for a hint that is a date.
 */
export function judgeAnswer(response: Response, wallNow: number): UpstreamVerdict {
  const failed = givenUpBehind(response)
  const error = failed instanceof UpstreamError ? failed : undefined
  const { status, headers } = response
  const header = (name: string): string | undefined => headers.get(name) ?? undefined
  const hintMs = error?.retryAfterMs ?? readHint({ header, wallNow, isPushback: false })
  // Quota and money: coming back does not help, and clients know these answers.
  if (error !== undefined && !error.retryable) return { instead: undefined, mayHeal: false, hintMs }
  if (PASSING_STATUSES.has(status) || status >= 500) return { instead: undefined, mayHeal: true, hintMs }
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

/** The same as the last event of a stream whose status was sent already. */
export function errorEvent({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, code, message, param: null } })}\n\n`
}
