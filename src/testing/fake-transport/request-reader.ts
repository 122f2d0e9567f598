import type { RequestBody } from '../../transport/transport.ts'
import type { RecordedRequest } from './recorded-request.ts'

/** Reads a streamed request body as a socket would, and records it. Opens it once, and not before it is needed. */
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

  /** Reads one chunk, or all that is left. @throws what the body throws. */
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

  /** Lets go of a body that was opened and not read to its end. A body that fails meanwhile fails nobody. */
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
      // As every transport marks it: the caller's failure, not the connection's.
      throw Object.assign(new Error('the request body failed', { cause: error }), { code: 'ERR_RESILIENT_BODY' })
    }
  }
}
