import type { ExchangeObserver, SocketLease as PortLease } from '../transport.ts'
import { SocketExchange } from './exchange.ts'
import type { ResponsesSocket } from './socket.ts'
import type { SocketMessage } from './socket-message.ts'

/** The pool that made a lease. */
export interface LeasePool {
  remember(responseId: string, socket: ResponsesSocket): void
  poison(socket: ResponsesSocket, reason: string): void
  ended(lease: SocketLease): void
}

/** The right to use a socket for one response. Ends exactly once: when its exchange ends, or by `release()` if it has no exchange. */
export class SocketLease implements PortLease {
  readonly socket: ResponsesSocket
  readonly #pool: LeasePool
  #message: SocketMessage | undefined
  #isUsed = false

  constructor(socket: ResponsesSocket, pool: LeasePool) {
    this.socket = socket
    this.#pool = pool
  }

  get isNew(): boolean {
    return this.socket.served === 0
  }

  /** Sets the message to send. */
  carry(message: SocketMessage): void {
    this.#message = message
  }

  start(observer: ExchangeObserver, onEnded: (exchange: SocketExchange) => void): SocketExchange {
    const message = this.#message
    if (message === undefined || this.#isUsed) throw new TypeError('A lease carries one message, once.')
    this.#isUsed = true
    // Frees the body as soon as it is sent.
    this.#message = undefined
    return new SocketExchange({
      socket: this.socket,
      message,
      observer,
      lease: this,
      onEnded,
    })
  }

  /** Ends the lease without an exchange. */
  release(): void {
    if (this.#isUsed) return
    this.#isUsed = true
    if (!this.socket.isFree) this.socket.destroy()
    this.#pool.ended(this)
  }

  // Called by the exchange.

  brought(responseId: string): void {
    this.#pool.remember(responseId, this.socket)
  }

  poisoned(reason: string): void {
    this.#pool.poison(this.socket, reason)
  }

  ended(): void {
    this.#pool.ended(this)
  }
}
