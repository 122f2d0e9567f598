import type { AttemptRecord } from '../errors/errors.ts'
import { explainHistory } from '../errors/explain.ts'
import { findResilientError } from '../errors/find.ts'
import { ResponseStream } from '../responses/response-stream.ts'
import { attemptsBehind } from './fetched-response.ts'

/** The attempts behind each response that was handed out as it came: the records, which keep nothing else alive. */
const ATTEMPTS = new WeakMap<Response, readonly AttemptRecord[]>()

/** Remembers what `explain(response)` is asked for; says nothing about the response to anyone else. */
export function remember(response: Response, attempts: readonly AttemptRecord[]): Response {
  ATTEMPTS.set(response, attempts)
  return response
}

/**
 * Why a call took as long as it did, or failed: a few lines a person can read, one for each attempt that is over. Which
 * deadline fired, its value and where the value came from; what was hedged; why there was no further retry. No line holds
 * a header, a query value, or anything of a body.
 *
 * An abort comes out as the caller's own reason, which knows nothing of the call: ask the stream or the response.
 *
 * @param subject an error (ours, or what a host has wrapped around it), a `ResponseStream`, or a `Response` of `client.fetch`.
 * @returns `undefined` for anything else.
 */
export function explain(subject: unknown): string | undefined {
  if (subject instanceof ResponseStream) return subject.explain()
  const attempts = subject instanceof Response ? (attemptsBehind(subject) ?? ATTEMPTS.get(subject)) : undefined
  if (attempts !== undefined) return explainHistory({ attempts })
  return findResilientError(subject)?.explain()
}
