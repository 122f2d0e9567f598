import type { Failure } from '../errors/failure.ts'
import type { Attempt } from './attempt.ts'
import type { CallRequest } from './call-request.ts'

/**
 * Whether the stream of a resumed response ended without an event, or a part of one. Then the response may be over, and the
 * request is not sent again. Who called decides: the typed API reads the state of the response.
 */
export function nothingLeft(
  { mayBeOver }: Pick<CallRequest, 'mayBeOver'>,
  { times, answer }: Pick<Attempt, 'times' | 'answer'>,
  failed: Failure,
): boolean {
  if (!mayBeOver || answer === undefined || times.firstEventAt !== undefined) return false
  return endedEarly(failed) && failed.isInFrame !== true
}

/** The bytes of a stream ended before its terminal event. */
export function endedEarly({ code }: Failure): boolean {
  return code === 'empty_response' || code === 'stream_incomplete'
}
