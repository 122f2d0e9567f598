import type { IncomingMessage } from 'node:http'
import type { Refusal } from './guard.ts'

const METHODS_WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Why no request of this form can be sent to the upstream unchanged; `undefined` if it can. Pure. */
export function messageRefusal({
  method,
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders'>): Refusal | undefined {
  // RFC 9112 3.2. With two `Host` headers the check of the host would have to guess which one counts.
  if (rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length > 1) {
    return { status: 400, code: 'host_given_twice', message: 'The request has more than one Host header; send one.' }
  }
  const coding = headers['transfer-encoding']?.trim().toLowerCase()
  // RFC 9112 6.1. Node decodes only `chunked`, so the upstream would get encoded bytes without a header that says so.
  if (coding !== undefined && coding !== 'chunked') {
    const message = 'The request body has a transfer coding other than chunked; send it with Content-Encoding.'
    return { status: 501, code: 'transfer_coding_not_supported', message }
  }
  if (method === 'TRACE') {
    return { status: 501, code: 'method_not_supported', message: 'The sidecar carries neither TRACE nor CONNECT.' }
  }
  return undefined
}

/** A body would be read as frames of the WebSocket: a proxy that honours its length would see other messages. */
export function upgradeRefusal({ headers }: Pick<IncomingMessage, 'headers'>): Refusal | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  if (coding === undefined && (length === undefined || /^0+$/.test(length))) return undefined
  const message = 'A request for a WebSocket has a body; send it without.'
  return { status: 400, code: 'body_not_allowed', message }
}

/** `fetch` sends no body with these methods, so a body is refused instead of dropped. */
export function bodyRefusal(method: string, length: number): Refusal | undefined {
  if (length === 0 || !METHODS_WITHOUT_BODY.has(method)) return undefined
  const message = `A ${method} request has a body, which the sidecar cannot carry; send it without, or with another method.`
  return { status: 400, code: 'body_not_allowed', message }
}
