import type { IncomingHttpHeaders } from 'node:http'

/**
 * How a request ended:
 *
 * - `pending`: it has not ended. A stalled request stays pending until its connection closes or it is released;
 * - `complete`: it was answered in full, even with an error status;
 * - `cut`: a fault ended the answer;
 * - `client_gone`: the client closed the connection first;
 * - `server_closed`: the server was closed, dropped its connections, or had a function that threw during the answer.
 *   One that threw before is answered with 500 and the code `mock_server_failed`.
 */
export type Outcome = 'pending' | 'complete' | 'cut' | 'client_gone' | 'server_closed'

/** A TCP connection that the server accepted. The record is updated while the connection is open. */
export interface MockConnection {
  /** From 1, in the order of acceptance. */
  readonly number: number
  /** The client's port, which identifies this socket, also in `/proc/net/tcp`. */
  readonly remotePort: number
  /** The server's port. */
  readonly localPort: number
  /** Milliseconds of the server's clock (monotonic). */
  readonly openedAt: number
  readonly closedAt: number | undefined
  readonly open: boolean
  /** Who closed it. `client` also if it disappeared with an error. */
  readonly closedBy: 'client' | 'server' | undefined
  /** Number of requests on it so far. A `response.create` counts, an upgrade to WebSocket does not. */
  readonly requests: number
}

/** A WebSocket, from the head of its upgrade on. The record is live. Printed, it shows no header values. */
export interface MockSocket {
  /** From 1, in the order of arrival. */
  readonly number: number
  readonly connectionNumber: number
  /** The client's port. */
  readonly remotePort: number
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Of the upgrade. Lower-case names. */
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly string[]
  /** Milliseconds of the server's clock (monotonic) when the head of the upgrade arrived. */
  readonly startedAt: number
  /** The status of the answer to the upgrade: 101, or that of a refusal. `undefined` until it is sent. */
  readonly status: number | undefined
  /** When the 101 had been sent. */
  readonly openedAt: number | undefined
  readonly closedAt: number | undefined
  /** The 101 was sent, and the connection is still open. */
  readonly open: boolean
  /** The code of the first close frame, of either side. 1005: it had no code. `undefined`: there was no close frame. */
  readonly closeCode: number | undefined
  /** Messages from the client. */
  readonly receivedMessages: number
  /** Bytes of those messages, without their framing. */
  readonly receivedBytes: number
  /** Messages of the server that the operating system has accepted in full, injected ones included. */
  readonly sentMessages: number
  readonly sentBytes: number
  /** Pings from the client, and the pongs that answered them. */
  readonly receivedPings: number
  readonly sentPongs: number
  /** Pings from the server, and the pongs that arrived. */
  readonly sentPings: number
  readonly receivedPongs: number
  /** The id of the response that the server keeps in memory for the default lane (requests without a `stream_id`). */
  readonly latestResponseId: string | undefined
}

/**
 * A request, from its head on. The record is updated until `outcome` is no longer `pending`. Printing it shows no
 * header values and no body, which are only readable as properties.
 */
export interface MockRequest {
  /** From 1, in the order of arrival. */
  readonly number: number
  readonly connectionNumber: number
  /** Whether it came over HTTP, or as a message on a WebSocket. */
  readonly transport: 'http' | 'websocket'
  /** The number of its WebSocket; `undefined` over HTTP. */
  readonly socketNumber: number | undefined
  /** 1 for the first request on its connection. Above 1, the connection was reused. */
  readonly requestOnConnection: number
  /** The client's port. */
  readonly remotePort: number
  /** The server's port. */
  readonly localPort: number
  /**
   * The call of the client, if the request names one: the header `x-mock-call`, else `metadata.mock_call` of the body.
   * On a WebSocket the body comes first, because the headers are those of the upgrade.
   */
  readonly call: string | undefined
  /** 1 for the first request of its `call`, 2 for the next. Always 1 without a call. */
  readonly attempt: number
  /** `POST` for a message on a WebSocket, too. */
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. On a WebSocket: those of the upgrade, as path and query are. */
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly string[]
  /** The exact bytes of the body or the message, not decoded. Empty until all have arrived. */
  readonly body: Buffer
  /** The body, decoded (gzip, br, zstd) and parsed. `undefined` if it has not arrived or is not JSON. */
  readonly json: unknown
  /** UTF-8 bytes of `input`, `instructions` and `tools` of the body, divided by 4 and rounded up. */
  readonly inputTokens: number
  /** Milliseconds of the server's clock (monotonic) when the head arrived. */
  readonly startedAt: number
  /**
   * The status that was sent. `undefined` before the head of the answer. On a WebSocket 200, or that of the `error`
   * message.
   */
  readonly status: number | undefined
  /** Events of the answer that the operating system has taken in full, without injected ones. */
  readonly sentEvents: number
  readonly outcome: Outcome
}

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
export type RequestRecord = Mutable<MockRequest>
export type SocketRecord = Mutable<MockSocket>
