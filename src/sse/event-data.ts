import { classOfType, ownType, reportsFailure } from './event-classes.ts'

/** What the data of a frame says about its event. */

/** Nearly every event begins with `{"type":"`, so its type can be read without parsing the rest. */
export const TYPE_PREFIX = '{"type":"'

/** The SSE name of a frame that reports an error, whatever its data holds. */
export const ERROR_NAME = 'error'

/**
 * The type of an event: `data.type`, else the SSE name of the frame. An event is an `error` if
 *
 * - its data has a top-level `error` object, unless its `type` is terminal;
 * - its data has a top-level `error` string and no `type`: beside a type the string may mean anything;
 * - its frame is named `error`, whatever the `type`: some endpoints put the type of the error there. The type of a
 * failure is kept.
 */
export function typeOf(json: unknown, name: string | undefined): string {
  if (typeof json !== 'object' || json === null) return name ?? 'message'
  const { type, error } = json as { type?: unknown; error?: unknown }
  if (typeof error === 'object' && error !== null && !Array.isArray(error)) {
    return typeof type === 'string' && classOfType(type) === 'terminal' ? type : 'error'
  }
  if (typeof error === 'string' && error !== '' && (type === undefined || type === null)) return 'error'
  if (name === ERROR_NAME) return typeof type === 'string' && reportsFailure(type, json) ? type : 'error'
  return typeof type === 'string' ? type : (name ?? 'message')
}

/** Whether the data is only white space. Some gateways send such frames as heartbeats. */
export function isBlank(data: string): boolean {
  return data === '' || (data.charCodeAt(0) <= 32 && data.trim() === '')
}

const DONE_MARK = '[DONE]'

/** `[DONE]`, which some endpoints send as their last frame. It is not JSON. */
export function isDoneMark(data: string): boolean {
  return data.length <= 2 * DONE_MARK.length && data.trim() === DONE_MARK
}

/** `error: the model stopped`, `[ERROR] …`: plain text that some endpoints write in place of a JSON error. */
const ERROR_WORDS = /^\s*\[?error\b\]?[\s:]*\S/i
const OPENS_JSON = /^\s*(?:[{"]|\[(?!error\b))/i

/** Whether the data was meant as JSON. */
export function opensAsJson(data: string): boolean {
  return OPENS_JSON.test(data)
}

/** Whether data that is not JSON is the text of an error. Broken JSON is not, whatever the name of the frame. */
export function isErrorText(data: string, name: string | undefined): boolean {
  return ERROR_WORDS.test(data) || (name === ERROR_NAME && !OPENS_JSON.test(data))
}

/** Whether the next event may say why the response failed. */
export function mayBeExplained({ type, json }: { readonly type: string; readonly json: unknown }): boolean {
  return type === ERROR_NAME || (reportsFailure(type, json) && !givesReason(json))
}

/**
 * Whether a failure names a reason: a code, a type or a message, in `response.error`, in `error`, or at the top level.
 */
export function givesReason(event: unknown): boolean {
  if (typeof event !== 'object' || event === null) return false
  const { response, error, code, message, detail } = event as Readonly<Record<string, unknown>>
  const inner = typeof response === 'object' && response !== null ? (response as { error?: unknown }).error : undefined
  return saysSomething(inner) || saysSomething(error) || [code, message, detail].some(isWord)
}

function saysSomething(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return isWord(error)
  const { code, type, message, detail } = error as Readonly<Record<string, unknown>>
  return [code, type, message, detail].some(isWord)
}

function isWord(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}

/** Parses a delta that seems to be of `type`. `undefined` if it is not a delta of this type. */
export function parsedDelta(data: string, type: string): unknown {
  try {
    const json = JSON.parse(data) as { type?: unknown; readonly error?: unknown }
    if (json.type !== type || json.error !== undefined) return undefined
    // The same string object in all deltas: comparing it again takes no time, and events that the caller keeps share it.
    json.type = type
    return json
  } catch {
    return undefined
  }
}

/** The type of an event without parsing it. `undefined` when the event has to be parsed. */
export function sniffedType(data: string, name: string | undefined): string | undefined {
  if (name === ERROR_NAME) return undefined
  if (!data.startsWith(TYPE_PREFIX) || data.charCodeAt(data.length - 1) !== 125 /* } */) return undefined
  const end = data.indexOf('"', TYPE_PREFIX.length)
  const type = data.slice(TYPE_PREFIX.length, end)
  const eventClass = classOfType(type)
  if (eventClass !== 'progress' && eventClass !== 'heartbeat') return undefined
  // An escape in the type, or an `error` that overrules it. Deltas are not searched for `"error"`: that would cost as
  // much as all other work on them.
  if (type.includes('\\') || (!type.endsWith('.delta') && data.includes('"error"'))) return undefined
  return ownType(type)
}

/**
 * The number of an event, if it has one. Slow for unparsed events, because it searches their text: not called for each
 * event.
 */
export function sequenceNumberOf({
  data,
  json,
}: {
  readonly data: string
  readonly json: unknown
}): number | undefined {
  if (typeof json === 'object' && json !== null) {
    const { sequence_number: number } = json as { readonly sequence_number?: unknown }
    return typeof number === 'number' ? number : undefined
  }
  const match = /"sequence_number"\s*:\s*(\d+)/.exec(data)
  return match === null ? undefined : Number(match[1])
}
