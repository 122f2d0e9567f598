import { LiveSet } from '../../core/live-set.ts'
import { transportEnded } from '../ended.ts'
import type {
  ClientLifecycleEvent,
  Exchange,
  ExchangeObserver,
  Transport,
  TransportRequest,
  TransportStats,
} from '../transport.ts'
import type { SocketExchange } from './exchange.ts'
import { SocketLease } from './socket-lease.ts'
import { SocketPool, type SocketPoolOptions } from './socket-pool.ts'

/**
 * Responses over WebSockets. The call has already chosen the socket and the message: a request comes with the lease of its
 * socket.
 */
export class WebSocketTransport implements Transport {
  readonly name = 'websocket'
  readonly abilities = { seesConnect: true, seesSent: true, choosesConnection: true } as const
  readonly pool: SocketPool
  readonly #exchanges = new LiveSet<SocketExchange>()
  readonly #listeners = new Set<(event: ClientLifecycleEvent) => void>()

  constructor(options: Omit<SocketPoolOptions, 'onEvent'>) {
    this.pool = new SocketPool({
      ...options,
      onEvent: (event) => {
        for (const listener of this.#listeners) listener(event)
      },
    })
  }

  /** @throws TypeError for a request without a lease of this transport's pool. */
  send({ connection }: TransportRequest, observer: ExchangeObserver): Exchange {
    const lease = typeof connection === 'object' ? connection.socket : undefined
    if (!(lease instanceof SocketLease)) throw new TypeError('This transport carries requests on sockets of its pool.')
    const exchange = lease.start(observer, this.#onEnded)
    this.#exchanges.add(exchange)
    return exchange
  }

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): TransportStats {
    const { sockets, idle, leases } = this.pool.stats()
    return { connections: sockets, idleConnections: idle, leases, clients: sockets }
  }

  close(): Promise<void> {
    return this.pool.close()
  }

  destroy(): Promise<void> {
    const error = transportEnded('UND_ERR_DESTROYED')
    for (const exchange of this.#exchanges) exchange.fail(error)
    return this.pool.destroy()
  }

  readonly #onEnded = (exchange: SocketExchange): void => this.#exchanges.delete(exchange)
}
