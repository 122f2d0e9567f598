import type { HeaderPairs } from '../transport.ts'

/** How a WebSocket ended. */
export type SocketEnd =
  /** The endpoint answered the upgrade with another status than 101. `status` is 101 if it sent 101 with an invalid handshake. */
  | { readonly kind: 'refused'; readonly status: number; readonly headers: HeaderPairs; readonly body: Buffer }
  /** Closed by the endpoint; `code` as in RFC 6455 7.4, 1006 without a close frame. */
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'failed'; readonly error: Error }

/** A WebSocket: text messages, pings and one end. It does not read what the messages say. */
export interface Wire {
  /** The connection to the host, or the tunnel through the proxy, is made. The upgrade may be missing. */
  readonly isConnected: boolean
  /** The connection has not ended. A FIN that has arrived but was not read yet counts as the end. */
  readonly isSound: boolean
  /** The operating system has accepted everything that was sent. */
  readonly flushed: boolean
  send(text: Uint8Array): void
  ping(): void
  /** Sends a close frame. */
  close(code: number): void
  /** Ends the WebSocket now, even while it is opening. Idempotent. */
  destroy(): void
  pause(): void
  resume(): void
  /** From now on an open WebSocket keeps the process alive. Initial state. `unref` is the opposite. */
  ref(): void
  unref(): void
}

/** Callbacks of a wire. Not called before the function that opens the wire has returned. */
export interface WireEvents {
  onConnecting(): void
  /** @param maxMessageBytes the largest message that the server announces to accept; `undefined`: not announced. */
  onOpen(maxMessageBytes: number | undefined): void
  /** The operating system has accepted a piece of what was sent. */
  onAccepted(): void
  /** Also called before `onOpen`, for messages that arrived together with the upgrade. */
  onMessage(bytes: Buffer): void
  /** A ping or a pong arrived. */
  onSign(): void
  /** Called once, unless the wire is destroyed first. */
  onEnd(end: SocketEnd): void
  /** Called once, when the connection is closed. */
  onClosed(): void
}

export interface WireRequest {
  /** `http:` or `https:`: the address of the upgrade. */
  readonly url: URL
  readonly headers: HeaderPairs
}

/** Opens a WebSocket. Simulations replace this function. */
export type OpenWire = (request: WireRequest, events: WireEvents) => Wire
