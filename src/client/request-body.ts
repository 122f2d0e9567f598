import { Readable } from 'node:stream'
import type { AbortScope } from '../core/abort.ts'
import { utf8 } from '../core/utf8.ts'
import type { GivenBody, RequestBody } from '../transport/transport.ts'
import { readBytes } from './read-bytes.ts'

export interface EncodedBody {
  readonly body: RequestBody
  /** The `content-type` of the body, for requests without one. */
  readonly contentType: string | undefined
  /** Tells the source of a stream that it will not be read. Does nothing once reading has begun. */
  readonly release?: (reason: unknown) => void
}

export interface EncodeOptions {
  readonly duplex: string | undefined
  /** Ends the reading of a form. */
  readonly scope: AbortScope
  /** The transport passes the caller's body to a `fetch`, which makes the bytes and the `content-type`. */
  readonly handedOn: boolean
  /** The caller's own dispatcher may need the original body. */
  readonly keepGiven: boolean
}

const NO_BODY: EncodedBody = { body: { kind: 'none' }, contentType: undefined }

/** Forms up to this size are serialised once and can be sent again. Larger ones are streamed and sent once. */
const MAX_BUFFERED_FORM_BYTES = 64 * 1024 * 1024

/** Converts every kind of body that the built-in `fetch` takes. Bytes are copied, as `fetch` does. */
export function encodeBody(source: unknown, options: EncodeOptions): EncodedBody | Promise<EncodedBody> {
  if (source === undefined || source === null) return NO_BODY
  if (typeof source === 'string') return text(source, 'text/plain;charset=UTF-8')
  const keep = options.handedOn || options.keepGiven
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer) {
    const copy = copied(source, 0, source.byteLength)
    return { body: bytes(copy, keep ? copy.buffer : undefined), contentType: undefined }
  }
  if (ArrayBuffer.isView(source)) {
    return { body: bytes(copied(source.buffer, source.byteOffset, source.byteLength)), contentType: undefined }
  }
  if (source instanceof URLSearchParams) {
    const encoded = text(String(source), 'application/x-www-form-urlencoded;charset=UTF-8')
    // A dispatcher gets text as a string, as from the built-in fetch.
    if (!options.handedOn || encoded.body.kind !== 'bytes') return encoded
    return { ...encoded, body: { ...encoded.body, given: new URLSearchParams(source) } }
  }
  if (source instanceof Blob) {
    const body: RequestBody = {
      kind: 'stream',
      replayable: true,
      length: source.size,
      ...(keep ? { given: source } : {}),
      open: () => source.stream(),
    }
    return { body, contentType: source.type || undefined }
  }
  if (source instanceof FormData) return options.handedOn ? formAsGiven(source) : encodeForm(source, options)
  if (source instanceof ReadableStream || isAsyncIterable(source)) {
    if (options.duplex !== 'half')
      throw new TypeError("RequestInit: duplex option is required when sending a body: set duplex: 'half'.")
    return streamed(source as ReadableStream<unknown> | AsyncIterable<unknown>)
  }
  // Unlike `String()`, this refuses a symbol.
  return text(`${source}`, 'text/plain;charset=UTF-8')
}

function text(source: string, contentType: string): EncodedBody {
  return { body: { kind: 'bytes', isText: true, bytes: utf8(source) }, contentType }
}

/** A detached buffer has no bytes left. The standard then sends none. */
function copied(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const isDetached = (buffer as { detached?: boolean }).detached === true
  return isDetached ? new Uint8Array() : new Uint8Array(buffer, offset, length).slice()
}

function streamed(source: ReadableStream<unknown> | AsyncIterable<unknown>): EncodedBody {
  if (source instanceof ReadableStream && (source.locked || Readable.isDisturbed(source as never)))
    throw new TypeError('The request body is locked or was read already.')
  let opened = false
  const body: RequestBody = {
    kind: 'stream',
    replayable: false,
    length: undefined,
    open() {
      opened = true
      return asBytes(source as AsyncIterable<unknown>)
    },
  }
  const release = (reason: unknown): void => {
    if (!opened) releaseBody(source, reason)
    opened = true
  }
  return { body, contentType: undefined, release }
}

/** Tells the source of a stream that it will not be read. Other bodies have no source. */
export function releaseBody(body: unknown, reason: unknown): void {
  if (body instanceof ReadableStream) {
    if (!body.locked) body.cancel(reason).catch(() => {})
  } else if (isAsyncIterable(body)) {
    // A failure of the source at this point is ignored.
    void (async () => (body as AsyncIterable<unknown>)[Symbol.asyncIterator]().return?.(reason))().catch(() => {})
  }
}

/** A copy, because the caller can change a form while an attempt waits. The receiving fetch chooses the boundary. */
function formAsGiven(form: FormData): EncodedBody {
  const given = new FormData()
  for (const [name, value] of form) {
    if (typeof value === 'string') given.append(name, value)
    else given.append(name, value, value.name)
  }
  const open = (): AsyncIterable<Uint8Array> => new Response(given).body as ReadableStream<Uint8Array>
  return { body: { kind: 'stream', replayable: true, length: undefined, given, open }, contentType: undefined }
}

async function encodeForm(form: FormData, { scope, keepGiven }: EncodeOptions): Promise<EncodedBody> {
  let size = 0
  for (const value of form.values()) size += typeof value === 'string' ? Buffer.byteLength(value) : value.size
  const encoded = new Response(form)
  const stream = encoded.body as ReadableStream<Uint8Array>
  const contentType = encoded.headers.get('content-type') ?? undefined
  if (size <= MAX_BUFFERED_FORM_BYTES) {
    const whole = await readBytes(stream, scope)
    return { body: bytes(whole, keepGiven ? form : undefined), contentType }
  }
  const length = await formLength(form)
  return { body: { kind: 'stream', replayable: false, length, open: () => stream }, contentType }
}

/** The length of a form without reading its files: the length with empty files, plus the sizes of the files. */
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

function bytes(content: Uint8Array, given?: GivenBody): RequestBody {
  return given === undefined ? { kind: 'bytes', bytes: content } : { kind: 'bytes', bytes: content, given }
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
