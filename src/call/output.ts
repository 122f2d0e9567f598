import { Mailbox, type Taken } from '../core/mailbox.ts'
import type { Chunk } from './chunk.ts'

/**
 * The output of one attempt on its way to the consumer. Before the commit it holds everything; after it, one socket
 * read passes at a time.
 */
export class Output extends Mailbox<Chunk> {
  #bytes = 0

  /** Bytes not yet taken. */
  get bytes(): number {
    return this.#bytes
  }

  override put(chunk: Chunk): void {
    if (this.ended) return
    this.#bytes += chunk.bytes.length
    super.put(chunk)
  }

  override take(): Taken<Chunk> {
    const taken = super.take()
    if (taken.kind === 'item') this.#bytes -= taken.item.bytes.length
    return taken
  }

  /** Throws away what was not taken yet. More may come. */
  override clear(): void {
    this.#bytes = 0
    super.clear()
  }

  override discard(error: unknown): void {
    this.#bytes = 0
    super.discard(error)
  }
}
