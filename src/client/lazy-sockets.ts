import type { RoutedCall, SocketRoute, SocketRouting } from '../call/socket-plan.ts'
import { Part } from '../errors/part.ts'
import type { ClientLifecycleEvent, HeaderPairs, TransportStats } from '../transport/transport.ts'
import type { Sockets, SocketsOptions } from './sockets.ts'

const NO_STATS: TransportStats = { connections: 0, idleConnections: 0, leases: 0, clients: 0 }

/**
 * The WebSockets of a client. Their code is loaded with the first call of a client with `webSocket`. Other clients, and importing
 * the package, do not load it.
 */
export class LazySockets implements SocketRouting {
  readonly #listeners = new Set<(event: ClientLifecycleEvent) => void>()
  readonly #sockets: Part<Sockets>
  #hasEnded = false

  /** @param source what a client has, or the WebSockets of a client, to which those of one peer are added. */
  constructor(source: SocketsOptions | LazySockets) {
    this.#sockets = new Part(async () => {
      const sockets =
        source instanceof LazySockets
          ? (await source.#load()).ofOnePeer()
          : new (await import('./sockets.ts')).Sockets(source)
      if (this.#hasEnded) await sockets.transport.destroy()
      sockets.transport.observe((event) => {
        for (const listener of this.#listeners) listener(event)
      })
      return sockets
    })
  }

  async routeOf(call: RoutedCall): Promise<SocketRoute | undefined> {
    return (await this.#load()).routeOf(call)
  }

  /** See `Sockets.isHttpAlone`. */
  isHttpAlone(url: URL, headers: HeaderPairs): boolean {
    return this.#sockets.loaded?.isHttpAlone(url, headers) ?? false
  }

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): TransportStats {
    return this.#sockets.loaded?.transport.stats() ?? NO_STATS
  }

  /** What is not loaded by then opens no socket any more. */
  async close(): Promise<void> {
    this.#hasEnded = true
    await this.#sockets.loaded?.transport.close()
  }

  async destroy(): Promise<void> {
    this.#hasEnded = true
    await this.#sockets.loaded?.transport.destroy()
  }

  async #load(): Promise<Sockets> {
    return this.#sockets.loaded ?? (await this.#sockets.load())
  }
}
