import { errorFieldsOf, statusSaidBy, type UpstreamErrorFields } from '../../retry/error-fields.ts'
import { isRefusalName, meaningOfName } from '../../retry/upstream-names.ts'
import type { HeaderPairs } from '../../transport/transport.ts'
import type { MadeAnswer } from '../answers.ts'
import { isObject, type JsonObject } from './create-message.ts'

/** An error of the upstream that came as a message in place of an HTTP answer. */
export interface UpstreamErrorMessage {
  /** From 400 to 599. */
  readonly status: number
  readonly error: JsonObject
  /** Names in lower case. */
  readonly headers: HeaderPairs
  /** Quota, credit or policy: the same request would fail again, whatever the status. */
  readonly isFinal: boolean
}

/** Clients ignore an `error` message without an error status, and wait for the next message until their own time limit. */
const UNKNOWN_STATUS = 502

/** Most messages of a response begin so, and need not be parsed. */
const OF_RESPONSE = '{"type":"response.'

/** @returns `undefined` if the message is not of the type `error`. Pure. */
export function errorMessageOf(text: string): UpstreamErrorMessage | undefined {
  if (text.startsWith(OF_RESPONSE)) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(json) || json.type !== 'error') return undefined
  const fields = errorFieldsOf(json) ?? {}
  const name = fields.code ?? fields.type
  const meaning = name === undefined ? undefined : meaningOfName(name, false)
  const status = statusOf(json.status) ?? statusOf(statusSaidBy(fields)) ?? statusNamed(name)
  const given = isObject(json.error) ? json.error : { param: json.param ?? null }
  const error = { ...given, ...wordsOf(fields) }
  return { status, error, headers: headersOf(json.headers), isFinal: meaning === 'quota' || meaning === 'policy' }
}

function statusOf(value: unknown): number | undefined {
  const isError = typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599
  return isError ? value : undefined
}

/** The status that an error of this name has over HTTP. */
function statusNamed(name: string | undefined): number {
  if (name === undefined) return UNKNOWN_STATUS
  switch (meaningOfName(name, false)) {
    case 'quota':
      return 429
    case 'policy':
    case 'request':
      return 400
    case 'pushback':
      if (!isRefusalName(name)) return 500
      return /rate|too_many|throttl/i.test(name) ? 429 : 503
    case undefined:
      return UNKNOWN_STATUS
  }
}

function wordsOf({ code, type, message }: UpstreamErrorFields): JsonObject {
  return {
    ...(code !== undefined && { code }),
    ...(type !== undefined && { type }),
    ...(message !== undefined && { message }),
  }
}

function headersOf(given: unknown): HeaderPairs {
  if (!isObject(given)) return []
  return Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [[name.toLowerCase(), String(value)] as const] : [],
  )
}

/** Headers that speak of the HTTP message, or of its connection. */
const NOT_OF_ERROR = /^(?:content-.*|transfer-encoding|connection|keep-alive|date|set-cookie|x-resilient-responses)$/

/**
 * The message that stands for an HTTP answer that refuses a request. Clients parse it strictly: `status` is from 400 to 599, and
 * `code`, `type` and `message` of the error are strings. Pure.
 */
export function errorMessage(
  { status: given, headers }: { readonly status: number; readonly headers: HeaderPairs },
  error: JsonObject,
): string {
  const status = statusOf(given) ?? UNKNOWN_STATUS
  const word = (name: string, instead: string): string => {
    const value = error[name]
    return typeof value === 'string' && value !== '' ? value : instead
  }
  const words = {
    type: word('type', typeOf(status)),
    code: word('code', 'upstream_error'),
    message: word('message', `The upstream answered ${status}.`),
  }
  const told = headers.filter(([name]) => !NOT_OF_ERROR.test(name))
  return JSON.stringify({
    type: 'error',
    status,
    error: { param: null, ...error, ...words },
    headers: Object.fromEntries(told),
  })
}

/** What the sidecar itself has to say. */
export function madeError({ code, type, message }: Pick<MadeAnswer, 'code' | 'type' | 'message'>): JsonObject {
  return { type, code, message, param: null }
}

/** The error in the body of an answer, whatever its form. Pure. */
export function errorIn(body: string): JsonObject {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return {}
  }
  const { error = json } = isObject(json) ? json : { error: json }
  const words = wordsOf(errorFieldsOf(json) ?? {})
  if (isObject(error)) return { ...error, ...words }
  return error == null ? words : { message: String(error).slice(0, 1000), ...words }
}

function typeOf(status: number): string {
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
