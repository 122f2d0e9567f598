import type { UpstreamErrorFields } from './hints.ts'

/** What the endpoint says about a request that carries state, read from the fields of its error. */

const NOT_FOUND = 'previous_response_not_found'

/** ``Previous response with id 'resp_1' not found.``, ``Invalid `previous_response_id`.``, quoted or not. */
const NOT_FOUND_MESSAGE =
  /previous[\s_]response(?:[\s_]id)?(?:\s+with\s+id)?[\s:]*["'`]?[\w.-]*["'`]?\s+(?:(?:was\s+|is\s+)?not\s+found|could\s+not\s+be\s+found)|invalid\s+["'`]?previous_response_id(?!["'`]?\s+type)/i

const NOT_SUPPORTED_MESSAGE = /unsupported|not supported|unknown parameter|unrecognized/i

/** A genuine not-found is a refusal of the request: a server that failed says nothing about the conversation. */
const NOT_FOUND_STATUSES: ReadonlySet<number | undefined> = new Set([undefined, 400, 404])

/**
 * Whether the endpoint genuinely says that it does not know the previous response: by `error.code`, by `error.type` alone,
 * by `param` alone, by a bare message, with the fields at the top level or nested in `response.failed` (`errorFieldsOf` has
 * looked there already). A route that does not exist, another parameter or an expired file is none. Pure.
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
  const generic =
    code === undefined || code === 'invalid_request_error' || code === 'not_found' || code === 'invalid_value'
  if (!generic) return false
  if (param === 'previous_response_id') return true
  return message !== undefined && NOT_FOUND_MESSAGE.test(message)
}

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
