import type { WholeBecause } from '../telemetry/events.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import { survivesRewriting } from '../transport/websocket/exact-json.ts'
import { type Fit, incrementOf } from '../transport/websocket/fit.ts'
import { isObject, type Json } from '../transport/websocket/prints.ts'
import { decodedBody } from './request-traits.ts'

/** The parsed body of a request for a response. */
export interface CreateBody {
  readonly text: string
  readonly json: Readonly<Record<string, Json>>
}

/** @returns `undefined` for a body that is not a JSON object, or has an unknown coding. */
export function readCreate(body: RequestBody, headers: HeaderPairs): CreateBody | undefined {
  if (body.kind !== 'bytes') return undefined
  try {
    const text = decodedBody(body.bytes, headers)
    const json = JSON.parse(text ?? '') as Json
    return text !== undefined && isObject(json) ? { text, json } : undefined
  } catch {
    return undefined
  }
}

/** Fields that have another meaning on a socket, or none. */
const HTTP_ALONE = ['type', 'stream_id'] as const

/** Why a request cannot be sent on a socket; `undefined` if it can. Pure. */
export function needsHttp({ text, json }: CreateBody): WholeBecause | undefined {
  if (json.background != null && json.background !== false) return 'field:background'
  const field = HTTP_ALONE.find((name) => json[name] !== undefined)
  if (field !== undefined) return `field:${field}`
  return survivesRewriting(text) ? undefined : 'body'
}

const CREATE = '{"type":"response.create"'

/** The message with the whole body of the caller, byte for byte. */
export function wholeMessage({ text }: CreateBody): Buffer {
  const fields = text.slice(text.indexOf('{') + 1)
  return Buffer.from(`${CREATE}${/^\s*\}/.test(fields) ? '' : ','}${fields}`)
}

/** The length of that message, in bytes. */
export function wholeBytes({ text }: CreateBody): number {
  return Buffer.byteLength(text) + CREATE.length
}

/** @returns `undefined` if the body is nested too deeply to be serialised. */
export function incrementMessage({ json }: CreateBody, fit: Extract<Fit, { kind: 'incremental' }>): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify({ type: 'response.create', ...incrementOf(json, fit) }))
  } catch {
    return undefined
  }
}
