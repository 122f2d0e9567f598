import type { Connector, Dial, Socket } from './connector.ts'
import { type Client, loadedClient } from './undici-parts.ts'
import { Wire, type WireOwner } from './wire.ts'

/** The user of a connection, which is told about its state. */
export interface ConnectionUser {
  /** Everything written so far was accepted by the operating system. */
  onFlushed(): void
  onConnecting(): void
  onConnected(): void
}

export interface ConnectionOptions {
  readonly connector: Connector
  readonly origin: URL
  readonly keepAliveMs: number
  readonly maxHeaderBytes: number
  /** Called once, as soon as the connection cannot be used any more. */
  onEnded(connection: Connection): void
  /** Called once, when nothing of the connection is left. */
  onClosed(connection: Connection): void
}

type Connected = (error: Error | null, socket: Socket | null) => void

/** undici requires a limit. This one is never reached. */
const UNBOUNDED_HEADER_BYTES = 2 ** 31 - 1

let nextId = 1

/**
 * One socket for its whole life, with the undici `Client` that uses it for HTTP. Never reconnected: after a failure
 * another connection is made.
 */
export class Connection implements WireOwner {
  readonly id = nextId++
  readonly client: Client
  /** Number of requests that were sent over it. */
  served = 0
  user: ConnectionUser | undefined
  /** The body of the answer that is being read. */
  body: WireOwner['body']
  readonly #options: ConnectionOptions
  readonly #maxHeaderBytes: number
  #dial: Dial | undefined
  #socket: Socket | undefined
  #wire: Wire | undefined
  /** undici has the socket, or waits for it. */
  #claimed: Connected | 'taken' | undefined
  #failure: Error | undefined
  #ended = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#maxHeaderBytes = options.maxHeaderBytes > 0 ? options.maxHeaderBytes : UNBOUNDED_HEADER_BYTES
    const ClientClass = loadedClient()
    if (ClientClass === undefined) throw new Error('A connection was made before undici was loaded.')
    this.client = new ClientClass(options.origin, {
      connect: ((_target: unknown, callback: Connected) => this.#claim(callback)) as never,
      allowH2: false,
      pipelining: 1,
      // Our own deadlines apply. Those of undici are only checked every half second.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: Math.max(1, options.keepAliveMs),
      keepAliveMaxTimeout: Math.max(1, options.keepAliveMs),
      keepAliveTimeoutThreshold: 1000,
      maxHeaderSize: this.#maxHeaderBytes,
    })
    this.client.on('disconnect', (_origin, _targets, error) => this.destroy(error))
  }

  /** Not ended. A FIN that has arrived counts as an end, even if it was not read yet. */
  get usable(): boolean {
    if (this.#ended || this.client.destroyed || this.client.closed) return false
    const socket = this.#socket
    return socket === undefined || (!socket.destroyed && !socket.readableEnded && socket.writable)
  }

  /** All written bytes were accepted by the operating system. */
  get flushed(): boolean {
    return this.#wire?.flushed ?? true
  }

  /** The body is told when what was read is parsed. */
  get parsing(): boolean {
    return this.#wire?.parsing ?? false
  }

  /** The error of the socket, if it failed. undici hides it if a body ends with its connection. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * The actual cause when undici reports a closed connection. An endpoint that refuses a client certificate sends a TLS
   * alert and closes: the socket fails with the alert, and undici reports the close.
   */
  whyEnded(reported: Error): Error {
    const isClose = (reported as { readonly code?: unknown } | undefined)?.code === 'UND_ERR_SOCKET'
    return isClose ? (this.#failure ?? reported) : reported
  }

  /** Opens the socket before there is a request. Once connected it does not keep the process alive. */
  openAhead(): void {
    this.#open()
  }

  /** A request is being written. */
  expectHead(): void {
    this.#wire?.expectHead()
  }

  /**
   * Ends it now, client and socket, connected or not. Idempotent.
   *
   * @param cause what ended it: told to a request that was handed over but not written yet. `'by_client'`: its user ended the
   * request, written or not. undici tells its diagnostics channel so (`undici:request:error`), where tracing listens.
   */
  destroy(cause?: Error | 'by_client'): void {
    if (this.#ended) return
    this.#ended = true
    this.user = undefined
    this.body = undefined
    this.#options.onEnded(this)
    this.#dial?.destroy()
    this.client.destroy(cause === 'by_client' ? aborted() : endedEarly(cause)).catch(() => {})
    const socket = this.#socket
    if (socket === undefined || socket.closed) {
      this.#options.onClosed(this)
      return
    }
    socket.once('close', () => this.#options.onClosed(this))
    socket.destroy()
  }

  /** undici requests its socket: it gets the one opened ahead, or a new one. A second socket is refused. */
  #claim(callback: Connected): void {
    if (this.#claimed !== undefined || this.#ended) {
      callback(refusal(), null)
      return
    }
    this.#claimed = callback
    if (this.#socket !== undefined) {
      // Asynchronously: undici would not notice during the claim that it can write.
      queueMicrotask(() => this.#handOver(null))
      return
    }
    this.user?.onConnecting()
    if (this.#dial === undefined) this.#open()
  }

  /** Gives undici the socket, if it waits for it. */
  #handOver(error: Error | null): void {
    const claimed = this.#claimed
    if (typeof claimed !== 'function') return
    this.#claimed = 'taken'
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) {
      claimed(error ?? refusal(), null)
      return
    }
    socket.ref()
    this.user?.onConnected()
    claimed(null, socket)
  }

  #open(): void {
    const { connector, origin } = this.#options
    this.#dial = connector.open(origin, (error, socket) => {
      this.#dial = undefined
      if (socket !== null) this.#adopt(socket)
      if (this.#claimed !== undefined) this.#handOver(error)
      else if (socket === null) this.destroy()
      else this.#await(socket)
    })
  }

  /** Open but not read yet: without a listener for its end it would stay in CLOSE_WAIT for ever. */
  #await(socket: Socket): void {
    socket.unref()
    socket.once('readable', () => this.#claimed === undefined && this.destroy())
    socket.once('close', () => this.destroy())
  }

  #adopt(socket: Socket): void {
    this.#socket = socket
    this.#wire = new Wire(socket, this.#maxHeaderBytes, this)
    // Before undici's own listener, which may treat the failure as the end of a body.
    socket.on('error', (error) => {
      this.#failure ??= error
    })
  }
}

/** With a code for which undici does not retry. */
function refusal(): Error {
  return Object.assign(new Error('the connection has ended'), { code: 'ECONNRESET' })
}

/** Looks like what undici reports for a request whose signal was aborted: tracing takes an `AbortError` for no failure. */
function aborted(): Error {
  const error = new Error('the request was ended by its client')
  return Object.assign(error, { name: 'AbortError', code: 'UND_ERR_ABORTED' })
}

/** The error of a request that was not sent, because its idle connection had ended, most likely closed by the peer. */
function endedEarly(cause: Error | undefined): Error {
  const message = 'the connection ended before the request was written'
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(error, { code: 'UND_ERR_SOCKET' })
}
