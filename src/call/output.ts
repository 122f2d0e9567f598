import type { Chunk } from './chunk.ts'

/** What `take` finds. `failed` comes only after every chunk has been taken: nothing received is lost to a failure. */
export type Taken =
  | { readonly kind: 'chunk'; readonly chunk: Chunk }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * The output of one attempt on its way to the consumer: chunks in order, then one ending. While it is held, everything
 * waits inside; released, it passes one socket read at a time.
 */
export class Output {
  #chunks: Chunk[] = []
  #bytes = 0
  #ending: { readonly kind: 'end' } | { readonly kind: 'failed'; readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** Bytes not yet taken. */
  get bytes(): number {
    return this.#bytes
  }

  get ended(): boolean {
    return this.#ending !== undefined
  }

  /** Everything was taken, and it ended well: nothing more will come. */
  get over(): boolean {
    return this.#ending?.kind === 'end' && this.#chunks.length === 0
  }

  /** A consumer waits for the next chunk. */
  get wanted(): boolean {
    return this.#wake !== undefined
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks
  }

  put(chunk: Chunk): void {
    if (this.#ending !== undefined) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.bytes.length
    this.#notify()
  }

  end(): void {
    this.#ending ??= { kind: 'end' }
    this.#notify()
  }

  fail(error: unknown): void {
    this.#ending ??= { kind: 'failed', error }
    this.#notify()
  }

  /** Throws away what nobody has taken, and ends: the consumer has left, or the caller has aborted. */
  discard(error: unknown): void {
    this.#chunks = []
    this.#bytes = 0
    this.#ending = { kind: 'failed', error }
    this.#notify()
  }

  take(): Taken {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#bytes -= chunk.bytes.length
      return { kind: 'chunk', chunk }
    }
    return this.#ending ?? { kind: 'nothing' }
  }

  /** Calls `wake` once, as soon as `take` finds something. One consumer at a time. */
  whenReady(wake: () => void): void {
    this.#wake = wake
    if (this.#chunks.length > 0 || this.#ending !== undefined) this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
