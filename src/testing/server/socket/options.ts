import type { AnyRules } from '../../../core/rules.ts'
import { isInteger, isNumber, isType } from '../check.ts'

/** Options for the WebSockets of the server. */
export interface MockWebSocketOptions {
  /**
   * Age in milliseconds of the server's clock from which a WebSocket accepts no request: it answers the next one with
   * `websocket_connection_limit_reached` and closes. Default: 3 600 000 (60 minutes); `0`: no limit.
   */
  readonly maxAgeMs?: number | undefined
  /** A message with more bytes ends the WebSocket with code 1009. Default: 16 777 216 (16 MiB); `0`: no limit. */
  readonly maxMessageBytes?: number | undefined
  /** Additional headers of the 101, e.g. `{ 'x-codex-websocket-max-message-bytes': '1000000' }`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** `false`: a request with a `stream_id` gets 400, as at some gateways. Default `true`: each `stream_id` opens a lane. */
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
