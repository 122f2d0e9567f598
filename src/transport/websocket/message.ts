import type { HeaderPairs } from '../transport.ts'
import { isObject, type Json } from './prints.ts'

/** What a message of the endpoint says of itself. */
export interface MessageKind {
  readonly type: string
  /** Parsed where the type alone does not say enough. */
  readonly json: Readonly<Record<string, Json>> | undefined
}

const OPENING = Buffer.from('{"type":"')
const QUOTE = 34

/** Events that name their response, or that a turn is made of. Of all others the type is enough. */
const PARSED =
  /^(?:error|response\.(?:created|queued|in_progress|completed|failed|incomplete|cancelled|done|error|output_item\.done))$/

/** @returns `undefined` for a message that is no JSON object with a type: it is read as an event stream would read it. */
export function kindOf(bytes: Buffer): MessageKind | undefined {
  if (bytes.length > OPENING.length && bytes.compare(OPENING, 0, OPENING.length, 0, OPENING.length) === 0) {
    const end = bytes.indexOf(QUOTE, OPENING.length)
    const type = bytes.toString('latin1', OPENING.length, end)
    if (end !== -1 && !type.includes('\\') && !PARSED.test(type)) return { type, json: undefined }
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

/** A message as a frame of an event stream. JSON may be printed over several lines: each is a `data:` line. */
export function frameOf(bytes: Buffer): Buffer {
  const isOneLine = !bytes.includes(LF) && !bytes.includes(CR)
  if (isOneLine) return Buffer.concat([DATA, bytes, BLANK_LINE])
  const lines = bytes.toString().split(/\r\n|\n|\r/)
  return Buffer.from(`${lines.map((line) => `data: ${line}`).join('\n')}\n\n`)
}

/** An `error` message that stands for an HTTP answer. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: Buffer
  /** It speaks of the socket (its age, its streams), and not of the request. */
  readonly isOfSocket: boolean
}

const MAX_HEADERS = 100
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/
const UNSENDABLE = /[\0\r\n]/

/** `websocket_connection_limit_reached`: its 60 minutes are over. `websocket_stream_limit_reached`, and what will come. */
const OF_SOCKET = /^websocket_/

/** @returns `undefined` where the message has no status: then it is an event. */
export function errorAnswerOf(json: Readonly<Record<string, Json>>): ErrorAnswer | undefined {
  const status = json.status ?? json.status_code
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 599) return undefined
  const { error } = json
  const within = isObject(error) ? error.headers : undefined
  const headers = new Map<string, string>()
  for (const given of [within, json.headers]) {
    if (!isObject(given)) continue
    for (const [name, value] of Object.entries(given).slice(0, MAX_HEADERS)) {
      if (typeof value !== 'string' && typeof value !== 'number') continue
      if (!HEADER_NAME.test(name) || UNSENDABLE.test(String(value))) continue
      headers.set(name.toLowerCase(), String(value))
    }
  }
  const isOfSocket = isObject(error) && typeof error.code === 'string' && OF_SOCKET.test(error.code)
  headers.set('content-type', 'application/json')
  headers.delete('content-length')
  headers.delete('content-encoding')
  return { status, headers: [...headers], body: Buffer.from(JSON.stringify({ error: error ?? null })), isOfSocket }
}

/** The id of the response that an event carries. */
export function responseIdOf(json: Readonly<Record<string, Json>> | undefined): string | undefined {
  const response = json?.response
  const id = isObject(response) ? response.id : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** The same event with `previous_response_id: null` in its response, where it has the given id there. */
export function withoutPreviousId(bytes: Buffer, json: Readonly<Record<string, Json>>, id: string): Buffer {
  const { response } = json
  if (!isObject(response) || response.previous_response_id !== id) return bytes
  // Within a string every quote has a backslash before it, so this can only be a name and its value.
  const places = [...bytes.toString().matchAll(/"previous_response_id"\s*:\s*("(?:[^"\\]|\\.)*")/g)]
  const [place] = places
  if (places.length === 1 && place !== undefined) {
    const at = place.index + place[0].length - (place[1] as string).length
    return Buffer.from(`${place.input.slice(0, at)}null${place.input.slice(place.index + place[0].length)}`)
  }
  return Buffer.from(JSON.stringify({ ...json, response: { ...response, previous_response_id: null } }))
}

const SIDE_TYPE = /^(?:keepalive|ping|codex\..*|response\.steer\..*)$/

/** The type of an event that an endpoint may send at any time, and that belongs to no response. */
export function isSideType(type: string): boolean {
  return SIDE_TYPE.test(type)
}
