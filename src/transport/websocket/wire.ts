import type { HeaderPairs } from '../transport.ts'

/** How a WebSocket ended. */
export type SocketEnd =
  /** The endpoint answered the upgrade with something else than 101. `status` is 101 where its handshake is not valid. */
  | { readonly kind: 'refused'; readonly status: number; readonly headers: HeaderPairs; readonly body: Buffer }
  /** Closed by the endpoint; `code` as in RFC 6455 7.4, 1006 without a close frame. */
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'failed'; readonly error: Error }

/** A WebSocket: text messages, pings and one end. What a response on it means is for others to know. */
export interface Wire {
  /** The connection to the host, or to the proxy's tunnel, is there: what may be missing is the upgrade. */
  readonly isConnected: boolean
  /** No end was seen yet. A FIN that has arrived counts, also when it was not read yet. */
  readonly isSound: boolean
  /** Everything that was sent has been accepted by the operating system. */
  readonly flushed: boolean
  send(text: Uint8Array): void
  ping(): void
  /** Sends a close frame. */
  close(code: number): void
  /** Ends it now, also while it is opening. Idempotent. */
  destroy(): void
  pause(): void
  resume(): void
  /** Whether it keeps the process alive. */
  ref(): void
  unref(): void
}

/** What a wire tells. Nothing is told before the function that opens it has returned. */
export interface WireEvents {
  onConnecting(): void
  /** @param maxMessageBytes the bound that the server announces for a message, where it does. */
  onOpen(maxMessageBytes: number | undefined): void
  /** The operating system has accepted some of what was sent. */
  onAccepted(): void
  /** Also called before `onOpen`, for what came together with the upgrade. */
  onMessage(bytes: Buffer): void
  /** A ping, or the answer to one. */
  onSign(): void
  /** Told once, unless it is destroyed before. */
  onEnd(end: SocketEnd): void
  /** Told once, when nothing of it is left open. */
  onClosed(): void
}

export interface WireRequest {
  /** `http:` or `https:`: the address of the upgrade. */
  readonly url: URL
  readonly headers: HeaderPairs
}

/** Opens a WebSocket. A simulation gives another one. */
export type OpenWire = (request: WireRequest, events: WireEvents) => Wire
