import type { Socket } from './connector.ts'
import { RECEIVER, type Receiver } from './direct-read.ts'
import { InterimFilter } from './interim.ts'

/** The connection that the socket is of, as far as its exchange is told of what passes. */
export interface WireOwner {
  /** Told when everything written so far was accepted by the operating system. */
  readonly user: { onFlushed(): void } | undefined
  /** What gathers the chunks of an answer: told when everything that one read has brought was parsed. */
  readonly body: { flush(): void } | undefined
}

type Read = (this: Socket, size?: number) => Buffer | null
type Write = (this: Socket, chunk: unknown, encoding: unknown, callback: (error?: Error | null) => void) => boolean

type Wired = Socket & { readonly [RECEIVER]: Wire }

/**
 * Sits between undici and its socket. Counts bytes that were written but not yet accepted by the operating system:
 * undici reports when it has handed a request to the socket, but only this shows a peer that does not read. Removes
 * interim answers. Knows where a read ends, which undici's callbacks do not tell.
 */
export class Wire implements Receiver {
  readonly #socket: Socket
  readonly #owner: WireOwner
  readonly #read: Read
  readonly #write: Write
  readonly #maxHeaderBytes: number
  /** Set while the head of an answer is awaited. */
  #interim: InterimFilter | undefined
  /** Set while something is being written. */
  #onWritten: ((error?: Error | null) => void) | undefined
  #unflushed = 0
  #parsing = false
  /** The bytes that the socket has just read, until undici takes them. `'taken'` until undici is done with them. */
  #offered: Buffer | 'taken' | undefined

  constructor(socket: Socket, maxHeaderBytes: number, owner: WireOwner) {
    this.#socket = socket
    this.#owner = owner
    this.#read = socket.read as Read
    this.#write = socket.write as Write
    this.#maxHeaderBytes = maxHeaderBytes
    // The same functions for all sockets, to save memory for each waiting stream.
    Object.assign(socket, { [RECEIVER]: this, read, write })
  }

  get flushed(): boolean {
    return this.#unflushed === 0
  }

  /** Something was read, and the parser will ask for more: a `flush` follows, unless reading is paused. */
  get parsing(): boolean {
    return this.#parsing
  }

  /** A request is being written. The next bytes are the head of its answer, or of interim answers before it. */
  expectHead(): void {
    this.#interim = new InterimFilter(this.#maxHeaderBytes)
  }

  /** Offers the bytes to undici. Bytes that undici does not take now wait in the stream of the socket. */
  receive(bytes: Buffer): boolean {
    const socket = this.#socket
    // Bytes that came before are still waiting or being parsed.
    if (this.#offered !== undefined || socket.readableLength > 0) return socket.push(bytes)
    this.#offered = bytes
    try {
      socket.emit('readable')
    } catch (error) {
      this.#offered = undefined
      throw error
    }
    const left = this.#takeOffered()
    return left === undefined || socket.destroyed || socket.push(left)
  }

  #takeOffered(): Buffer | undefined {
    const offered = this.#offered
    this.#offered = undefined
    return offered === 'taken' ? undefined : offered
  }

  read(size: number | undefined): Buffer | null {
    if (this.#parsing) {
      this.#parsing = false
      this.#owner.body?.flush()
      // The bytes may have ended the exchange.
      if (this.#socket.destroyed) return null
    }
    for (;;) {
      const chunk = this.#next(size)
      if (chunk === null) return null
      const passed = this.#interim === undefined ? chunk : this.#interim.pass(chunk)
      if (passed === undefined) continue
      this.#interim = undefined
      this.#parsing = true
      return passed
    }
  }

  #next(size: number | undefined): Buffer | null {
    const offered = this.#offered
    // Node reads 0 bytes to look for the end.
    if (offered === undefined || size === 0) return this.#read.call(this.#socket, size)
    if (offered !== 'taken') {
      this.#offered = 'taken'
      return offered
    }
    // The rest of bytes at which undici has paused waits in the stream.
    return this.#socket.readableLength === 0 ? null : this.#read.call(this.#socket, size)
  }

  write(chunk: unknown, encoding: unknown): boolean {
    this.#unflushed++
    this.#onWritten ??= (error) => this.#written(error)
    return this.#write.call(this.#socket, chunk, typeof encoding === 'string' ? encoding : undefined, this.#onWritten)
  }

  #written(error: Error | null | undefined): void {
    // Bytes that could not be written stay unflushed.
    if (error) return
    this.#unflushed--
    if (this.#unflushed > 0) return
    this.#onWritten = undefined
    this.#owner.user?.onFlushed()
  }
}

function read(this: Wired, size?: number): Buffer | null {
  return this[RECEIVER].read(size)
}

function write(this: Wired, chunk: unknown, encoding?: unknown): boolean {
  return this[RECEIVER].write(chunk, encoding)
}
