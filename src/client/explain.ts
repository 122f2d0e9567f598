import { type CallHistory, explainHistory } from '../errors/explain.ts'
import { findResilientError } from '../errors/find.ts'
import { ResponseStream } from '../responses/response-stream.ts'
import { historyBehind } from './fetched-response.ts'

/** The history behind each response that was handed out as it came: records, which keep nothing else alive. */
const HISTORIES = new WeakMap<Response, CallHistory>()

/** Remembers what `explain(response)` is asked for; says nothing about the response to anyone else. */
export function remember(response: Response, history: CallHistory): Response {
  HISTORIES.set(response, history)
  return response
}

/**
 * Why a call took as long as it did, or failed: a few lines a person can read. First what the endpoint said of the failure, or
 * what is wrong with the request; then a line for each attempt that is over, with the deadline that fired, its value and where
 * the value came from, and what was hedged; last why there was no further retry. No line holds a header, a query value, or
 * anything of a body but the endpoint's error message.
 *
 * An abort comes out as the caller's own reason, which knows nothing of the call: ask the stream or the response.
 *
 * @param subject an error (ours, what a host has wrapped around it, or what a host has made of an HTTP answer with which a call
 * gave up), a `ResponseStream`, or a `Response` of `client.fetch`.
 * @returns `undefined` for anything else.
 */
export function explain(subject: unknown): string | undefined {
  if (subject instanceof ResponseStream) return subject.explain()
  const history = subject instanceof Response ? (historyBehind(subject) ?? HISTORIES.get(subject)) : undefined
  if (history !== undefined) return explainHistory(history)
  return findResilientError(subject)?.explain()
}
