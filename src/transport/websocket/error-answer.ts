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

const UNSENDABLE = /[\0\r\n]/

/** @returns `undefined` where the message has no status: then it is an event. */
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
  return { status, headers: [...headers], body: Buffer.from(JSON.stringify({ error: error ?? null })) }
}

function statusOf(given: Json | undefined): number | undefined {
  const status = given
  const isError = typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599
  return isError ? status : undefined
}
