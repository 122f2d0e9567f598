import type { IncomingHttpHeaders } from 'node:http'

/**
 * How a request ended:
 *
 * - `pending`: it has not; a request that a fault stalls stays so until its connection closes or it is released;
 * - `complete`: it was answered in full, be it with an error status;
 * - `cut`: a fault ended the answer;
 * - `client_gone`: the client closed the connection first;
 * - `server_closed`: the server was closed, told to drop its connections, or given a function that threw.
 */
export type Outcome = 'pending' | 'complete' | 'cut' | 'client_gone' | 'server_closed'

/** A TCP connection that the server accepted. The record is live: it changes while the connection does. */
export interface MockConnection {
  /** From 1, in the order of acceptance. */
  readonly number: number
  /** The client's port: what tells this socket from others, also in `/proc/net/tcp`. */
  readonly remotePort: number
  /** The server's port. */
  readonly localPort: number
  /** Milliseconds of the server's clock (monotonic). */
  readonly openedAt: number
  readonly closedAt: number | undefined
  readonly open: boolean
  /** Who closed it: `client` also when it vanished with an error. */
  readonly closedBy: 'client' | 'server' | undefined
  /** Requests that it has carried so far. */
  readonly requests: number
}

/**
 * A request, from its head on. The record is live: it changes until `outcome` is no longer `pending`. Printed, it shows
 * neither header values nor its body: those are for whoever asks for them.
 */
export interface MockRequest {
  /** From 1, in the order of arrival. */
  readonly number: number
  readonly connectionNumber: number
  /** 1 for the first request that its connection carries: above 1, the connection was reused. */
  readonly requestOnConnection: number
  /** The client's port. */
  readonly remotePort: number
  /** The server's port. */
  readonly localPort: number
  /**
   * Which call of the client it belongs to, if it says so: the header `x-mock-call`, else `metadata.mock_call` of the body.
   */
  readonly call: string | undefined
  /** 1 for the first request of its `call`, 2 for the next. Always 1 without a call. */
  readonly attempt: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders
  /** Names and values as they came, alternating. */
  readonly rawHeaders: readonly string[]
  /** The exact bytes of the body, not decoded. Empty until they are all there. */
  readonly body: Buffer
  /** The body decoded (gzip, br, zstd) and parsed; `undefined` if it is not there yet, or no JSON. */
  readonly json: unknown
  /** UTF-8 bytes of `input`, `instructions` and `tools` of the body, divided by 4 and rounded up. */
  readonly inputTokens: number
  /** Milliseconds of the server's clock (monotonic) when the head arrived. */
  readonly startedAt: number
  /** The status that was sent, or `undefined` before the head of the answer. */
  readonly status: number | undefined
  /** Events of the answer handed to the operating system in full, injected ones not counted. */
  readonly sentEvents: number
  readonly outcome: Outcome
}

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
export type RequestRecord = Mutable<MockRequest>
