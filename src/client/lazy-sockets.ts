import type { RoutedCall, SocketRoute, SocketRouting } from '../call/socket-plan.ts'
import { Part } from '../errors/part.ts'
import type { ClientLifecycleEvent, TransportStats } from '../transport/transport.ts'
import type { Sockets, SocketsOptions } from './sockets.ts'

const NO_STATS: TransportStats = { connections: 0, idleConnections: 0, leases: 0, clients: 0 }

/**
 * The WebSockets of a client. Their code is loaded with the first call of a client with `webSocket`. Other clients, and importing
 * the package, do not load it.
 */
export class LazySockets implements SocketRouting {
  readonly #listeners = new Set<(event: ClientLifecycleEvent) => void>()
  readonly #sockets: Part<Sockets>

  constructor(options: SocketsOptions) {
    this.#sockets = new Part(async () => {
      const { Sockets: Made } = await import('./sockets.ts')
      const sockets = new Made(options)
      sockets.transport.observe((event) => {
        for (const listener of this.#listeners) listener(event)
      })
      return sockets
    })
  }

  async routeOf(call: RoutedCall): Promise<SocketRoute | undefined> {
    return (this.#sockets.loaded ?? (await this.#sockets.load())).routeOf(call)
  }

  observe(listener: (event: ClientLifecycleEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): TransportStats {
    return this.#sockets.loaded?.transport.stats() ?? NO_STATS
  }

  /** Code that is not loaded when the client ends is never used: all calls have ended. */
  async close(): Promise<void> {
    await this.#sockets.loaded?.transport.close()
  }

  async destroy(): Promise<void> {
    await this.#sockets.loaded?.transport.destroy()
  }
}
