import { type CallHistory, explainHistory } from '../errors/explain.ts'

import { ResponseStream } from '../responses/response-stream.ts'
import { historyBehind } from './fetched-response.ts'
import { findResilientError } from './find.ts'

/** The call history of each response that was returned unchanged. Holds only records. */
const HISTORIES = new WeakMap<Response, CallHistory>()

/** Stores the history for `explain(response)`, invisible on the response. */
export function remember(response: Response, history: CallHistory): Response {
  HISTORIES.set(response, history)
  return response
}

/**
 * Explains a call in a few readable lines. First the endpoint's message about the failure, or what is wrong with the
 * request. Then one line for each ended attempt: the deadline that fired, its value, the source of the value, and
 * hedges. Last why there was no further retry. Contains no header, no query value, and nothing of a body except the
 * endpoint's error message.
 *
 * An abort rejects with the caller's own reason, which has no history: explain the stream or the response instead.
 *
 * @param subject an error (ours, one that a host has wrapped around it, or one that a host has made of the last HTTP
 * answer of a call), a `ResponseStream`, or a `Response` of `client.fetch`.
 * @returns `undefined` for anything else.
 */
export function explain(subject: unknown): string | undefined {
  if (subject instanceof ResponseStream) return subject.explain()
  const history = subject instanceof Response ? (historyBehind(subject) ?? HISTORIES.get(subject)) : undefined
  if (history !== undefined) return explainHistory(history)
  return findResilientError(subject)?.explain()
}
