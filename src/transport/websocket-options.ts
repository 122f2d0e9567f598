import { flag, ms, msOrOff, text, whole } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'

/** Options of WebSocket mode: `webSocket: true`, or an object with any of these. */
export interface WebSocketOptions {
  /**
   * Whether a request whose `input` begins with what was sent and received on a socket is sent in part: only the items that the server
   * does not have yet. Default `true`; `false` sends every body whole.
   */
  readonly incremental?: boolean | undefined
  /**
   * The address at which sockets are opened for requests to the origin of `baseURL`: `wss:`, `ws:`, `https:` or `http:`. The headers
   * of those requests are sent there. Default: the address of the request, with `wss:` for `https:` and `ws:` for `http:`.
   */
  readonly url?: string | undefined
  /**
   * A socket of this age begins no new response, and closes when the last one has ended. Exception: a call that continues a response
   * which only this socket's server has. Milliseconds, default 3 300 000 (55 min), because endpoints end a socket after 60 min. `0`: no
   * limit.
   */
  readonly maxAgeMs?: number | undefined
  /**
   * How long a socket stays open after its last response. Milliseconds, default 300 000; `0`: it closes after each response. Must be
   * below `maxAgeMs`.
   */
  readonly idleMs?: number | undefined
  /**
   * After this time without anything from the server a ping is sent. If nothing comes for the same time again, the socket is closed, and
   * its attempt fails with `ping_timeout`. Milliseconds, default 20 000; `0`: no pings. Pongs count for no other deadline.
   */
  readonly pingMs?: number | undefined
  /**
   * Larger messages go over HTTP. Bytes from 1 024, default 15 728 640 (15 MiB), and not above `limits.eventBytes`. A smaller
   * limit that the server announces (`x-codex-websocket-max-message-bytes`) takes precedence.
   */
  readonly maxMessageBytes?: number | undefined
  /**
   * How long calls use HTTP after an endpoint refused a WebSocket. After that a socket is opened beside one call over HTTP, to see
   * whether the endpoint accepts it now. Milliseconds, default 600 000; `0`: every call tries a socket first.
   */
  readonly fallbackMs?: number | undefined
  /** The most sockets to an origin, from 1 to 10 000; further calls go over HTTP. Default 64. `maxConnections` counts sockets, too. */
  readonly maxSockets?: number | undefined
}

export const webSocketRules = {
  incremental: { ...flag, default: true },
  url: text('the wss:, ws:, https: or http: address of the endpoint of responses'),
  maxAgeMs: { ...msOrOff, default: 3_300_000 },
  idleMs: { ...ms, default: 300_000 },
  pingMs: { ...msOrOff, default: 20_000 },
  maxMessageBytes: { ...whole(1024, 2 ** 31 - 1), default: 15 * 1024 * 1024 },
  fallbackMs: { ...ms, default: 600_000 },
  maxSockets: { ...whole(1, 10_000), default: 64 },
} as const satisfies Rules<WebSocketOptions>

export const WEB_SOCKET_ACCEPTS =
  'true, false, or an object with any of incremental, url, maxAgeMs, idleMs, pingMs, maxMessageBytes, fallbackMs, maxSockets'

export interface WebSocketSettings {
  readonly incremental: boolean
  /** `http:` or `https:`; `undefined`: the address of the request. */
  readonly url: URL | undefined
  readonly maxAgeMs: number
  readonly idleMs: number
  readonly pingMs: number
  readonly maxMessageBytes: number
  readonly fallbackMs: number
  readonly maxSockets: number
}
