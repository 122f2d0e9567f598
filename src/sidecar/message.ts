import type { IncomingMessage } from 'node:http'
import type { Refusal } from './guard.ts'

const METHODS_WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Why a request cannot be carried as it came, whoever sent it; `undefined` if it can. Pure. */
export function messageRefusal({
  method,
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'headers' | 'rawHeaders'>): Refusal | undefined {
  // RFC 9112 3.2. Which of two hosts was meant is a guess, and the check of the host must not rest on one.
  if (rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length > 1) {
    return { status: 400, code: 'host_given_twice', message: 'The request has more than one Host header; send one.' }
  }
  const coding = headers['transfer-encoding']?.trim().toLowerCase()
  // RFC 9112 6.1. Node takes away `chunked` alone, so the upstream would get coded bytes for plain ones.
  if (coding !== undefined && coding !== 'chunked') {
    const message = 'The request body has a transfer coding other than chunked; send it with Content-Encoding.'
    return { status: 501, code: 'transfer_coding_not_supported', message }
  }
  if (method === 'TRACE') {
    return { status: 501, code: 'method_not_supported', message: 'The sidecar carries neither TRACE nor CONNECT.' }
  }
  return undefined
}

/** `fetch` sends no body with these methods, and a body that is dropped would go unnoticed. */
export function bodyRefusal(method: string, length: number): Refusal | undefined {
  if (length === 0 || !METHODS_WITHOUT_BODY.has(method)) return undefined
  const message = `A ${method} request has a body, which the sidecar cannot carry; send it without, or with another method.`
  return { status: 400, code: 'body_not_allowed', message }
}
