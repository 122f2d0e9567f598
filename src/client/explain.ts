import { flag } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import { checkOptions } from '../errors/check-options.ts'
import { type CallHistory, explainHistory } from '../errors/explain.ts'
import { drawCall } from '../picture/draw.ts'
import { ResponseStream } from '../responses/response-stream.ts'
import { attemptsOf } from '../responses/result-history.ts'
import { historyBehind } from './fetched-response.ts'
import { findResilientError, isInstance } from './find.ts'

/** The call history of each response that was returned unchanged. Holds only records. */
const HISTORIES = new WeakMap<Response, CallHistory>()

/** Stores the history for `explain(response)`, invisible on the response. */
export function remember(response: Response, history: CallHistory): Response {
  HISTORIES.set(response, history)
  return response
}

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
 * An abort, and so a `timeout` of an SDK, rejects with the caller's own reason, which has no history: explain the stream or the
 * response instead.
 *
 * @param subject an error (ours, one that an SDK has wrapped around it, or one that an SDK has made of the last HTTP
 * answer of a call), a `ResponseStream`, a `Response` of `client.fetch`, or the object that `create()`, `retrieve()`,
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

interface Told {
  readonly text: string
  readonly attempts: readonly AttemptRecord[]
}

function toldOf(subject: unknown): Told | undefined {
  if (isInstance(subject, ResponseStream)) return { text: subject.explain(), attempts: subject.attempts }
  const history = isInstance(subject, Response) ? (historyBehind(subject) ?? HISTORIES.get(subject)) : undefined
  if (history !== undefined) return { text: explainHistory(history), attempts: history.attempts }
  const attempts = attemptsOf(subject)
  if (attempts !== undefined) return { text: explainHistory({ attempts }), attempts }
  const error = findResilientError(subject)
  return error && { text: error.explain(), attempts: error.attempts }
}
