import type { Attempt } from '../call/attempt.ts'
import type { Call, CallOutcome } from '../call/call.ts'
import { wordsOf } from '../call/to-error.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import {
  type AttemptRecord,
  ClientClosedError,
  keepOutOfPrint,
  RequestError,
  ResilientError,
  StreamInterruptedError,
  UpstreamError,
} from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { isCredentialHeader } from '../errors/header-names.ts'
import type { ResponseAccumulator } from './accumulator.ts'
import { ResponseFailedError } from './failed-error.ts'
import type { ResponseObject } from './schema/index.ts'

/** Whether the endpoint itself reported the failure, inside the stream or by status. */
export function isReported({ code }: Failure): boolean {
  return ERROR_CATALOG[code].family === 'upstream'
}

/** Added when it is the most likely reason, because SDKs read this variable. */
const NO_CREDENTIAL =
  'No credential was sent: give the client `apiKey` or `headers`; OPENAI_API_KEY is not read from the environment.'

function noCredential({ target }: Attempt): string {
  return target?.ownHeadersAt === undefined
    ? NO_CREDENTIAL
    : `No credential was sent: give it in ${target.ownHeadersAt}; headers for another origin are not sent to this one.`
}

function withAdvice(failed: Failure, advice: string): Failure {
  const stop = /[.!?…]$/.test(failed.message) ? '' : '.'
  return { ...failed, message: `${failed.message}${stop} ${advice}`, advice }
}

/** The error of a failure that the endpoint itself reported, by status or inside the stream. */
export function reportedError(
  call: Call,
  attempt: Attempt,
  failed: Failure,
  response: ResponseObject | undefined,
  reason?: NonNullable<CallOutcome['gaveUp']>['reason'],
): ResilientError {
  const isAnonymous = failed.status === 401 && !attempt.request.headers.some(([name]) => isCredentialHeader(name))
  const error = call.errorOf(isAnonymous ? withAdvice(failed, noCredential(attempt)) : failed, attempt, reason)
  if (failed.code !== 'response_failed' || !(error instanceof UpstreamError)) return error
  return new ResponseFailedError(error.message, { ...detailsOf(error), ...wordsOf(failed), response })
}

/**
 * The error of an answer that was handed over unread: a redirect, or an error answer above the size limit. Neither is a
 * response.
 */
export function unreadAnswer(call: Call, { answer }: Attempt): ResilientError | undefined {
  const status = answer?.status ?? 200
  if (status < 300) return undefined
  const details = {
    retryable: false,
    responseStarted: true,
    attempts: [...call.attempts],
    ...call.log.origin,
  }
  if (status < 400) {
    const message = `The endpoint answered ${status}, a redirect. client.responses does not follow redirects. Set baseURL to the address of the Responses API.`
    return new RequestError(message, { ...details, code: 'redirect_refused' })
  }
  const message = `The endpoint answered ${status}, with a body larger than limits.preludeBytes.`
  return new UpstreamError(message, { ...details, code: 'http_status', status })
}

/** The error of the last of several calls, with the history of all of them. */
export function withHistory(
  error: unknown,
  attempts: readonly AttemptRecord[],
  startedAt: string | undefined,
): unknown {
  if (!(error instanceof ResilientError)) return error
  const requestIds = attempts.map(({ requestId }) => requestId).filter((id) => id !== undefined)
  // Changed in place: the error has not been thrown yet, and a copy would need the same class.
  return Object.assign(error, { attempts, requestIds, startedAt })
}

/** What a stream had delivered when it ended. */
export interface Brought {
  readonly seen: ResponseAccumulator
  readonly lastSequenceNumber: number | undefined
  /** The id with which the response was requested, if no delivered event names one. */
  readonly asked: string | undefined
  /** Whether the response was requested again. */
  readonly isResumed: boolean
}

/**
 * The error that ends a stream, with what can be kept of its output. Errors of others stay unchanged. A failure that the
 * endpoint reported about the response keeps its class. A failure that it reported about a resume does not: the stream was
 * interrupted, and the endpoint's error is the `cause`.
 */
export function withPartial(error: unknown, { seen, lastSequenceNumber, asked, isResumed }: Brought): unknown {
  const responseId = seen.id ?? asked
  if (!(error instanceof ResilientError) || responseId === undefined) return error
  // Changed in place: the error has not been thrown yet.
  if (error instanceof ResponseFailedError) return keepOutOfPrint(error, 'partial', seen.partial())
  const isRefused = error instanceof UpstreamError && isResumed
  if (error instanceof UpstreamError && !isRefused) return error
  // The stream did not break: the caller closed its client.
  if (error instanceof ClientClosedError) return error
  const deadline = 'deadline' in error ? (error as StreamInterruptedError).deadline : undefined
  return new StreamInterruptedError(error.message, {
    ...detailsOf(error),
    ...(isRefused && { cause: error }),
    responseId,
    lastSequenceNumber,
    deadline,
    partial: seen.partial(),
  })
}

function detailsOf(error: ResilientError) {
  const { code, cause, retryable, replaySafety, responseStarted, phase, attempts } = error
  const { giveUpReason, retryAfterMs, requestIds, responseId, continuity, callId, startedAt } = error
  return {
    code,
    cause,
    retryable,
    replaySafety,
    responseStarted,
    phase,
    attempts,
    giveUpReason,
    retryAfterMs,
    requestIds,
    responseId,
    // Stays hidden if the original error has hidden it.
    hidesResponseId: !Object.prototype.propertyIsEnumerable.call(error, 'responseId'),
    continuity,
    callId,
    startedAt,
  }
}
