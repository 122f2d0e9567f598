import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import { relayLifecycle } from '../telemetry/lifecycle.ts'
import type { Transport, TransportStats } from '../transport/transport.ts'
import { UndiciTransport } from '../transport/undici/undici-transport.ts'
import { LazySockets } from './lazy-sockets.ts'
import type { ResilientClientOptions } from './options.ts'
import type { ClientSettings } from './settings.ts'

/** What carries the calls of a client: a transport, and WebSockets where the client has them. */
export class Connections {
  readonly transport: Transport
  readonly sockets: LazySockets | undefined
  /** The client does not close a transport that it was given: its maker does. */
  readonly #own: Transport | undefined

  constructor(options: ResilientClientOptions, settings: ClientSettings) {
    if (options.transport !== undefined) {
      this.transport = options.transport
      return
    }
    const { isolation, keepAliveMs, warm, warmMs, maxConnections, proxy, tls } = options
    const { limits, clock, webSocket, baseURL } = settings
    const { headerBytes: maxHeaderBytes } = limits
    const connections = { isolation, keepAliveMs, warm, warmMs, maxConnections, proxy, tls }
    const http = new UndiciTransport({ ...connections, maxHeaderBytes, clock })
    this.transport = http
    this.#own = http
    if (webSocket === undefined) return
    const { connector, places } = http
    const { origin } = baseURL
    const maxEventBytes = limits.eventBytes
    this.sockets = new LazySockets({
      settings: webSocket,
      clock,
      connector,
      places,
      origin,
      maxEventBytes,
      maxHeaderBytes,
    })
  }

  /** Tells of what happens to connections; returns the function that ends that. */
  relay(telemetry: TelemetryEmitter): () => void {
    const sources = [this.transport, this.sockets].filter((source) => source !== undefined)
    const stops = sources.map((source) => relayLifecycle(source, telemetry))
    return () => {
      for (const stop of stops) stop()
    }
  }

  stats(): TransportStats {
    const http = this.transport.stats()
    if (this.sockets === undefined) return http
    const sockets = this.sockets.stats()
    return {
      connections: http.connections + sockets.connections,
      idleConnections: http.idleConnections + sockets.idleConnections,
      leases: http.leases + sockets.leases,
      clients: http.clients + sockets.clients,
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#own?.close(), this.sockets?.close()])
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#own?.destroy(), this.sockets?.destroy()])
  }
}
