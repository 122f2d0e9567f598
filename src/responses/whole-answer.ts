import { looksLikeResponse } from '../call/answer-reader.ts'
import type { Attempt } from '../call/attempt.ts'
import type { Call } from '../call/call.ts'
import { headerOf } from '../call/response-reader.ts'
import { ProtocolError } from '../errors/errors.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact } from '../errors/redact.ts'
import { unreadAnswer } from './interruption.ts'
import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'
import { eventOf } from './session-events.ts'

/**
 * The body of an answer that is a whole response.
 *
 * @throws ProtocolError `unexpected_content` for anything else: a page of a proxy, an empty body, or other JSON; see
 * `unreadAnswer`.
 */
export function parseResponse(call: Call, attempt: Attempt): ResponseObject {
  const chunks = attempt.output.items.map((chunk) => chunk.bytes)
  attempt.cancel()
  const refused = unreadAnswer(call, attempt)
  if (refused !== undefined) throw refused
  return responseIn(chunks, call, attempt)
}

/** @throws ProtocolError as `parseResponse`. */
export function responseIn(chunks: readonly Uint8Array[], call: Call, attempt: Attempt): ResponseObject {
  const response = parsed(chunks)
  if (response !== undefined) return response
  const type = attempt.answer === undefined ? undefined : headerOf(attempt.answer, 'content-type')
  throw new ProtocolError(`Expected a response as JSON, got other content (${redact(type ?? 'no content-type')}).`, {
    code: 'unexpected_content',
    responseStarted: true,
    attempts: [...call.attempts],
  })
}

/** The failure of a whole answer whose response is still running. */
export function unfinished({ id, status }: ResponseObject): Failure {
  return failure('response_unfinished', `The endpoint answered with a response that is still ${status}.`, {
    responseId: typeof id === 'string' && id !== '' ? id : undefined,
  })
}

/** The endpoint's words in an attempt that failed before its commit: its events, or a failed response. */
export function heldEvents(attempt: Attempt): ResponseStreamEvent[] {
  const { items } = attempt.output
  const events = items.flatMap((chunk) => chunk.events.map((event) => event.json as ResponseStreamEvent))
  if (events.length > 0 || !attempt.readsWhole) return events
  const response = parsed(items.map((chunk) => chunk.bytes))
  return response === undefined ? events : [eventOf(response)]
}

function parsed(chunks: readonly Uint8Array[]): ResponseObject | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)))
    return looksLikeResponse(json) ? (json as ResponseObject) : undefined
  } catch {
    return undefined
  }
}
