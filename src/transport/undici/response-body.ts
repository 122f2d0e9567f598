import { appended, NONE } from '../../core/lists.ts'
import { type BodyDecoder, createDecoder } from '../decode.ts'
import type { ExchangeObserver } from '../transport.ts'

/** The exchange that the body is of. */
export interface BodyOwner {
  onBodyEnd(): void
  onBodyError(error: unknown): void
  /** Whether to read the connection now. */
  onBodyFlow(on: boolean): void
}

/**
 * The body of a response on its way from undici to the observer. Joins the chunks of one socket read, because undici
 * calls back for each HTTP chunk, and each call costs time above. Also decodes the body.
 */
export class ResponseBody {
  readonly #observer: Pick<ExchangeObserver, 'data'>
  readonly #owner: BodyOwner
  readonly #decoder: BodyDecoder | undefined
  #chunks: readonly Uint8Array[] = NONE
  #flushQueued = false
  #paused = false
  #decoderFull = false
  #lost: { readonly error: unknown } | undefined
  #over = false

  /** @param codings in the order in which they were applied. None: the bytes are passed on unchanged. */
  constructor(codings: readonly string[], observer: Pick<ExchangeObserver, 'data'>, owner: BodyOwner) {
    this.#observer = observer
    this.#owner = owner
    if (codings.length === 0) return
    this.#decoder = createDecoder(codings, {
      data: (chunk) => observer.data(chunk),
      end: () => this.#finish(),
      error: (error) => owner.onBodyError(this.#lost === undefined ? error : this.#lost.error),
      want: (more) => {
        this.#decoderFull = !more
        this.#flow()
      },
    })
  }

  /** @param isTold `flush` is called when the read with this chunk is parsed. Otherwise it is called in a microtask. */
  write(chunk: Uint8Array, isTold: boolean): void {
    this.#chunks = appended(this.#chunks, chunk)
    if (isTold || this.#flushQueued) return
    this.#flushQueued = true
    queueMicrotask(() => {
      this.#flushQueued = false
      this.flush()
    })
  }

  /** Hands over the content of one read. */
  flush(): void {
    if (this.#chunks.length === 0 || this.#over) return
    const chunks = this.#chunks
    this.#chunks = NONE
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : joined(chunks)
    if (this.#decoder !== undefined) this.#decoder.write(bytes)
    else this.#observer.data(bytes)
  }

  end(): void {
    this.flush()
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  /** The connection is lost. What it has brought is handed over first. */
  fail(error: unknown): void {
    this.#lost = { error }
    this.end()
  }

  pause(): void {
    this.#paused = true
    this.#decoder?.pause()
    this.#flow()
  }

  resume(): void {
    this.#paused = false
    this.#decoder?.resume()
    this.#flow()
  }

  /** Nothing is handed over any more. */
  discard(): void {
    this.#over = true
    this.#chunks = NONE
    this.#decoder?.destroy()
  }

  #flow(): void {
    if (!this.#over) this.#owner.onBodyFlow(!this.#paused && !this.#decoderFull)
  }

  #finish(): void {
    if (this.#over) return
    if (this.#lost === undefined) this.#owner.onBodyEnd()
    else this.#owner.onBodyError(this.#lost.error)
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
