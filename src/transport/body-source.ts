/** Larger chunks are split into slices of this size, so that progress in sending can be seen (`sendMs`). */
const SLICE_BYTES = 64 * 1024

const DONE = { done: true, value: undefined } as const

/**
 * The bytes of a request body for a transport. Opened when the first bytes are requested, so that a body that can be
 * read once stays unread if no connection could be made. A failure in here is a failure of the caller's body, not of
 * the connection: it has the code `ERR_RESILIENT_BODY`.
 */
export class BodySource implements AsyncIterableIterator<Uint8Array> {
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #length: number | undefined
  #source: AsyncIterator<Uint8Array> | undefined
  #rest: Uint8Array | undefined
  #taken = 0
  /** The consumer has reached the end, or has left. */
  #over = false
  /** The error for a consumer that reads on after `stop`. */
  #stopped: Error | undefined
  #wake: ((stopped: Error) => void) | undefined

  /** @param length the announced `content-length`. A shorter or longer body fails. */
  constructor(open: () => AsyncIterable<Uint8Array>, length: number | undefined) {
    this.#open = open
    this.#length = length
  }

  static ofBytes(bytes: Uint8Array): BodySource {
    return new BodySource(async function* () {
      yield bytes
    }, bytes.length)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const next = this.#next()
    // A consumer that has left ignores its last read, which may still fail.
    next.catch(() => {})
    return next
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#stopped !== undefined) throw this.#stopped
      if (this.#over) return DONE
      const rest = this.#rest
      if (rest !== undefined) {
        this.#rest = rest.length > SLICE_BYTES ? rest.subarray(SLICE_BYTES) : undefined
        return { done: false, value: rest.subarray(0, SLICE_BYTES) }
      }
      const next = await this.#read()
      if (this.#stopped !== undefined) throw this.#stopped
      if (this.#over) return DONE
      if (next === undefined) {
        this.#over = true
        if (this.#length !== undefined && this.#taken < this.#length) this.#fail(this.#mismatch())
        return DONE
      }
      this.#taken += next.length
      if (this.#length !== undefined && this.#taken > this.#length) this.#fail(this.#mismatch())
      if (next.length > 0) this.#rest = next
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#leave()
    return DONE
  }

  /**
   * The exchange is over: ends the caller's stream, even during a pending read. A later read fails, because an end
   * would look like the end of the whole body. Idempotent.
   */
  stop(): void {
    if (this.#over) return
    this.#stopped = bodyError('the exchange ended before the request body was read')
    this.#wake?.(this.#stopped)
    this.#leave()
  }

  #leave(): void {
    if (this.#over) return
    this.#over = true
    this.#rest = undefined
    const source = this.#source
    // A failure of the source at this point is ignored.
    void (async () => source?.return?.())().catch(() => {})
  }

  async #read(): Promise<Uint8Array | undefined> {
    let result: IteratorResult<Uint8Array>
    try {
      this.#source ??= this.#open()[Symbol.asyncIterator]()
      const source = this.#source
      // A pending read of a source may never settle.
      result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        this.#wake = reject
        source.next().then(resolve, reject)
      })
    } catch (cause) {
      if (this.#stopped !== undefined) throw this.#stopped
      this.#over = true
      throw bodyError('the request body failed', cause)
    }
    if (result.done) return undefined
    if (!(result.value instanceof Uint8Array)) this.#fail('the request body yielded a chunk that is not a Uint8Array')
    return result.value
  }

  #mismatch(): string {
    return `the request body has ${this.#taken < (this.#length ?? 0) ? 'fewer' : 'more'} bytes than the ${this.#length} it announced`
  }

  #fail(message: string): never {
    this.#leave()
    throw bodyError(message)
  }
}

function bodyError(message: string, cause?: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(error, { code: 'ERR_RESILIENT_BODY' })
}
