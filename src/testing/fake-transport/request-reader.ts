import type { RequestBody } from '../../transport/transport.ts'
import type { RecordedRequest } from './recorded-request.ts'

/** Reads a streamed request body as a socket would, and records it. Opens it once, when it is needed. */
export class RequestReader {
  readonly #body: RequestBody
  readonly #record: RecordedRequest
  #source: AsyncIterator<Uint8Array> | undefined
  #finished = false

  constructor(body: RequestBody, record: RecordedRequest) {
    this.#body = body
    this.#record = record
  }

  get isStreamed(): boolean {
    return this.#body.kind === 'stream'
  }

  /** Reads one chunk, or the rest. @throws what the body throws. */
  async read(much: 'part' | 'all', onPart: () => void): Promise<void> {
    if (this.#body.kind !== 'stream') return
    do {
      if (this.#finished) return
      this.#source ??= this.#body.open()[Symbol.asyncIterator]()
      const next = await this.#pull(this.#source)
      if (next === undefined) return
      this.#record.append(next)
      onPart()
    } while (much === 'all')
  }

  /** Releases a body that was not read to its end. Ignores a failure of the body meanwhile. */
  stop(): void {
    if (this.#finished) return
    this.#finished = true
    const source = this.#source
    void (async () => source?.return?.())().catch(() => {})
  }

  async #pull(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await source.next()
      if (!done) return this.#finished ? undefined : value
      this.#finished = true
      return undefined
    } catch (error) {
      this.#finished = true
      // Marked as every transport does: a failure of the caller's body, not of the connection.
      throw Object.assign(new Error('the request body failed', { cause: error }), { code: 'ERR_RESILIENT_BODY' })
    }
  }
}
