import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Connection } from './connection.ts'

/** A bigger header block than any client sends by accident. */
const MAX_HEADER_BYTES = 1024 * 1024

export interface FrontDoorOptions {
  readonly tls: { readonly key: string; readonly cert: string } | undefined
  /** Makes the record of a socket. */
  accept(raw: Socket): Connection
  /** What may happen before anything is read. Answers whether HTTP may have the socket. */
  admit(connection: Connection): Promise<boolean>
  readonly onRequest: RequestListener
  /** HTTP has left the socket; `head` was read behind the request. */
  onUpgrade(message: IncomingMessage, wire: Socket, head: Buffer): void
}

/**
 * The listening socket. It stands before the HTTP server, which never listens itself: so faults can strike a connection
 * before anything is read from it, and the raw socket under a TLS layer is at hand.
 */
export class FrontDoor {
  readonly #options: FrontDoorOptions
  readonly #http: Server
  /** Open connections by the client's port, which is unique among them. */
  readonly #open = new Map<number, Connection>()
  #listener: Server | undefined
  /** Listeners that accept no more, but are not gone before their last connection is. */
  readonly #closing = new Set<Promise<unknown>>()
  #port = 0

  constructor(options: FrontDoorOptions) {
    this.#options = options
    const settings = { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }
    this.#http = options.tls
      ? createHttpsServer({ ...settings, ...options.tls }, options.onRequest)
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
    // Half-open, or Node would answer every FIN by one of its own; paused, so that nobody reads before HTTP does.
    const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (raw) => {
      this.#welcome(raw).catch(() => raw.destroy())
    })
    this.#listener = listener
    listener.listen(this.#port || port, '127.0.0.1')
    await once(listener, 'listening')
    this.#port = (listener.address() as AddressInfo).port
  }

  /** New connections are refused by the operating system; open ones stay. */
  stopListening(): void {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    const closing: Promise<unknown> = once(listener, 'close').then(() => this.#closing.delete(closing))
    this.#closing.add(closing)
    listener.close()
  }

  /** Resolves when no listening socket is left: not before the last connection is gone. */
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
    // A client that leaves in the middle of the handshake would never be seen to go: its FIN ends the TLS layer alone.
    if (this.#options.tls) raw.allowHalfOpen = false
    this.#http.emit('connection', raw)
    // The TLS layer reads by itself; what was read before must not flow past it.
    if (!this.#options.tls) raw.resume()
  }
}
