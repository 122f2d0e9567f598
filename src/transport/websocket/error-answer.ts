import type { HeaderPairs } from '../transport.ts'
import { isObject, type Json } from './prints.ts'

type JsonObject = Readonly<Record<string, Json>>

/** An `error` message that stands for an HTTP answer. */
export interface ErrorAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: Buffer
}

const MAX_HEADERS = 100
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/

/** Characters that `Headers` refuses: line ends, NUL, and every character that needs more than one byte. */
const UNSENDABLE = /[\0\r\n]|[^\0-\xff]/

/** @returns `undefined` if the message has no error status. Then it is an event of a stream. */
export function errorAnswerOf(json: JsonObject): ErrorAnswer | undefined {
  const status = statusOf(json.status ?? json.status_code)
  if (status === undefined) return undefined
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
  headers.set('content-type', 'application/json')
  headers.delete('content-length')
  headers.delete('content-encoding')
  return { status, headers: [...headers], body: Buffer.from(JSON.stringify(bodyOf(json))) }
}

function statusOf(given: Json | undefined): number | undefined {
  const status = typeof given === 'string' && /^\d{3}$/.test(given) ? Number(given) : given
  const isError = typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599
  return isError ? status : undefined
}

/** Fields that belong to the message and not to the error. */
const OF_MESSAGE: ReadonlySet<string> = new Set([
  'type',
  'status',
  'status_code',
  'headers',
  'sequence_number',
  'stream_id',
  'event_id',
  'error',
])

/** The fields of the error are within `error`, or beside the status as in the `error` event of a stream. */
function bodyOf(json: JsonObject): JsonObject {
  const { error = null } = json
  if (isObject(error) && (error.code != null || error.message != null)) return { error }
  const beside = Object.fromEntries(Object.entries(json).filter(([name]) => !OF_MESSAGE.has(name)))
  if (Object.keys(beside).length === 0) return { error }
  return isObject(error) || error === null ? { error: { ...error, ...beside } } : { ...beside, error }
}
