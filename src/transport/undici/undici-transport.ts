import { acquireLease, ClientCache, type ClientCacheEvent } from '../../cache/client-cache.ts'
import { LiveSet } from '../../core/live-set.ts'
import { ConnectionPlaces } from '../connection-places.ts'
import { transportEnded } from '../ended.ts'
import type {
  ClientLifecycleEvent,
  Exchange,
  ExchangeObserver,
  Transport,
  TransportRequest,
  TransportStats,
} from '../transport.ts'
import type { Carrier, ExchangeSource } from './carrier.ts'
import type { Connection } from './connection.ts'
import { Connector } from './connector.ts'
import { UndiciExchange } from './exchange.ts'
import { settingsOf, type UndiciTransportOptions } from './options.ts'
import { ConnectionPool } from './pool.ts'
import { type Dispatcher, loadClient, loadedClient } from './undici-parts.ts'

export type { UndiciTransportOptions } from './options.ts'

/** Unused pools are dropped after this time, which is longer than the life of an idle connection. */
const POOL_IDLE_SLACK_MS = 5000

/** HTTP/1.1 over our own connections, with undici. */
export class UndiciTransport implements Transport {
  readonly name = 'undici'
  readonly abilities = { seesConnect: true, seesSent: true, choosesConnection: true } as const
  readonly #cache: ClientCache<ConnectionPool>
  readonly #source: ExchangeSource
  /** The limit of `maxConnections`. Other kinds of connections of the client count as well. */
  readonly places: ConnectionPlaces
  /** Opens all connections of the client, so that they share TLS sessions and the proxy. */
  readonly connector: Connector
  readonly #exchanges = new LiveSet<UndiciExchange>()
  readonly #connections = new Set<Connection>()
  readonly #pools = new Set<ConnectionPool>()
  readonly #listeners = new Set<(event: ClientLifecycleEvent) => void>()
  #closed = false
  #onQuiet: Array<() => void> = []

  constructor(options: UndiciTransportOptions = {}) {
    const settings = settingsOf(options)
    const { keepAliveMs, warmMs } = settings
    this.#source = {
      carrierFor: (request, callback) => this.#carrierFor(request, callback),
      clock: settings.clock,
      leavePlace: (origin) => this.places.leave(origin),
      onEnded: (ended) => {
        this.#exchanges.delete(ended)
        this.#tellQuiet()
      },
    }
    this.places = new ConnectionPlaces(settings.maxConnections)
    this.places.join({
      countTo: (origin) => this.#connectionsTo(origin),
      endIdle: (origin) => [...this.#pools].some((pool) => pool.origin === origin && pool.endIdle()),
    })
    this.connector = new Connector({ tls: options.tls, proxy: options.proxy })
    const createPool = (key: string): ConnectionPool => {
      const pool = new ConnectionPool({
        connector: this.connector,
        origin: new URL(key),
        ...settings,
        mayOpen: () => this.places.mayOpen(key),
        makeRoom: () => this.places.makeRoom(key),
        onOpened: (connection) => this.#connections.add(connection),
        onClosed: (connection) => {
          this.#connections.delete(connection)
          this.#tellQuiet()
        },
      })
      this.#pools.add(pool)
      return pool
    }
    this.#cache = new ClientCache<ConnectionPool>({
      create: (key) => (loadedClient() === undefined ? loadClient().then(() => createPool(key)) : createPool(key)),
      isUsable: (pool) => !pool.retired,
      retire: (pool) => pool.retire(),
      destroy: (pool) => {
        this.#pools.delete(pool)
        pool.destroy()
      },
      idleTtlMs: Math.max(keepAliveMs, warmMs) + POOL_IDLE_SLACK_MS,
      clock: settings.clock,
      onEvent: (event) => this.#tell(event),
    })
  }

  send(request: TransportRequest, observer: ExchangeObserver): Exchange {
    const exchange = new UndiciExchange(request, observer, this.#source)
    this.#exchanges.add(exchange)
    return exchange
  }

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): TransportStats {
    const { entries, retired, leases } = this.#cache.stats()
    let idleConnections = 0
    for (const pool of this.#pools) idleConnections += pool.idleCount
    return { connections: this.#connections.size, idleConnections, leases, clients: entries + retired }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#cache.close()
    await this.#quiet()
  }

  async destroy(): Promise<void> {
    this.#closed = true
    const error = transportEnded('UND_ERR_DESTROYED')
    for (const exchange of this.#exchanges) exchange.fail(error)
    await this.#cache.destroy()
    for (const connection of [...this.#connections]) connection.destroy()
    await this.#quiet()
  }

  #carrierFor(request: TransportRequest, callback: (error: unknown, carrier: Carrier | undefined) => void): () => void {
    let wanted = true
    let giveUp = (): void => {}
    // Nothing may be reported before `send` has returned.
    queueMicrotask(() => {
      if (!wanted) return
      if (this.#closed) callback(transportEnded('UND_ERR_CLOSED'), undefined)
      else if (request.dispatcher !== undefined) {
        callback(undefined, { kind: 'foreign', dispatcher: request.dispatcher as Dispatcher })
      } else giveUp = this.places.enter(request.url.origin, () => void this.#lease(request, () => wanted, callback))
    })
    return () => {
      wanted = false
      giveUp()
    }
  }

  async #lease(
    request: TransportRequest,
    wanted: () => boolean,
    callback: (error: unknown, carrier: Carrier | undefined) => void,
  ): Promise<void> {
    let carrier: Carrier
    try {
      const lease = await acquireLease(this.#cache, request.url.origin)
      if (!wanted()) {
        lease.release()
        this.places.leave(request.url.origin)
        return
      }
      carrier = { kind: 'leased', lease, connection: lease.client.take(request.connection === 'fresh') }
    } catch (error) {
      this.places.leave(request.url.origin)
      callback(this.#closed ? transportEnded('UND_ERR_CLOSED') : error, undefined)
      return
    }
    callback(undefined, carrier)
  }

  /** Number of connections to an origin that have not ended, over all generations. */
  #connectionsTo(origin: string): number {
    let connections = 0
    for (const pool of this.#pools) if (pool.origin === origin) connections += pool.size
    return connections
  }

  #quiet(): Promise<void> {
    if (this.#connections.size === 0 && this.#exchanges.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onQuiet.push(resolve))
  }

  #tellQuiet(): void {
    if (this.#connections.size > 0 || this.#exchanges.size > 0) return
    for (const resolve of this.#onQuiet.splice(0)) resolve()
  }

  #tell({ type, ...event }: ClientCacheEvent): void {
    const told = { type: `client_${type}`, ...event } as ClientLifecycleEvent
    for (const listener of this.#listeners) listener(told)
  }
}

/**
 * The default transport, to share one among several clients or to wrap it. Its creator must close it: `await
 * transport.close()`.
 */
export function undiciTransport(options: UndiciTransportOptions = {}): Transport {
  return new UndiciTransport(options)
}
