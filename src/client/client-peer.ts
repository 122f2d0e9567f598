import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/**
 * Calls of one peer of a program that carries the calls of others. They share everything with the other calls of the client but
 * the WebSockets: the peer has sockets that no other call uses, and sends its calls one by one.
 */
export interface ClientPeer {
  readonly fetch: FetchFunction
  /** Whether calls to an address go over HTTP for now, because it did not upgrade lately; also where the client has no WebSockets. */
  isHttpAlone(url: URL, headers: HeaderPairs): boolean
  /** Closes the sockets of the peer. Resolves when they are closed; its calls must have ended, or been aborted. */
  close(): Promise<void>
}
