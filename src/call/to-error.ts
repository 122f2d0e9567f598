import { ERROR_CATALOG, type ErrorCode } from '../errors/catalog.ts'
import {
  type AttemptPhase,
  type AttemptRecord,
  ClientClosedError,
  ConnectionError,
  type Continuity,
  DeadlineError,
  type GiveUpReason,
  PreviousResponseNotFoundError,
  ProtocolError,
  type ReplaySafety,
  RequestError,
  type ResilientError,
  type ResilientErrorDetails,
  StateNotPortableError,
  StreamInterruptedError,
  UnsupportedByEndpointError,
  UpstreamError,
  type UpstreamWords,
} from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import { redactWord } from '../errors/redact.ts'
import { systemCauseOf } from '../errors/system-cause.ts'
import type { CommitReason } from '../telemetry/events.ts'

export interface CallFacts {
  readonly attempts: readonly AttemptRecord[]
  readonly attemptsBefore?: number | undefined
  readonly giveUpReason: GiveUpReason | undefined
  readonly callId?: number | undefined
  readonly startedAt?: string | undefined
  readonly replaySafety: ReplaySafety
  readonly responseStarted: boolean
  readonly phase: AttemptPhase
  readonly continuation: boolean
  readonly committed: boolean
  /** Why output was handed over, if known. */
  readonly commitReason?: CommitReason | undefined
  readonly lastSequenceNumber: number | undefined
  /** The response id contains a secret. */
  readonly hidesResponseId?: boolean
}

/** Whether an endpoint made the response id from a credential of the request. */
export function isIdSecret(id: string | undefined, secrets: readonly string[] = []): boolean {
  return id !== undefined && redactWord(id, secrets, id.length) !== id
}

/** Makes an exception of a failure, with everything a caller may base a decision on. */
export function toError(failed: Failure, facts: CallFacts): ResilientError {
  const { code } = failed
  const details: ResilientErrorDetails = {
    code,
    // A failure reported by the endpoint must not look like a network failure.
    cause: ERROR_CATALOG[code].family === 'upstream' ? undefined : systemCauseOf(code, failed.cause),
    retryable: failed.lane !== undefined || TIME_OF_CALL.has(code),
    replaySafety: facts.replaySafety,
    responseStarted: facts.responseStarted,
    phase: facts.phase,
    // A copy, because the history grows, and a caller may keep this error.
    attempts: [...facts.attempts],
    giveUpReason: facts.giveUpReason,
    retryAfterMs: failed.hintMs,
    requestIds: facts.attempts.map((attempt) => attempt.requestId).filter((id) => id !== undefined),
    responseId: failed.responseId,
    hidesResponseId: facts.hidesResponseId,
    continuity: facts.continuation ? continuityOf(failed) : undefined,
    callId: facts.callId,
    startedAt: facts.startedAt,
  }
  const message = `${failed.message}${history(facts)}`
  if ((facts.committed && ERROR_CATALOG[code].family !== 'upstream') || code === 'stream_incomplete') {
    const { lastSequenceNumber } = facts
    return new StreamInterruptedError(message, { ...details, lastSequenceNumber, deadline: failed.deadline })
  }
  switch (ERROR_CATALOG[code].family) {
    case 'deadline':
      return new DeadlineError(message, { ...details, deadline: failed.deadline, advice: failed.advice })
    case 'connection':
      return new ConnectionError(message, details)
    case 'protocol':
      return new ProtocolError(message, details)
    case 'upstream': {
      const { unsupported } = failed
      const words = { ...details, ...wordsOf(failed) }
      if (code === 'previous_response_not_found') return new PreviousResponseNotFoundError(message, words)
      if (unsupported !== undefined) {
        const { parameter, advice } = unsupported
        return new UnsupportedByEndpointError(`${message} ${advice}`, { ...words, parameter })
      }
      return new UpstreamError(message, words)
    }
    case 'request':
      return code === 'state_not_portable'
        ? new StateNotPortableError(message, details)
        : new RequestError(message, details)
    case 'closed':
      return new ClientClosedError(message, details)
  }
}

/** The endpoint's words, as errors keep them. */
export function wordsOf(failed: Failure): UpstreamWords {
  const { status, statusInStream, upstreamCode, upstreamType, upstreamParam, upstreamMessage, advice, answer } = failed
  return {
    status: status ?? statusInStream,
    upstreamCode,
    type: upstreamType,
    param: upstreamParam,
    upstreamMessage,
    advice,
    body: answer?.body,
    headers: answer === undefined ? undefined : headersOf(answer.headers),
  }
}

/**
 * Joins several values of one name, as `Headers` does. Names come from the endpoint, so the object has no prototype.
 */
function headersOf(pairs: ReadonlyArray<readonly [string, string]>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  return headers
}

/** The time of the call was over. A later call may have more. */
const TIME_OF_CALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'total_timeout',
  'before_commit_timeout',
  'queue_timeout',
])

/** A lost connection must never be reported as a lost conversation. */
function continuityOf({ code, deadline }: Failure): Continuity | undefined {
  // The only failure that says that the conversation does not exist.
  if (code === 'previous_response_not_found') return undefined
  if (deadline !== undefined) return 'upstream_request_timeout'
  if (code === 'stream_incomplete' || code === 'body_truncated' || code === 'malformed_event')
    return 'stream_incomplete'
  const { family } = ERROR_CATALOG[code]
  return family === 'request' || family === 'closed' ? undefined : 'upstream_unavailable'
}

/** Why there was no further attempt. For a face that can take its output back, the reason says more than the commit. */
function history({ attempts, attemptsBefore = 0, giveUpReason, committed, commitReason }: CallFacts): string {
  const count = attemptsBefore + attempts.length
  if (committed && (giveUpReason === undefined || giveUpReason === 'committed')) {
    return ` (${handedOver(commitReason)} was already handed over, so the call was not retried)`
  }
  if (giveUpReason === undefined) return ''
  return ` (${count} attempt${count === 1 ? '' : 's'}, gave up: ${giveUpReason})`
}

/** A held prelude that was handed over contains no output of the model. */
function handedOver(reason: CommitReason | undefined): string {
  if (reason === 'commit_after' || reason === 'prelude_full') return 'the held prelude'
  return reason === 'first_event' ? 'the first event' : 'output'
}
