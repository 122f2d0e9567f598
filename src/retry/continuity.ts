import { statusNamedBy, type UpstreamErrorFields } from './error-fields.ts'

/** What the endpoint says about a request with state, read from the fields of its error. */

const NOT_FOUND = 'previous_response_not_found'

/** ``Previous response with id 'resp_1' not found.``, quoted or not. */
const NOT_FOUND_MESSAGE =
  /previous[\s_]response(?:[\s_]id)?(?:\s+with\s+id)?[\s:]*["'`]?[\w.-]*["'`]?\s+(?:(?:was\s+|is\s+)?not\s+found|could\s+not\s+be\s+found)/i

/** ``Invalid `previous_response_id`.`` alone: some endpoints say this about an unknown id. */
const BARE_MESSAGE = /^\s*invalid\s+["'`]?previous_response_id["'`]?(?::?\s*["'`]?resp_[\w-]*["'`]?)?\s*[.!]?\s*$/i

/** Words that mean a missing response, together with `param: "previous_response_id"`. */
const MISSING_MESSAGE =
  /not\s+(?:be\s+)?found|no\s+such|(?:does|do|did)\s*n[o']t\s+exist|unknown|no\s+longer|expired|deleted|can\s*(?:not|'t)\s+find|unable\s+to\s+(?:find|locate)|no\s+(?:previous\s+)?response\b/i

/** Words that name no cause, together with that `param`. */
const NOTHING_MESSAGE = /^\s*(?:bad request|invalid request|invalid value|invalid parameter|error|)\s*[.!]?\s*$/i

/**
 * Words about another cause: the response exists, or the request is wrong in itself. Read as a lost conversation, they
 * would make the caller send the whole history again.
 */
const OTHER_CAUSE_MESSAGE =
  /together\s+with|mutually|both\b|instead\s+of|(?:begin|start)s?\s+with|expected|must\b|still\s+|in\s+progress|be\s+continued|\bfailed\b/i

const NOT_SUPPORTED_MESSAGE = /unsupported|not supported|unknown parameter|unrecognized/i

/** A genuine not-found is a refusal of the request. Statuses of a failed server do not count. */
const NOT_FOUND_STATUSES: ReadonlySet<number | undefined> = new Set([undefined, 400, 404])

/**
 * Whether the endpoint genuinely says that it does not know the previous response: by `error.code`, by `error.type`
 * alone, by its message, or by `param` with a message about a missing response or without content. `errorFieldsOf` has
 * found the fields, at the top level or inside `response.failed`. A missing route, another parameter, an expired file,
 * and a response that cannot be continued yet do not count. Pure.
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
  // A specific code names another cause. Only a generic code leaves the question open.
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
  /** What to do instead at such an endpoint. */
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
 * The parameter that an endpoint refuses as unsupported, recognized by common wordings. `undefined` for every other
 * error. The parameter is not removed from the request: the result would not be what the caller asked for. Pure.
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
