import type { Clock } from '../core/clock.ts'
import type { ClientLifecycleEvent } from '../telemetry/events.ts'

export type { ClientLifecycleEvent }

/**
 * The port: one exchange with an endpoint. Adapters: undici (our own connections), an existing `fetch`, the fake of
 * `resilient-responses/testing`. A transport moves bytes and reports facts; it decides nothing about deadlines or retries.
 */

/** The bytes of a request. `stream` is opened once per attempt; only a `replayable` one may be opened again. */
export type RequestBody =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'bytes'
      readonly bytes: Uint8Array
      /** The bytes are the UTF-8 of a text, and the caller gave the text. */
      readonly isText?: boolean
      /** See the other `given`. */
      readonly given?: GivenBody
    }
  | {
      readonly kind: 'stream'
      readonly replayable: boolean
      /** Bytes, where known: sent as `content-length`; otherwise the body goes out chunked. */
      readonly length: number | undefined
      /**
       * What the caller gave, or a copy that the caller cannot change: a `FormData`, a `Blob`, `URLSearchParams`, an
       * `ArrayBuffer`. Kept only for transports that hand it on (`TransportAbilities.takesCallersForm`).
       */
      readonly given?: GivenBody
      open(): AsyncIterable<Uint8Array>
    }

export type GivenBody = FormData | Blob | URLSearchParams | ArrayBuffer

/** How the caller of a `fetch` wrote the request. Everything in `TransportRequest` wins over it. */
export interface CallersForm {
  /** The address that `input` names. A redirect, or another endpoint, has another one. */
  readonly url: URL
  readonly input: string | URL | Request
  /** A shallow copy, without the body and the signal. */
  readonly init: Readonly<Record<string, unknown>> | undefined
}

export type HeaderPairs = ReadonlyArray<readonly [name: string, value: string]>

/** A WebSocket that the call has leased for one response. The message to be sent on it is made already. */
export interface SocketConnection {
  readonly socket: SocketLease
  /** The response can be made on this socket alone: its server keeps in memory what the request continues. */
  readonly strict: boolean
}

/** Ends exactly once: with the exchange that it carries, or by `release`. */
export interface SocketLease {
  /** The socket never carried a response. */
  readonly isNew: boolean
  /** Gives it back unused. */
  release(): void
}

export interface TransportRequest {
  readonly url: URL
  readonly method: string
  /** Lower-case names, final values. `content-length`, `host` and `connection` belong to the transport. */
  readonly headers: HeaderPairs
  readonly body: RequestBody
  /**
   * `fresh`: a connection that never carried a request, where the transport can choose (see `TransportAbilities`). A socket
   * is handed only to the transport that has leased it.
   */
  readonly connection: 'any' | 'fresh' | SocketConnection
  /** A caller's own undici dispatcher (`init.dispatcher`). It is used, never closed or destroyed. */
  readonly dispatcher?: unknown
  /** Set for calls of the drop-in fetch, over a transport that asks for it (`TransportAbilities.takesCallersForm`). */
  readonly callersForm?: CallersForm | undefined
  /**
   * The caller's own signal, where its response may be handed out untouched (`takeResponse`): it must go on obeying it.
   * Everything else is ended by `destroy()`.
   */
  readonly signal?: AbortSignal | undefined
  /** The number of the attempt, from 1: for transports that script or record. */
  readonly attempt: number
}

export interface ConnectionInfo {
  /** Which client of the cache carried the exchange: 1 for the first built for its key. 0 where there is no cache. */
  readonly generation: number
  /** Whether the connection had carried another request before. */
  readonly reused: boolean
  /** Identifies the connection within its transport; `undefined` where the transport cannot see connections. */
  readonly connectionId: number | undefined
}

export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderPairs
  /** Where the answer came from, if the transport followed redirects by itself. */
  readonly url?: string
  readonly redirected?: boolean
}

/**
 * What an exchange reports, in this order; each step at most once except `sending` and `data`.
 * After `end` or `error`, and after the exchange was destroyed or drained, nothing more is reported.
 * No method is called before `send` has returned.
 */
export interface ExchangeObserver {
  /** A connection is being opened (not called for an open one). */
  connecting(): void
  connected(info: ConnectionInfo): void
  /** Some of the request was accepted by the operating system. */
  sending(): void
  /** The whole request was written. */
  sent(): void
  head(head: ResponseHead): void
  /**
   * Decoded body bytes, never empty. All bytes of one socket read come as one chunk. The receiver may keep it, but not give
   * its buffer away: it may be a view of what was read.
   */
  data(chunk: Uint8Array): void
  end(): void
  /** The exchange failed. The client that carried it is poisoned already when the connection is to blame. */
  error(error: unknown): void
}

/** An exchange under way. Its lease ends exactly once: at the end, on failure, or by one of the two ending methods. */
export interface Exchange {
  /** Stops reading. What one socket read has already brought may still be delivered. */
  pause(): void
  resume(): void
  /** Ends the exchange at once and destroys its connection, even while it is still connecting. Idempotent. */
  destroy(): void
  /**
   * The receiver has all it needs: what is left is read in the background, for at most 100 ms or 64 KB, and the
   * connection is kept if it then ended cleanly. Idempotent.
   */
  drain(): void
  /** Marks the client that carried this exchange: it gets no new lease. Does not end the exchange. */
  poison(reason: string): void
  /**
   * To be called while the head is reported: reads a copy of the body, so that `takeResponse` still gives the whole response
   * after the end. For transports that have a response.
   */
  readCopy?(): void
  /**
   * The untouched `Response` behind the last reported head, for transports that have one: the exchange ends without
   * reading it, and the caller of this method owns its body from then on.
   */
  takeResponse?(): Response
}

/** What a transport can promise. Documented as a table in `docs/transports.md`. */
export interface TransportAbilities {
  /** Reports `connecting` and `connected`, so that `connectMs` can be enforced. */
  readonly seesConnect: boolean
  /** Reports `sending` and `sent`; otherwise the request counts as written when it was dispatched. */
  readonly seesSent: boolean
  /** Honours `connection: 'fresh'`. */
  readonly choosesConnection: boolean
  /**
   * Hands requests on to a `fetch`, in the form in which the caller gave them. That fetch adds headers of its own (`accept`,
   * `accept-encoding`, `user-agent`, the `content-type` of a body), so none are added here. Default `false`.
   */
  readonly takesCallersForm?: boolean
}

export interface TransportStats {
  /** Open or opening connections. */
  readonly connections: number
  readonly idleConnections: number
  /** Exchanges that hold a lease. */
  readonly leases: number
  /** Clients in the cache, poisoned ones that still serve a lease included. */
  readonly clients: number
}

export interface Transport {
  readonly name: string
  /**
   * Of a transport that simulates time: the clock it waits on. A client without a clock takes this one; a client with another
   * one is refused. Absent: the transport does not care about the client's clock.
   */
  readonly clock?: Clock
  readonly abilities: TransportAbilities
  send(request: TransportRequest, observer: ExchangeObserver): Exchange
  /** Subscribes to what happens to cached clients; returns the function that unsubscribes. */
  observe?(listener: (event: ClientLifecycleEvent) => void): () => void
  stats(): TransportStats
  /** Ends idle connections now and the others when their exchange ends. Resolves when nothing is left. */
  close(): Promise<void>
  /** Ends everything now: exchanges under way report an error. Resolves when no socket is left. */
  destroy(): Promise<void>
}
