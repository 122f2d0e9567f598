import type { RoutedCall, SocketRoute } from '../call/socket-plan.ts'
import { CallSocketRoute, type SocketSource } from '../call/socket-route.ts'
import type { Clock } from '../core/clock.ts'
import type { ConnectionPlaces } from '../transport/connection-places.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { Connector } from '../transport/undici/connector.ts'
import { Fallback } from '../transport/websocket/fallback.ts'
import { socketKeyOf } from '../transport/websocket/socket-key.ts'
import { WebSocketTransport } from '../transport/websocket/websocket-transport.ts'
import { wsWires } from '../transport/websocket/ws-wire.ts'
import type { WebSocketSettings } from '../transport/websocket-options.ts'

export interface SocketsOptions {
  readonly settings: WebSocketSettings
  readonly clock: Clock
  /** From the HTTP connections of the same client. */
  readonly connector: Connector
  readonly places: ConnectionPlaces
  /** For requests to this origin sockets are opened to `webSocket.url`, if that is set. */
  readonly origin: string
  readonly maxEventBytes: number
  readonly maxHeaderBytes: number
}

/** Of one peer: its sockets end with the peer, and not because it was silent. */
const OF_ONE_PEER = { idleMs: Infinity } as const satisfies Partial<WebSocketSettings>

/** The WebSockets of a client, and how its calls use them. Loaded with the first call of a client with `webSocket`. */
export class Sockets {
  readonly transport: WebSocketTransport
  readonly #source: SocketSource
  readonly #options: SocketsOptions

  /** @param parent of the sockets of one peer: what is known of addresses is shared. */
  constructor(options: SocketsOptions, parent?: Sockets) {
    const { settings, clock, connector, places, origin, maxEventBytes, maxHeaderBytes } = options
    this.#options = options
    const open = wsWires({ connector, clock, maxPayload: maxEventBytes, maxHeaderBytes })
    this.transport =
      parent === undefined
        ? new WebSocketTransport({ settings, clock, places, open })
        : new WebSocketTransport({
            settings: { ...settings, ...OF_ONE_PEER },
            clock,
            places,
            open,
            isOfOnePeer: true,
          })
    const { url: own } = settings
    this.#source = {
      transport: this.transport,
      fallback:
        parent === undefined ? new Fallback({ clock, fallbackMs: settings.fallbackMs }) : parent.#source.fallback,
      settings,
      keyOf: (url, headers) => socketKeyOf(own !== undefined && url.origin === origin ? own : url, headers),
    }
  }

  /** Sockets for one peer, which sends its requests one by one. */
  ofOnePeer(): Sockets {
    return new Sockets(this.#options, this)
  }

  /** Whether requests to an address go over HTTP, because it did not upgrade lately. */
  isHttpAlone(url: URL, headers: HeaderPairs): boolean {
    const { fallback, keyOf } = this.#source
    return fallback.refusesNow(keyOf(url, headers))
  }

  routeOf(call: RoutedCall): SocketRoute | undefined {
    const { latency } = call.effective.traits
    if (call.request.method !== 'POST' || latency.kind === 'passthrough') return undefined
    return new CallSocketRoute(call, this.#source)
  }
}
