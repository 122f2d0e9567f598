/** Chunks above this go out in slices of it, so that progress in sending can be seen (`sendMs`). */
const SLICE_BYTES = 64 * 1024

const DONE = { done: true, value: undefined } as const

/**
 * The bytes of a request body as a transport takes them. Opened when the first ones are asked for, so that a body that
 * can be read once is still unread when the connection could not be made. What goes wrong in here is the caller's
 * failure, not the connection's: it is marked with the code `ERR_RESILIENT_BODY`.
 */
export class BodySource implements AsyncIterableIterator<Uint8Array> {
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #length: number | undefined
  #source: AsyncIterator<Uint8Array> | undefined
  #rest: Uint8Array | undefined
  #taken = 0
  /** The consumer has the end, or has left. */
  #over = false
  /** What `stop` leaves for a consumer that asks for more. */
  #stopped: Error | undefined
  #wake: ((stopped: Error) => void) | undefined

  /** @param length what `content-length` will announce. A body that is shorter or longer fails. */
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
    // A consumer that has left waits for nothing, and its last question may fail after that.
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
   * The exchange is over, and nothing more is wanted: tells the caller's stream, also one that is just being waited for.
   * Whoever reads on fails: an end would pass for that of the whole body. Idempotent.
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
    // A source that fails on its way out has nobody left to tell.
    void (async () => source?.return?.())().catch(() => {})
  }

  async #read(): Promise<Uint8Array | undefined> {
    let result: IteratorResult<Uint8Array>
    try {
      this.#source ??= this.#open()[Symbol.asyncIterator]()
      const source = this.#source
      // A source that is waited for may never say anything again.
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
    if (!(result.value instanceof Uint8Array)) this.#fail('the request body yielded a chunk that is no Uint8Array')
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
