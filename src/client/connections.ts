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
  /** WebSockets of single peers, and the functions that end what is told of them. */
  readonly #ofPeers = new Map<LazySockets, () => void>()

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

  /**
   * WebSockets for one peer alone; they end by `leave`. What they share with the other connections is the connector, the bound
   * of `maxConnections`, and which addresses do not upgrade.
   */
  ofOnePeer(telemetry: TelemetryEmitter): LazySockets | undefined {
    if (this.sockets === undefined) return undefined
    const sockets = new LazySockets(this.sockets)
    this.#ofPeers.set(sockets, relayLifecycle(sockets, telemetry))
    return sockets
  }

  /** Resolves when nothing is left of them. */
  async leave(sockets: LazySockets): Promise<void> {
    await sockets.close()
    this.#ofPeers.get(sockets)?.()
    this.#ofPeers.delete(sockets)
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
    return this.sockets === undefined
      ? http
      : this.#allSockets()
          .map((one) => one.stats())
          .reduce(sum, http)
  }

  async close(): Promise<void> {
    await Promise.all([this.#own?.close(), ...this.#allSockets().map((one) => one.close())])
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#own?.destroy(), ...this.#allSockets().map((one) => one.destroy())])
  }

  #allSockets(): LazySockets[] {
    return this.sockets === undefined ? [] : [this.sockets, ...this.#ofPeers.keys()]
  }
}

function sum(one: TransportStats, other: TransportStats): TransportStats {
  return {
    connections: one.connections + other.connections,
    idleConnections: one.idleConnections + other.idleConnections,
    leases: one.leases + other.leases,
    clients: one.clients + other.clients,
  }
}
