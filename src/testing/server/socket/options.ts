import type { AnyRules } from '../../../core/rules.ts'
import { isInteger, isNumber, isType } from '../check.ts'

/** How the server speaks WebSocket. */
export interface MockWebSocketOptions {
  /**
   * Milliseconds of the server's clock after which a WebSocket takes no more requests: the next one is answered with
   * `websocket_connection_limit_reached`, and the WebSocket is closed. Default: 3 600 000, 60 minutes; `0`: no limit.
   */
  readonly maxAgeMs?: number | undefined
  /** A message with more bytes ends the WebSocket with 1009. Default: 16 777 216; `0`: no bound. */
  readonly maxMessageBytes?: number | undefined
  /** Further headers of the 101, e.g. `{ 'x-codex-websocket-max-message-bytes': '1000000' }`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Whether a `stream_id` opens a lane: `false` refuses it with 400, as some gateways do. Default: `true`. */
  readonly lanes?: boolean | undefined
}

export const WEB_SOCKET_RULES = {
  maxAgeMs: isNumber(0),
  maxMessageBytes: isInteger(0),
  headers: isType('object'),
  lanes: isType('boolean'),
} satisfies AnyRules & Record<keyof MockWebSocketOptions, unknown>

export const DEFAULT_WEB_SOCKET = {
  maxAgeMs: 3_600_000,
  maxMessageBytes: 16_777_216,
  headers: {},
  lanes: true,
} as const
