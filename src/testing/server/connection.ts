import type { Socket } from 'node:net'
import { Listeners } from './listeners.ts'
import type { MockConnection } from './records.ts'

/** One accepted socket, and how to end it. */
export class Connection implements MockConnection {
  readonly number: number
  readonly remotePort: number
  readonly localPort: number
  readonly openedAt: number
  closedAt: number | undefined
  closedBy: 'client' | 'server' | undefined
  requests = 0
  /** The server closed this connection by a method call or by its end. */
  dropped = false
  /** FIN was sent. Nothing more may be written. */
  halfClosed = false
  readonly #raw: Socket
  /** The stream that HTTP uses: the raw socket, or the TLS layer over it. */
  #wire: Socket
  readonly #closed = new Listeners()

  constructor(number: number, raw: Socket, now: () => number) {
    this.number = number
    this.remotePort = raw.remotePort ?? 0
    this.localPort = raw.localPort ?? 0
    this.openedAt = now()
    this.#raw = raw
    this.#wire = raw
    raw.on('error', () => {})
    raw.on('close', () => {
      this.closedAt = now()
      this.closedBy ??= 'client'
      this.#closed.notify()
    })
  }

  get open(): boolean {
    return this.closedAt === undefined
  }

  /** Calls `listener` once the socket is closed. Returns the function that stops listening. */
  onClosed(listener: () => void): () => void {
    return this.#closed.add(listener)
  }

  useTls(wire: Socket): void {
    this.#wire = wire
  }

  /** Sends RST at once. */
  reset(): void {
    this.closedBy ??= 'server'
    if (!this.#raw.destroyed) this.#raw.resetAndDestroy()
  }

  /** Sends FIN after the written bytes. Further bytes of the client are read and dropped. */
  halfClose(): void {
    this.halfClosed = true
    this.#wire.end()
    this.#wire.resume()
  }

  /** Sends FIN after the written bytes and closes. Later bytes of the client get an RST. */
  close(): void {
    this.closedBy ??= 'server'
    this.#wire.destroySoon()
  }

  /** Called by a method, not by a fault. `destroy`: closes now, and unsent bytes are lost. */
  drop(how: 'reset' | 'close' | 'destroy'): void {
    this.dropped = true
    if (how === 'reset') this.reset()
    if (how === 'close') this.close()
    if (how !== 'destroy') return
    this.closedBy ??= 'server'
    this.#wire.destroy()
    this.#raw.destroy()
  }

  /**
   * Writes raw bytes, outside of HTTP. Resolves when the operating system has them or the socket is closed. The value
   * says whether it accepted them.
   */
  write(bytes: string | Uint8Array): Promise<boolean> {
    if (!this.open || this.halfClosed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const unwatch = this.onClosed(() => resolve(false))
      this.#wire.write(bytes, (error) => {
        unwatch()
        resolve(!error)
      })
    })
  }

  /** Reads without a parser, so that the client's FIN is seen. Returns the function that gives the bytes back. */
  readAhead(): () => void {
    const wire = this.#wire
    const chunks: Buffer[] = []
    const collect = (chunk: Buffer) => void chunks.push(chunk)
    const leave = () => {
      this.closedBy ??= 'client'
      wire.destroy()
      this.#raw.destroy()
    }
    wire.on('data', collect).on('end', leave).resume()
    return () => {
      wire.pause().off('data', collect).off('end', leave)
      if (chunks.length > 0) wire.unshift(Buffer.concat(chunks))
    }
  }
}
