import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Connection } from './connection.ts'
import type { MockServerOptions } from './options.ts'

/** Larger than the header block of any real client. */
const MAX_HEADER_BYTES = 1024 * 1024

export interface FrontDoorOptions {
  readonly tls: MockServerOptions['tls']
  /** Makes the record of a socket. */
  accept(raw: Socket): Connection
  /** Faults before anything is read. Returns whether HTTP may use the socket. */
  admit(connection: Connection): Promise<boolean>
  readonly onRequest: RequestListener
  /** HTTP no longer uses the socket. `head`: bytes that were read after the request. */
  onUpgrade(message: IncomingMessage, wire: Socket, head: Buffer): void
}

/**
 * The listening socket. The HTTP server does not listen itself and gets its connections from here. So faults can strike a connection
 * before anything is read from it, and can use the raw socket under a TLS layer.
 */
export class FrontDoor {
  readonly #options: FrontDoorOptions
  readonly #http: Server
  /** Open connections by the client's port, which is unique among them. */
  readonly #open = new Map<number, Connection>()
  #listener: Server | undefined
  /** Listeners that accept no more connections, but close only after their last connection. */
  readonly #closing = new Set<Promise<unknown>>()
  #port = 0

  constructor(options: FrontDoorOptions) {
    this.#options = options
    const settings = { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }
    const asked = options.tls?.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }
    this.#http = options.tls
      ? createHttpsServer({ ...settings, ...options.tls, ...asked }, options.onRequest)
      : createHttpServer(settings, options.onRequest)
    this.#http.on('upgrade', options.onUpgrade)
    this.#http.on('secureConnection', (wire: Socket) => {
      wire.allowHalfOpen = true
      this.connectionOf(wire)?.useTls(wire)
    })
    this.#http.on('tlsClientError', (_error: Error, wire: Socket) => wire.destroy())
    this.#http.on('clientError', (_error: Error, wire: Socket) => {
      if (wire.writable) wire.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      else wire.destroy()
    })
  }

  get port(): number {
    return this.#port
  }

  connectionOf(wire: Socket): Connection | undefined {
    return this.#open.get(wire.remotePort ?? 0)
  }

  async listen(port: number): Promise<void> {
    if (this.#listener) return
    // Half-open, because Node would answer every FIN with its own. Paused, so that nothing is read before HTTP reads.
    const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (raw) => {
      this.#welcome(raw).catch(() => raw.destroy())
    })
    this.#listener = listener
    listener.listen(this.#port || port, '127.0.0.1')
    await once(listener, 'listening')
    this.#port = (listener.address() as AddressInfo).port
  }

  /** Lets the operating system refuse new connections. Open ones stay. */
  stopListening(): void {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    const closing: Promise<unknown> = once(listener, 'close').then(() => this.#closing.delete(closing))
    this.#closing.add(closing)
    listener.close()
  }

  /** Resolves when all listening sockets are closed, which is after the last connection. */
  async close(): Promise<void> {
    this.stopListening()
    await Promise.all(this.#closing)
  }

  async #welcome(raw: Socket): Promise<void> {
    const connection = this.#options.accept(raw)
    this.#open.set(connection.remotePort, connection)
    connection.onClosed(() => {
      if (this.#open.get(connection.remotePort) === connection) this.#open.delete(connection.remotePort)
    })
    if (!(await this.#options.admit(connection)) || !connection.open) return
    // During the handshake a FIN of the client only ends the TLS layer, so the end of the client would not be seen.
    if (this.#options.tls) raw.allowHalfOpen = false
    this.#http.emit('connection', raw)
    // The TLS layer reads by itself. What was read before must not bypass it.
    if (!this.#options.tls) raw.resume()
  }
}
