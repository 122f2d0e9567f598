import type { Socket } from 'node:net'

/** A message is handed to the operating system in pieces of this size, so that a slow upload shows its progress. */
const PIECE_BYTES = 64 * 1024

type Callback = (error?: Error | null) => void
type Write = (this: Socket, chunk: unknown, encoding: unknown, callback: Callback) => boolean

interface Waiting {
  readonly chunk: Uint8Array
  readonly callback: Callback | undefined
}

/**
 * Stands between `ws` and its socket: hands large messages over piece by piece, and tells when the operating system has
 * accepted a piece. Without it a message of megabytes is one write, and a peer that reads slowly looks like one that does
 * not read at all.
 */
export class PacedWrites {
  readonly #socket: Socket
  readonly #write: Write
  readonly #onAccepted: () => void
  readonly #waiting: Waiting[] = []
  #pending = 0
  #isPacing = false

  /** @param onAccepted told each time the operating system has accepted some of what was written. */
  constructor(socket: Socket, onAccepted: () => void) {
    this.#socket = socket
    this.#write = socket.write as Write
    this.#onAccepted = onAccepted
    socket.write = ((chunk: unknown, encoding?: unknown, callback?: unknown) =>
      this.#take(chunk, encoding, callback)) as Socket['write']
  }

  /** Everything that was written has been accepted. */
  get flushed(): boolean {
    return this.#pending === 0 && this.#waiting.length === 0
  }

  #take(chunk: unknown, encoding: unknown, callback: unknown): boolean {
    const done = (typeof encoding === 'function' ? encoding : callback) as Callback | undefined
    const isBytes = chunk instanceof Uint8Array
    if (!this.#isPacing && (!isBytes || chunk.length <= PIECE_BYTES)) {
      return this.#hand(chunk, typeof encoding === 'string' ? encoding : undefined, done)
    }
    const bytes = isBytes
      ? chunk
      : Buffer.from(String(chunk), typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    this.#waiting.push({ chunk: bytes, callback: done })
    if (!this.#isPacing) this.#next()
    return false
  }

  /** One piece, and the next one when it was accepted. */
  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#isPacing = false
      return
    }
    this.#isPacing = true
    const { chunk, callback } = next
    const piece = chunk.subarray(0, PIECE_BYTES)
    const rest = chunk.subarray(PIECE_BYTES)
    if (rest.length > 0) this.#waiting.unshift({ chunk: rest, callback })
    this.#hand(piece, undefined, (error) => {
      if (rest.length === 0 || error) callback?.(error)
      if (error) this.#waiting.length = 0
      else this.#next()
    })
  }

  #hand(chunk: unknown, encoding: unknown, callback: Callback | undefined): boolean {
    this.#pending++
    return this.#write.call(this.#socket, chunk, encoding, (error) => {
      // What could not be written stays pending.
      if (!error) this.#pending--
      callback?.(error)
      if (!error) this.#onAccepted()
    })
  }
}
