import type { Attempt } from '../call/attempt.ts'
import type { Call, CallOutcome } from '../call/call.ts'
import { wordsOf } from '../call/to-error.ts'
import { ERROR_CATALOG } from '../errors/catalog.ts'
import {
  type AttemptRecord,
  ClientClosedError,
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

/** Said where it is the likeliest reason of all: SDKs read the variable. */
const NO_CREDENTIAL =
  'No credential was sent: give the client `apiKey` or `headers`; OPENAI_API_KEY is not read from the environment.'

function noCredential({ target }: Attempt): string {
  return target?.ownHeadersAt === undefined
    ? NO_CREDENTIAL
    : `No credential was sent: give it in ${target.ownHeadersAt}; what was given for another origin does not go to this one.`
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
  const error = call.errorOf(
    isAnonymous ? { ...failed, message: `${failed.message} ${noCredential(attempt)}` } : failed,
    attempt,
    reason,
  )
  if (failed.code !== 'response_failed' || !(error instanceof UpstreamError)) return error
  return new ResponseFailedError(error.message, { ...detailsOf(error), ...wordsOf(failed), response })
}

/** Of an answer that was handed over unread: a redirect, or an error larger than what is held. Neither is a response. */
export function unreadAnswer(call: Call, { answer }: Attempt): ResilientError | undefined {
  const status = answer?.status ?? 200
  if (status < 300) return undefined
  const details = { retryable: false, responseStarted: true, attempts: [...call.attempts] }
  if (status < 400) {
    const message = `The endpoint answered ${status}, a redirect; the Responses API is not followed elsewhere. Set baseURL to where it is.`
    return new RequestError(message, { ...details, code: 'redirect_refused' })
  }
  const message = `The endpoint answered ${status}, with more than limits.preludeBytes about it.`
  return new UpstreamError(message, { ...details, code: 'http_status', status })
}

/** The error of the last call of several, with the history of them all. */
export function withHistory(error: unknown, attempts: readonly AttemptRecord[]): unknown {
  if (!(error instanceof ResilientError)) return error
  const requestIds = attempts.map(({ requestId }) => requestId).filter((id) => id !== undefined)
  // Nobody has seen it yet, and a copy would have to be of the same class.
  return Object.assign(error, { attempts, requestIds })
}

/** What a stream had brought when it ended. */
export interface Brought {
  readonly seen: ResponseAccumulator
  readonly lastSequenceNumber: number | undefined
  /** The response that was asked for by its id, where events were handed over that do not name one. */
  readonly asked: string | undefined
  /** The response was asked for again. */
  readonly isResumed: boolean
}

/**
 * The error that ends a stream, with what can be kept of its output. Anything but an error of ours stays what it is, and so
 * does the endpoint's word on the response. Its word on a request that picks the response up again is none: the stream was
 * interrupted, and what the endpoint said is the `cause`.
 */
export function withPartial(error: unknown, { seen, lastSequenceNumber, asked, isResumed }: Brought): unknown {
  const responseId = seen.id ?? asked
  if (!(error instanceof ResilientError) || responseId === undefined) return error
  const isRefused = error instanceof UpstreamError && isResumed && !(error instanceof ResponseFailedError)
  if (error instanceof UpstreamError && !isRefused) return error
  // The stream did not break: the caller has ended its client.
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
  const { giveUpReason, retryAfterMs, requestIds, responseId, continuity } = error
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
    // Of what may not be shown, the error before has kept it so.
    hidesResponseId: !Object.prototype.propertyIsEnumerable.call(error, 'responseId'),
    continuity,
  }
}
