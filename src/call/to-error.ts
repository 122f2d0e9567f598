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
  readonly giveUpReason: GiveUpReason | undefined
  readonly replaySafety: ReplaySafety
  readonly responseStarted: boolean
  readonly phase: AttemptPhase
  readonly continuation: boolean
  readonly committed: boolean
  /** Why output had been handed over, where that is known. */
  readonly commitReason?: CommitReason | undefined
  readonly lastSequenceNumber: number | undefined
  /** Its id holds what must not be shown. */
  readonly hidesResponseId?: boolean
}

/** Whether an endpoint has made a credential of the request the id of its response. */
export function isIdSecret(id: string | undefined, secrets: readonly string[] = []): boolean {
  return id !== undefined && redactWord(id, secrets, id.length) !== id
}

/** Makes an exception of a failure, at the edge. It carries everything a caller may want to decide by. */
export function toError(failed: Failure, facts: CallFacts): ResilientError {
  const { code } = failed
  const details: ResilientErrorDetails = {
    code,
    // What the endpoint said is no failure of the network, and must not look like one.
    cause: ERROR_CATALOG[code].family === 'upstream' ? undefined : systemCauseOf(code, failed.cause),
    retryable: failed.lane !== undefined || TIME_OF_CALL.has(code),
    replaySafety: facts.replaySafety,
    responseStarted: facts.responseStarted,
    phase: facts.phase,
    // A copy: the history of a call goes on when its caller keeps the error of an earlier moment.
    attempts: [...facts.attempts],
    giveUpReason: facts.giveUpReason,
    retryAfterMs: failed.hintMs,
    requestIds: facts.attempts.map((attempt) => attempt.requestId).filter((id) => id !== undefined),
    responseId: failed.responseId,
    hidesResponseId: facts.hidesResponseId,
    continuity: facts.continuation ? continuityOf(failed) : undefined,
  }
  const message = `${failed.message}${history(facts)}`
  if ((facts.committed && ERROR_CATALOG[code].family !== 'upstream') || code === 'stream_incomplete') {
    const { lastSequenceNumber } = facts
    return new StreamInterruptedError(message, { ...details, lastSequenceNumber, deadline: failed.deadline })
  }
  switch (ERROR_CATALOG[code].family) {
    case 'deadline':
      return new DeadlineError(message, { ...details, deadline: failed.deadline })
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

/** What the endpoint said, as errors keep it. */
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

/** Several of one name in one value, as `Headers` has them. Names are the endpoint's: no object of ours is behind them. */
function headersOf(pairs: ReadonlyArray<readonly [string, string]>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of pairs) headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  return headers
}

/** The time of the call was over; there may be more of it another time. */
const TIME_OF_CALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'total_timeout',
  'before_commit_timeout',
  'queue_timeout',
])

/** A lost way to the endpoint must never read as a lost conversation. */
function continuityOf({ code, deadline }: Failure): Continuity | undefined {
  if (deadline !== undefined) return 'upstream_request_timeout'
  if (code === 'stream_incomplete' || code === 'body_truncated' || code === 'malformed_event')
    return 'stream_incomplete'
  const { family } = ERROR_CATALOG[code]
  return family === 'request' || family === 'closed' ? undefined : 'upstream_unavailable'
}

/** Why there was no further attempt. The reason of a face that can take its output back says more than the commit. */
function history({ attempts, giveUpReason, committed, commitReason }: CallFacts): string {
  const count = attempts.length
  if (committed && (giveUpReason === undefined || giveUpReason === 'committed')) {
    return ` (${handedOver(commitReason)} had been handed over, so the call was not repeated)`
  }
  if (giveUpReason === undefined) return ''
  return ` (${count} attempt${count === 1 ? '' : 's'}, gave up: ${giveUpReason})`
}

/** A prelude that had been held long enough, or had become too large, holds nothing that the model has said. */
function handedOver(reason: CommitReason | undefined): string {
  if (reason === 'commit_after' || reason === 'prelude_full') return 'the held prelude'
  return reason === 'first_event' ? 'the first event' : 'output'
}
