import { type BodyDecoder, createDecoder } from '../decode.ts'

export interface ResponseBodyOptions {
  /** In the order in which they were applied; none: the bytes are passed on as they are. */
  readonly codings: readonly string[]
  data(chunk: Uint8Array): void
  end(): void
  error(error: unknown): void
  /** The connection is to be read on, or not for the time being. */
  flow(on: boolean): void
}

/**
 * The body of a response on its way from undici to the observer: the chunks of one socket read become one (undici calls
 * back per HTTP chunk, and everything above would pay per chunk what it can pay per read), and codings are undone.
 */
export class ResponseBody {
  readonly #options: ResponseBodyOptions
  readonly #decoder: BodyDecoder | undefined
  #chunks: Uint8Array[] = []
  #flushQueued = false
  #paused = false
  #decoderFull = false
  #lost: { readonly error: unknown } | undefined
  #over = false

  constructor(options: ResponseBodyOptions) {
    this.#options = options
    if (options.codings.length === 0) return
    this.#decoder = createDecoder(options.codings, {
      data: (chunk) => options.data(chunk),
      end: () => this.#finish(),
      error: (error) => options.error(this.#lost === undefined ? error : this.#lost.error),
      want: (more) => {
        this.#decoderFull = !more
        this.#flow()
      },
    })
  }

  /** @param chunk used before the next turn of the event loop, and copied. */
  write(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    if (this.#flushQueued) return
    this.#flushQueued = true
    queueMicrotask(this.#flush)
  }

  end(): void {
    this.#flush()
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  /** The connection is lost: what it has brought is handed over first. */
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
    this.#chunks = []
    this.#decoder?.destroy()
  }

  #flow(): void {
    if (!this.#over) this.#options.flow(!this.#paused && !this.#decoderFull)
  }

  #finish(): void {
    if (this.#over) return
    if (this.#lost === undefined) this.#options.end()
    else this.#options.error(this.#lost.error)
  }

  /** Copies, because undici's chunks share the buffer of the read. */
  readonly #flush = (): void => {
    this.#flushQueued = false
    if (this.#chunks.length === 0 || this.#over) return
    const chunks = this.#chunks
    this.#chunks = []
    let length = 0
    for (const chunk of chunks) length += chunk.length
    const merged = new Uint8Array(length)
    let at = 0
    for (const chunk of chunks) {
      merged.set(chunk, at)
      at += chunk.length
    }
    if (this.#decoder !== undefined) this.#decoder.write(merged)
    else this.#options.data(merged)
  }
}
