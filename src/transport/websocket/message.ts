import { isObject, type Json } from './prints.ts'

/** The type of a message of the endpoint, and its content where that is needed. */
export interface MessageKind {
  readonly type: string
  /** The parsed message; `undefined` if its type says enough. */
  readonly json: Readonly<Record<string, Json>> | undefined
}

const OPENING = Buffer.from('{"type":"')
const QUOTE = 34

/** Types of events that are not parsed: they name no response and contain no whole item. */
const NOT_PARSED = /^(?:keepalive|ping|response\.(?!output_item\.done$)\w+\..*)$/

/** @returns `undefined` for a message that is not a JSON object with a type. It is passed on like any event of a stream. */
export function kindOf(bytes: Buffer): MessageKind | undefined {
  if (bytes.length > OPENING.length && bytes.compare(OPENING, 0, OPENING.length, 0, OPENING.length) === 0) {
    const end = bytes.indexOf(QUOTE, OPENING.length)
    const type = bytes.toString('latin1', OPENING.length, end)
    if (end !== -1 && !type.includes('\\') && NOT_PARSED.test(type)) return { type, json: undefined }
  }
  let json: Json
  try {
    json = JSON.parse(bytes.toString()) as Json
  } catch {
    return undefined
  }
  if (!isObject(json) || typeof json.type !== 'string') return undefined
  return { type: json.type, json }
}

const DATA = Buffer.from('data: ')
const BLANK_LINE = Buffer.from('\n\n')
const LF = 10
const CR = 13

/** A message as a frame of an event stream. Each line of JSON over several lines becomes a `data:` line. */
export function frameOf(bytes: Buffer): Buffer {
  const isOneLine = !bytes.includes(LF) && !bytes.includes(CR)
  if (isOneLine) return Buffer.concat([DATA, bytes, BLANK_LINE])
  const lines = bytes.toString().split(/\r\n|\n|\r/)
  return Buffer.from(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`)
}

/** The id of the response that an event contains or names. */
export function responseIdOf(json: Readonly<Record<string, Json>> | undefined): string | undefined {
  const response = json?.response
  const id = isObject(response) ? response.id : json?.response_id
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** The same event. If its response has the given `previous_response_id`, that is replaced by `null`. */
export function withoutPreviousId(bytes: Buffer, json: Readonly<Record<string, Json>>, id: string): Buffer {
  const { response } = json
  if (!isObject(response) || response.previous_response_id !== id) return bytes
  // Within a string every quote follows a backslash, so this matches only a name and its value.
  const places = [...bytes.toString().matchAll(/"previous_response_id"\s*:\s*("(?:[^"\\]|\\.)*")/g)]
  const [place] = places
  if (places.length === 1 && place !== undefined) {
    const at = place.index + place[0].length - (place[1] as string).length
    return Buffer.from(`${place.input.slice(0, at)}null${place.input.slice(place.index + place[0].length)}`)
  }
  return Buffer.from(JSON.stringify({ ...json, response: { ...response, previous_response_id: null } }))
}

/** Types of the events of a response. The types of its deltas have three parts: `response.output_text.delta`. */
const OF_RESPONSE =
  /^(?:error|response\.(?:created|queued|in_progress|completed|failed|incomplete|cancelled|done|error|(?!steer\.)\w+\..*))$/

/**
 * Whether an event of this type belongs to no response and may arrive at any time: an event about the account or the socket,
 * or an unknown one, because endpoints add types.
 */
export function isSideType(type: string): boolean {
  return !OF_RESPONSE.test(type)
}

/** Whether a side event of this type says only that the endpoint is alive. Such events may arrive at any rate. */
export function isSignOfLife(type: string): boolean {
  return NOT_PARSED.test(type)
}
