import { flag } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import { checkOptions } from '../errors/check-options.ts'
import { type CallHistory, explainHistory } from '../errors/explain.ts'
import { HISTORIES } from '../errors/histories.ts'
import { errorChain } from '../errors/system-cause.ts'
import { drawCall } from '../picture/draw.ts'
import { ResponseStream } from '../responses/response-stream.ts'
import { historyBehind } from './fetched-response.ts'
import { findResilientError, isInstance } from './find.ts'

/** What an explanation holds beside its lines. */
export interface ExplainOptions {
  /** Adds a drawing of the attempts to scale, at most 80 columns wide. Default `false`. */
  readonly picture?: boolean | undefined
}

const RULES = { picture: { ...flag, default: false } } as const satisfies Rules<ExplainOptions>

/**
 * Explains a call in a few readable lines. First the endpoint's message about the failure, or what is wrong with the
 * request. Then one line for each ended attempt: the deadline that fired, its value, the source of the value, and
 * hedges. Last why there was no further retry. Contains no header, no query value, and nothing of a body except the
 * endpoint's error message.
 *
 * After an abort, and so after the `timeout` of an SDK, the error is the caller's own reason, or has it as its `cause`. It tells of
 * the call that it ended, if it is an object and ended one call alone. Of a resumed stream explain the stream.
 *
 * @param subject an error (ours, one that an SDK has wrapped around it, or one that an SDK has made of the last HTTP
 * answer of a call), the reason of an abort, a `ResponseStream`, a `Response` of `client.fetch`, or the object that `create()`, `retrieve()`,
 * `cancel()` or `finalResponse()` has returned.
 * @returns `undefined` for anything else, for example a copy of that object.
 * @throws ConfigurationError for an option that is unknown or not accepted.
 */
export function explain(subject: unknown, options: ExplainOptions = {}): string | undefined {
  checkOptions(options, RULES, { of: 'explain()' })
  const told = toldOf(subject)
  if (told === undefined || options.picture !== true || told.attempts.length === 0) return told?.text
  return `${told.text}\n\n${drawCall(told.attempts)}`
}

/** The attempts of a call, of anything that `explain` takes. */
export function attemptsOf(subject: unknown): readonly AttemptRecord[] | undefined {
  return toldOf(subject)?.attempts
}

interface Told {
  readonly text: string
  readonly attempts: readonly AttemptRecord[]
}

function toldOf(subject: unknown): Told | undefined {
  if (isInstance(subject, ResponseStream)) return { text: subject.explain(), attempts: subject.attempts }
  const made = isInstance(subject, Response) ? historyBehind(subject) : undefined
  const history = made ?? HISTORIES.get(subject as object)
  if (history !== undefined) return ofHistory(history)
  const error = findResilientError(subject)
  if (error !== undefined) return { text: error.explain(), attempts: error.attempts }
  for (const link of errorChain(subject)) {
    const aborted = HISTORIES.get(link)
    if (aborted !== undefined) return ofHistory(aborted)
  }
  return undefined
}

function ofHistory(history: CallHistory): Told {
  return { text: explainHistory(history), attempts: history.attempts }
}
