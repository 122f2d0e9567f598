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
 * Writes large messages of `ws` to the socket piece by piece, and reports each piece that the operating system has accepted.
 * Without it a message of megabytes is one write, and an endpoint that reads slowly looks like one that does not read.
 */
export class PacedWrites {
  readonly #socket: Socket
  readonly #write: Write
  readonly #onAccepted: () => void
  readonly #waiting: Waiting[] = []
  #pending = 0
  #isPacing = false

  /** @param onAccepted called each time the operating system has accepted a piece. */
  constructor(socket: Socket, onAccepted: () => void) {
    this.#socket = socket
    this.#write = socket.write as Write
    this.#onAccepted = onAccepted
    socket.write = ((chunk: unknown, encoding?: unknown, callback?: unknown) =>
      this.#take(chunk, encoding, callback)) as Socket['write']
  }

  /** The operating system has accepted everything that was written. */
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

  /** Writes one piece, and the next one when the operating system has accepted it. */
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
      // After a failed write the count stays above 0, so `flushed` stays `false`.
      if (!error) this.#pending--
      callback?.(error)
      if (!error) this.#onAccepted()
    })
  }
}
