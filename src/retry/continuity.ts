import { statusNamedBy, type UpstreamErrorFields } from './error-fields.ts'

/** What the endpoint says about a request that carries state, read from the fields of its error. */

const NOT_FOUND = 'previous_response_not_found'

/** ``Previous response with id 'resp_1' not found.``, quoted or not. */
const NOT_FOUND_MESSAGE =
  /previous[\s_]response(?:[\s_]id)?(?:\s+with\s+id)?[\s:]*["'`]?[\w.-]*["'`]?\s+(?:(?:was\s+|is\s+)?not\s+found|could\s+not\s+be\s+found)/i

/** ``Invalid `previous_response_id`.`` and nothing else: endpoints say so of an id that they do not know. */
const BARE_MESSAGE = /^\s*invalid\s+["'`]?previous_response_id["'`]?(?::?\s*["'`]?resp_[\w-]*["'`]?)?\s*[.!]?\s*$/i

/** With `param: "previous_response_id"`, words that say of a response that it is not there. */
const MISSING_MESSAGE =
  /not\s+(?:be\s+)?found|no\s+such|(?:does|do|did)\s*n[o']t\s+exist|unknown|no\s+longer|expired|deleted|can\s*(?:not|'t)\s+find|unable\s+to\s+(?:find|locate)|no\s+(?:previous\s+)?response\b/i

/** With it, words that leave the question open: they name no cause. */
const NOTHING_MESSAGE = /^\s*(?:bad request|invalid request|invalid value|invalid parameter|error|)\s*[.!]?\s*$/i

/**
 * Words about another cause. The response is there, or the request is wrong in itself: a caller that took one for a lost
 * conversation would send the whole history again.
 */
const OTHER_CAUSE_MESSAGE =
  /together\s+with|mutually|both\b|instead\s+of|(?:begin|start)s?\s+with|expected|must\b|still\s+|in\s+progress|be\s+continued|\bfailed\b/i

const NOT_SUPPORTED_MESSAGE = /unsupported|not supported|unknown parameter|unrecognized/i

/** A genuine not-found is a refusal of the request: a server that failed says nothing about the conversation. */
const NOT_FOUND_STATUSES: ReadonlySet<number | undefined> = new Set([undefined, 400, 404])

/**
 * Whether the endpoint genuinely says that it does not know the previous response: by `error.code`, by `error.type` alone,
 * by a message that says so, or by `param` where the message speaks of a missing response or says nothing. The fields may
 * stand at the top level or nested in `response.failed` (`errorFieldsOf` has looked there already). A route that does not
 * exist, another parameter, an expired file, or a response that cannot be continued yet is none. Pure.
 */
export function isPreviousResponseNotFound(
  status: number | undefined,
  error: UpstreamErrorFields | undefined,
): boolean {
  if (error === undefined || !NOT_FOUND_STATUSES.has(status)) return false
  const { code, type, param, message } = error
  if (code === NOT_FOUND || type === NOT_FOUND) return true
  if (message !== undefined && NOT_SUPPORTED_MESSAGE.test(message)) return false
  if (param !== undefined && param !== 'previous_response_id') return false
  // A code of another cause is the cause; only a generic one leaves the question open.
  if (code !== undefined && !GENERIC_CODES.has(code) && statusNamedBy(code) === undefined) return false
  if (message === undefined) return param !== undefined
  if (NOT_FOUND_MESSAGE.test(message) || BARE_MESSAGE.test(message)) return true
  if (param === undefined || OTHER_CAUSE_MESSAGE.test(message)) return false
  return MISSING_MESSAGE.test(message) || NOTHING_MESSAGE.test(message)
}

const GENERIC_CODES: ReadonlySet<string> = new Set([
  'invalid_request_error',
  'not_found',
  'invalid_value',
  'bad_request',
  'BadRequest',
])

export interface UnsupportedParameter {
  readonly parameter: string
  /** What works at such an endpoint. */
  readonly advice: string
}

const CAPABILITIES: ReadonlyArray<readonly [pattern: RegExp, parameter: string, advice: string]> = [
  [
    /store must be set to false/i,
    'store',
    'This endpoint keeps no responses: send store: false, and the whole input each turn instead of previous_response_id.',
  ],
  [
    /stream must be set to true/i,
    'stream',
    'This endpoint only streams: use client.responses.stream() or create(), or upgradeToStream: true with the drop-in fetch.',
  ],
]

const ADVICE: Readonly<Record<string, string>> = {
  previous_response_id:
    'This endpoint keeps no conversation: send the whole input each turn, without previous_response_id.',
  store: CAPABILITIES[0]?.[2] as string,
  background: 'This endpoint has no background responses: stream the response instead.',
  conversation: 'This endpoint keeps no conversations: send the whole input each turn.',
}

/**
 * The parameter that an endpoint refuses to know, in the words that endpoints use for it; `undefined` for every other
 * error. Nothing is stripped for it: what the caller asked for would not happen. Pure.
 */
export function unsupportedParameter(
  status: number | undefined,
  error: UpstreamErrorFields | undefined,
): UnsupportedParameter | undefined {
  const { message, param, code } = error ?? {}
  if (status !== undefined && status !== 400 && status !== 422) return undefined
  for (const [pattern, parameter, advice] of CAPABILITIES) {
    if (message !== undefined && pattern.test(message)) return { parameter, advice }
  }
  const named = /(?:unsupported|unknown) parameter:?\s*["'`]?([\w.[\]]{1,60})["'`]?/i.exec(message ?? '')?.[1]
  const parameter = named ?? (code === 'unsupported_parameter' ? param : undefined)
  if (parameter === undefined) return undefined
  return { parameter, advice: ADVICE[parameter] ?? `Leave ${parameter} out at this endpoint.` }
}
