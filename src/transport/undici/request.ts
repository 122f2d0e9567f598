import { BodySource } from '../body-source.ts'
import { isConnectionHeader } from '../connection-headers.ts'
import type { TransportRequest } from '../transport.ts'
import type { Dispatcher } from './undici-parts.ts'

/**
 * Bodies up to this size are written at once. Larger ones are written in pieces, so that progress in sending can be
 * seen.
 */
const WHOLE_BYTES = 64 * 1024

export interface DispatchRequest {
  /** For undici's `dispatch`. */
  readonly options: Dispatcher.DispatchOptions
  /** The source of a body that is sent in pieces, to be stopped when the exchange ends. */
  readonly source: BodySource | undefined
}

export function toDispatch(request: TransportRequest): DispatchRequest {
  const { url, method, body } = request
  const headers: string[] = []
  for (const [name, value] of request.headers) {
    // undici sets these itself. Another value would break its framing.
    if (!isConnectionHeader(name)) headers.push(name, value)
  }
  const length = body.kind === 'bytes' ? body.bytes.length : body.kind === 'stream' ? body.length : undefined
  if (length !== undefined) headers.push('content-length', String(length))
  const forMock = sourceForMock(request)
  const source = forMock === undefined ? sourceOf(request) : undefined
  const options: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: pathOf(url),
    method: method as Dispatcher.HttpMethod,
    headers,
    body: (forMock ?? source ?? (body.kind === 'bytes' ? asBuffer(body.bytes) : null)) as never,
    // Also for a caller's dispatcher: our own deadlines apply.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  return { options, source }
}

/** Keeps the question mark of an empty query, which `search` omits. */
function pathOf({ href, pathname, search, hash }: URL): string {
  if (search !== '' || !href.includes('?')) return pathname + search
  return href.at(-1 - hash.length) === '?' ? `${pathname}?` : pathname
}

/**
 * The body for comparison in a mock of undici, as undici's own `fetch` passes it: a text as a text, a form as a form.
 * Recognised by the mark that undici's `fetch` uses.
 */
function sourceForMock({ dispatcher, body }: TransportRequest): unknown {
  if ((dispatcher as { isMockActive?: unknown } | undefined)?.isMockActive !== true) return undefined
  if (body.kind === 'none' || body.given !== undefined) return body.kind === 'none' ? undefined : body.given
  return body.kind === 'bytes' && body.isText ? asBuffer(body.bytes).toString() : undefined
}

function sourceOf({ body }: TransportRequest): BodySource | undefined {
  if (body.kind === 'stream') return new BodySource(() => body.open(), body.length)
  return body.kind === 'bytes' && body.bytes.length > WHOLE_BYTES ? BodySource.ofBytes(body.bytes) : undefined
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
