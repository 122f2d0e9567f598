/** Options of WebSocket mode: `webSocket: true`, or an object with any of these. */
export interface WebSocketOptions {
  /** Send only what the server of a socket does not have yet. Default `true`; `false` sends every body as it is. */
  readonly incremental?: boolean | undefined
  /** The address to open sockets to. Default: that of the request, `wss:` for `https:` and `ws:` for `http:`. */
  readonly url?: string | undefined
  /**
   * An older socket takes no new response (but for a continuation that only its server knows), and closes when it is idle.
   * Milliseconds, default 3 300 000: endpoints end a socket after 60 minutes. `0`: no limit.
   */
  readonly maxAgeMs?: number | undefined
  /** How long a socket without a response under way stays open. Milliseconds, default 300 000. */
  readonly idleMs?: number | undefined
  /**
   * A ping is sent after so long without any frame from the server; without an answer within as long again the socket is
   * dead. Milliseconds, default 20 000; `0`: no pings. A pong feeds no other deadline.
   */
  readonly pingMs?: number | undefined
  /** Larger bodies go over HTTP. Bytes, default 15 728 640 (15 MiB). A smaller limit that the server announces wins. */
  readonly maxMessageBytes?: number | undefined
  /** How long HTTP serves after an endpoint did not upgrade. Milliseconds, default 600 000. */
  readonly fallbackMs?: number | undefined
  /** Sockets per origin at most; further calls go over HTTP. Default 64. */
  readonly maxSockets?: number | undefined
}

export interface WebSocketSettings {
  readonly incremental: boolean
  readonly url: URL | undefined
  readonly maxAgeMs: number
  readonly idleMs: number
  readonly pingMs: number
  readonly maxMessageBytes: number
  readonly fallbackMs: number
  readonly maxSockets: number
}

export const DEFAULT_WEB_SOCKET: WebSocketSettings = {
  incremental: true,
  url: undefined,
  maxAgeMs: 3_300_000,
  idleMs: 300_000,
  pingMs: 20_000,
  maxMessageBytes: 15 * 1024 * 1024,
  fallbackMs: 600_000,
  maxSockets: 64,
}
