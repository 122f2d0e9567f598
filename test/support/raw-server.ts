import net from 'node:net'
import tls from 'node:tls'
import { type RawRequest, takeRequest } from './http-request.ts'
import { within } from './until.ts'

/** One accepted connection, driven by hand. */
export class RawConnection {
  readonly number: number
  readonly socket: net.Socket
  /** The other side has sent its FIN. */
  ended = false
  /** Nothing is left of it here. */
  closed = false
  error: Error | undefined
  #chunks: Buffer[] = []
  #waiters: Array<() => void> = []

  constructor(number: number, socket: net.Socket) {
    this.number = number
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#changed()
    })
    socket.on('end', () => {
      this.ended = true
      this.#changed()
    })
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => {
      this.closed = true
      this.#changed()
    })
  }

  /** Everything received that `request` has not taken. */
  get received(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] as Buffer
  }

  /** The next whole request on this connection. */
  async request(): Promise<RawRequest> {
    let taken: ReturnType<typeof takeRequest>
    await this.until(() => {
      taken = takeRequest(this.received)
      return taken !== undefined
    }, 'a whole request')
    if (taken !== undefined) this.#chunks = [taken.rest]
    return taken?.request as RawRequest
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data)
  }

  /** A whole answer with `content-length`, after which the connection stays open. */
  answer(body = 'ok', head = 'HTTP/1.1 200 OK'): void {
    this.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }

  /** FIN. */
  end(): void {
    this.socket.end()
  }

  /** RST. */
  reset(): void {
    if (this.socket instanceof tls.TLSSocket) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  /** Waits for the other side to end the connection, by FIN or RST. */
  gone(): Promise<void> {
    return this.until(() => this.ended || this.closed, 'the end of the connection')
  }

  /** Waits for what this connection brings; nothing comes once it is closed, so the wait ends there. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const seen = (async () => {
      while (!condition()) {
        if (this.closed) throw new Error(`connection ${this.number} closed before ${what}`)
        await new Promise<void>((resolve) => this.#waiters.push(resolve))
      }
    })()
    await within(seen, `${what} on connection ${this.number}`)
  }

  #changed(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

export interface RawServerOptions {
  readonly tls?: tls.TlsOptions
  /** Called for every connection. What it throws fails `close()`, unless the connection was ended by the other side. */
  readonly onConnection?: (connection: RawConnection) => void | Promise<void>
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Sockets begin paused: nothing is read until `socket.resume()`. */
  readonly paused?: boolean
}

/** A server that speaks no protocol of its own: tests write the bytes. It reads on after a FIN, and never ends by itself. */
export class RawServer implements AsyncDisposable {
  readonly connections: RawConnection[] = []
  readonly #server: net.Server
  readonly #secure: boolean
  readonly #host: string
  #port = 0
  /** Also those whose TLS handshake never came to its end. */
  readonly #sockets = new Set<net.Socket>()
  #waiters: Array<() => void> = []
  #failure: unknown

  private constructor(options: RawServerOptions) {
    this.#secure = options.tls !== undefined
    this.#host = options.host ?? '127.0.0.1'
    const accept = (socket: net.Socket): void => {
      const connection = new RawConnection(this.connections.length + 1, socket)
      if (options.paused) socket.pause()
      this.connections.push(connection)
      for (const wake of this.#waiters.splice(0)) wake()
      void Promise.resolve(options.onConnection?.(connection)).catch((error: unknown) => {
        if (!connection.ended && !connection.closed) this.#failure ??= error
      })
    }
    const settings = { allowHalfOpen: true, noDelay: true }
    this.#server =
      options.tls === undefined
        ? net.createServer(settings, accept)
        : tls.createServer({ ...settings, ...options.tls }, accept).on('tlsClientError', () => {})
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: RawServerOptions = {}): Promise<RawServer> {
    const server = new RawServer(options)
    await server.#listen()
    return server
  }

  /** Answers every request with `answer`, on as many connections as come. */
  static answering(
    answer: (request: RawRequest, connection: RawConnection) => void | Promise<void>,
    options: Omit<RawServerOptions, 'onConnection'> = {},
  ): Promise<RawServer> {
    return RawServer.start({
      ...options,
      async onConnection(connection) {
        for (;;) await answer(await connection.request(), connection)
      },
    })
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `${this.#secure ? 'https' : 'http'}://${this.#host}:${this.port}`
  }

  /** The n-th connection, from 1; waits for it. */
  async connection(n = 1): Promise<RawConnection> {
    const come = (async () => {
      while (this.connections.length < n) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    })()
    await within(come, `connection ${n}`)
    return this.connections[n - 1] as RawConnection
  }

  /** Connections that are neither ended nor closed. */
  get open(): RawConnection[] {
    return this.connections.filter(({ ended, closed }) => !ended && !closed)
  }

  /** The process dies: every connection is reset, and further ones are refused until `comeBack()`. */
  async goAway(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  /** Listens on the same port again. */
  comeBack(): Promise<void> {
    return this.#listen()
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, this.#host, resolve)
    })
    this.#port = (this.#server.address() as net.AddressInfo).port
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    if (this.#failure !== undefined) throw this.#failure
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
