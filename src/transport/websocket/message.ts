import { namesOwner } from './names-owner.ts'
import { isObject, type Json } from './prints.ts'

/** The type of a message of the endpoint, and its content where that is needed. */
export interface MessageKind {
  readonly type: string
  /** The parsed message; `undefined` if its type says enough. */
  readonly json: Readonly<Record<string, Json>> | undefined
}

const OPENING = Buffer.from('{"type":"')
const QUOTE = 34

/** Types of events that are not parsed: usually they name no response, and they contain no whole item. */
const NOT_PARSED = /^(?:keepalive|ping|response\.(?!output_item\.done$)\w+\..*)$/

/** How a message of a type began whose type is enough. Nearly all messages are deltas of one type. */
interface Opening {
  readonly bytes: Buffer
  readonly kind: MessageKind
}

let latest: Opening | undefined

/** @returns `undefined` for a message that is not a JSON object with a type. It is passed on like any event of a stream. */
export function kindOf(bytes: Buffer): MessageKind | undefined {
  if (latest !== undefined && beginsWith(bytes, latest.bytes) && !namesOwner(bytes)) return latest.kind
  if (beginsWith(bytes, OPENING)) {
    const end = bytes.indexOf(QUOTE, OPENING.length)
    const type = bytes.toString('latin1', OPENING.length, end)
    if (end !== -1 && !type.includes('\\') && NOT_PARSED.test(type) && !namesOwner(bytes)) {
      // Copied: a part of the message would keep the whole read alive.
      latest = { bytes: Buffer.from(bytes.subarray(0, end + 1)), kind: { type, json: undefined } }
      return latest.kind
    }
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

function beginsWith(bytes: Buffer, opening: Buffer): boolean {
  if (bytes.length <= opening.length) return false
  // The last bytes are those in which two types differ.
  for (let at = opening.length - 1; at >= 0; at--) if (bytes[at] !== opening[at]) return false
  return true
}

const DATA = Buffer.from('data: ')
const LF = 10
const CR = 13
const BLANK_LINE = 2

/** Messages as frames of an event stream. Each line of JSON over several lines becomes a `data:` line. */
export function framesOf(messages: readonly Buffer[]): Buffer {
  const frames = joined(messages)
  // Searched once for all of them. The places of the blank lines are still empty.
  const isOneLineEach = !frames.includes(LF) && !frames.includes(CR)
  const [all, data] = isOneLineEach ? [frames, messages] : withDataLines(messages)
  let at = 0
  for (const { length } of data) {
    at += DATA.length + length
    all[at++] = LF
    all[at++] = LF
  }
  return all
}

/** Each with its field name, and with room for a blank line after it. */
function joined(messages: readonly Buffer[]): Buffer {
  let bytes = 0
  for (const { length } of messages) bytes += DATA.length + length + BLANK_LINE
  const frames = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const message of messages) {
    frames.set(DATA, at)
    frames.set(message, at + DATA.length)
    at += DATA.length + message.length
    frames[at++] = 0
    frames[at++] = 0
  }
  return frames
}

function withDataLines(messages: readonly Buffer[]): readonly [Buffer, readonly Buffer[]] {
  const lines = messages.map((message) => Buffer.from(message.toString().replaceAll(/\r\n|\n|\r/g, '\ndata: ')))
  return [joined(lines), lines]
}

/** The id of the response that an event contains or names. */
export function responseIdOf(json: Readonly<Record<string, Json>> | undefined): string | undefined {
  const response = json?.response
  const id = isObject(response) ? response.id : json?.response_id
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** The `stream_id` of an event. */
export function laneOf(json: Readonly<Record<string, Json>> | undefined): string | undefined {
  const lane = json?.stream_id
  return typeof lane === 'string' && lane !== '' ? lane : undefined
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
  if (type !== judged.type) judged = { type, isSide: !OF_RESPONSE.test(type) }
  return judged.isSide
}

/** The latest result. Most events have the type of the one before. */
let judged = { type: '', isSide: true }

/** Whether a side event of this type says only that the endpoint is alive. Such events may arrive at any rate. */
export function isSignOfLife(type: string): boolean {
  return NOT_PARSED.test(type)
}
