import type { Failure } from '../errors/failure.ts'
import type { Attempt } from './attempt.ts'
import type { CallRequest } from './call-request.ts'

/**
 * Whether the stream of a resumed response ended without an event. The response may be over, so the request is not sent
 * again: whoever resumes reads the state of the response.
 */
export function nothingLeft(
  { mayBeOver }: Pick<CallRequest, 'mayBeOver'>,
  { times, answer }: Pick<Attempt, 'times' | 'answer'>,
  { code }: Failure,
): boolean {
  if (!mayBeOver || answer === undefined || times.firstEventAt !== undefined) return false
  return code === 'empty_response' || code === 'stream_incomplete'
}
