import { BodySource } from '../body-source.ts'
import type { TransportRequest } from '../transport.ts'
import type { Dispatcher } from './undici-parts.ts'

/** Bodies up to this size are written at once; larger ones in pieces, so that progress in sending can be seen. */
const WHOLE_BYTES = 64 * 1024

/** These are undici's to set, or would break the framing it does. */
const OWNED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
])

export interface DispatchRequest {
  /** As undici's `dispatch` takes it. */
  readonly options: Dispatcher.DispatchOptions
  /** What undici reads the body from, where it goes out in pieces: to be stopped when the exchange ends. */
  readonly source: BodySource | undefined
}

export function toDispatch(request: TransportRequest): DispatchRequest {
  const { url, method, body } = request
  const headers: string[] = []
  for (const [name, value] of request.headers) {
    if (!OWNED_HEADERS.has(name)) headers.push(name, value)
  }
  const length = body.kind === 'bytes' ? body.bytes.length : body.kind === 'stream' ? body.length : undefined
  if (length !== undefined) headers.push('content-length', String(length))
  const source = sourceOf(request)
  const options: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: method as Dispatcher.HttpMethod,
    headers,
    body: source !== undefined ? (source as never) : body.kind === 'bytes' ? asBuffer(body.bytes) : null,
    // Also for a caller's own dispatcher: our deadlines rule.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  return { options, source }
}

function sourceOf({ body }: TransportRequest): BodySource | undefined {
  if (body.kind === 'stream') return new BodySource(() => body.open(), body.length)
  return body.kind === 'bytes' && body.bytes.length > WHOLE_BYTES ? BodySource.ofBytes(body.bytes) : undefined
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
