import { AnswerReader } from './answer-reader.ts'
import { EventStreamReader } from './event-stream-reader.ts'
import { openingOf } from './opening.ts'
import { headerOf, NOTHING_READ, type ReaderContext, type ReadResult, type ResponseReader } from './response-reader.ts'

/** After this much white space the `content-type` decides. Bytes. */
const MAX_UNDECIDED = 4096

/**
 * Reads the first bytes of a successful answer to decide whether it is an event stream or an answer that is judged as a
 * whole. The `content-type` decides only if the bytes do not: gateways label streams as JSON, and errors as plain text.
 */
export class OpeningReader implements ResponseReader {
  readonly #context: ReaderContext
  #held: Uint8Array | undefined
  #committed = false

  constructor(context: ReaderContext) {
    this.#context = context
  }

  push(bytes: Uint8Array): ReadResult {
    const all = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes])
    const opening = openingOf(all)
    if (opening === undefined && all.length <= MAX_UNDECIDED) {
      this.#held = all
      return NOTHING_READ
    }
    const next = this.#choose(opening === 'stream' || (opening !== 'json' && opening !== 'page' && this.#saysStream))
    return { ...next.push(all), next }
  }

  end(): ReadResult {
    // An empty answer in place of a stream means a bad connection: a stream that ends like this poisons it.
    const next = this.#choose(this.#saysStream || (this.#held === undefined && this.#context.kind === 'stream'))
    if (this.#held === undefined) return { ...next.end(), next }
    const held = next.push(this.#held)
    const ended = next.end()
    return {
      ...ended,
      bytes: Buffer.concat([held.bytes, ended.bytes]),
      events: [...held.events, ...ended.events],
      next,
    }
  }

  committed(): void {
    this.#committed = true
  }

  get #saysStream(): boolean {
    const type = headerOf(this.#context.head, 'content-type')
    return type?.toLowerCase().includes('text/event-stream') ?? false
  }

  #choose(isStream: boolean): ResponseReader {
    const reading = isStream ? new EventStreamReader(this.#context) : new AnswerReader(this.#context)
    if (this.#committed) reading.committed()
    return reading
  }
}
