import { Readable } from 'node:stream'
import { utf8 } from '../core/utf8.ts'
import type { RequestBody } from '../transport/transport.ts'

export interface EncodedBody {
  readonly body: RequestBody
  /** What the body says of itself, for requests without a `content-type`. */
  readonly contentType: string | undefined
}

const NO_BODY: EncodedBody = { body: { kind: 'none' }, contentType: undefined }

/** Forms up to this size are serialised once and can be sent again; larger ones are streamed, and sent once. */
const MAX_BUFFERED_FORM_BYTES = 64 * 1024 * 1024

/** Every kind of body that the built-in `fetch` takes, as what a transport sends. Bytes are copied, as `fetch` does. */
export async function encodeBody(source: unknown, duplex: string | undefined): Promise<EncodedBody> {
  if (source === undefined || source === null) return NO_BODY
  if (typeof source === 'string') return { body: bytes(utf8(source)), contentType: 'text/plain;charset=UTF-8' }
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer) {
    return { body: bytes(new Uint8Array(source).slice()), contentType: undefined }
  }
  if (ArrayBuffer.isView(source)) {
    return {
      body: bytes(new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice()),
      contentType: undefined,
    }
  }
  if (source instanceof URLSearchParams) {
    return {
      body: bytes(utf8(String(source))),
      contentType: 'application/x-www-form-urlencoded;charset=UTF-8',
    }
  }
  if (source instanceof Blob) {
    return {
      body: { kind: 'stream', replayable: true, length: source.size, open: () => source.stream() },
      contentType: source.type || undefined,
    }
  }
  if (source instanceof FormData) return encodeForm(source)
  if (source instanceof ReadableStream || isAsyncIterable(source)) {
    if (duplex !== 'half')
      throw new TypeError("RequestInit: duplex option is required when sending a body: set duplex: 'half'.")
    if (source instanceof ReadableStream && (source.locked || Readable.isDisturbed(source as never)))
      throw new TypeError('The request body is locked or was read already.')
    return {
      body: {
        kind: 'stream',
        replayable: false,
        length: undefined,
        open: () => asBytes(source as AsyncIterable<unknown>),
      },
      contentType: undefined,
    }
  }
  return { body: bytes(utf8(String(source))), contentType: 'text/plain;charset=UTF-8' }
}

async function encodeForm(form: FormData): Promise<EncodedBody> {
  let size = 0
  for (const value of form.values()) size += typeof value === 'string' ? Buffer.byteLength(value) : value.size
  const encoded = new Response(form)
  const contentType = encoded.headers.get('content-type') ?? undefined
  if (size <= MAX_BUFFERED_FORM_BYTES) return { body: bytes(new Uint8Array(await encoded.arrayBuffer())), contentType }
  const length = await formLength(form)
  return {
    body: { kind: 'stream', replayable: false, length, open: () => encoded.body as ReadableStream<Uint8Array> },
    contentType,
  }
}

/** The length of a form without reading its files: that of the same form with empty ones, and their sizes. */
async function formLength(form: FormData): Promise<number> {
  const hollow = new FormData()
  let files = 0
  for (const [name, value] of form) {
    if (typeof value === 'string') hollow.append(name, value)
    else {
      hollow.append(name, new File([], value.name, { type: value.type }))
      files += value.size
    }
  }
  return (await new Response(hollow).arrayBuffer()).byteLength + files
}

function bytes(content: Uint8Array): RequestBody {
  return { kind: 'bytes', bytes: content }
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

async function* asBytes(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (typeof chunk === 'string') yield Buffer.from(chunk)
    else if (ArrayBuffer.isView(chunk)) yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    else throw new TypeError('The request body yielded a chunk that is neither bytes nor a string.')
  }
}
