import type { RoutedCall, SocketPlan, SocketRoute, SocketRouting, SocketVerdict } from '../call/socket-plan.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/**
 * Calls of one peer of a program that carries the calls of others. They share everything with the other calls of the client but
 * the WebSockets: the peer has sockets that no other call uses, and sends its calls one by one.
 */
export interface ClientPeer {
  readonly fetch: FetchFunction
  /** The same for a request that has a meaning on a WebSocket alone. Rejects where it would go over HTTP, and sends nothing. */
  readonly fetchOnSocket: FetchFunction
  /**
   * Whether calls to an address may go over HTTP for now, because it, or another of the client's endpoints, did not upgrade lately; also
   * where the client has no WebSockets.
   */
  isHttpAlone(url: URL, headers: HeaderPairs): boolean
  /** Closes the sockets of the peer. Resolves when they are closed; its calls must have ended, or been aborted. */
  close(): Promise<void>
}

/** The WebSockets of a peer, for calls that must not go over HTTP. */
export function withoutHttp(sockets: SocketRouting): SocketRouting {
  return {
    async routeOf(call: RoutedCall): Promise<SocketRoute | undefined> {
      const route = await sockets.routeOf(call)
      return route && new RouteWithoutHttp(route)
    },
  }
}

class RouteWithoutHttp implements SocketRoute {
  readonly #route: SocketRoute

  constructor(route: SocketRoute) {
    this.#route = route
  }

  get isStrict(): boolean {
    return this.#route.isStrict
  }

  plan(attempt: Parameters<SocketRoute['plan']>[0]): SocketPlan {
    const plan = this.#route.plan(attempt)
    return plan.kind === 'http' ? { kind: 'lost', why: 'The endpoint has no WebSocket for it.' } : plan
  }

  after(...ended: Parameters<SocketRoute['after']>): SocketVerdict {
    return this.#route.after(...ended)
  }
}
