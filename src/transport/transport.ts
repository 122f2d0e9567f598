import type { Clock } from '../core/clock.ts'
import type { ClientLifecycleEvent } from '../telemetry/events.ts'

export type { ClientLifecycleEvent }

/**
 * The transport port: one exchange with an endpoint. Adapters: undici (our own connections), an existing `fetch`, the
 * fake one of `resilient-responses/testing`. A transport moves bytes and reports facts. It decides nothing about
 * deadlines or retries.
 */

/** The body of a request. A `stream` is opened once per attempt. Only a `replayable` one may be opened again. */
export type RequestBody =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'bytes'
      readonly bytes: Uint8Array
      /** The bytes are the UTF-8 of a text that the caller gave. */
      readonly isText?: boolean
      /** See `given` of a stream. */
      readonly given?: GivenBody
    }
  | {
      readonly kind: 'stream'
      readonly replayable: boolean
      /** Bytes, if known: sent as `content-length`. Otherwise the body is sent in chunks. */
      readonly length: number | undefined
      /**
       * The caller's body, or a copy that the caller cannot change: a `FormData`, a `Blob`, `URLSearchParams`, an
       * `ArrayBuffer`. Kept only for transports that pass it on (`TransportAbilities.takesCallersForm`).
       */
      readonly given?: GivenBody
      open(): AsyncIterable<Uint8Array>
    }

/** A body of `fetch` that is not a text, bytes or a stream. */
export type GivenBody = FormData | Blob | URLSearchParams | ArrayBuffer

/** How the caller of a `fetch` wrote the request. Everything in `TransportRequest` overrides it. */
export interface CallersForm {
  /** The address in `input`. A redirect or another endpoint has a different one. */
  readonly url: URL
  readonly input: string | URL | Request
  /** A shallow copy, without the body and the signal. */
  readonly init: Readonly<Record<string, unknown>> | undefined
}

/** Headers in their order. Names are in lower case; a name may come more than once. */
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

/** One request of one attempt, ready to be sent. */
export interface TransportRequest {
  readonly url: URL
  readonly method: string
  /** Lower-case names, final values. The transport sets `content-length`, `host` and `connection`. */
  readonly headers: HeaderPairs
  readonly body: RequestBody
  /**
   * `fresh`: a connection that never carried a request, where the transport can choose (see `TransportAbilities`). A socket
   * is handed only to the transport that has leased it.
   */
  readonly connection: 'any' | 'fresh' | SocketConnection
  /** A caller's undici dispatcher (`init.dispatcher`). It is used, but never closed or destroyed. */
  readonly dispatcher?: unknown
  /** Set for calls of the drop-in fetch over a transport with `TransportAbilities.takesCallersForm`. */
  readonly callersForm?: CallersForm | undefined
  /**
   * The caller's own signal, if its response may be handed out untouched (`takeResponse`): that response must continue
   * to obey it. Everything else is ended by `destroy()`.
   */
  readonly signal?: AbortSignal | undefined
  /** The number of the attempt, from 1, for transports that script or record. */
  readonly attempt: number
}

/** The connection of an exchange. */
export interface ConnectionInfo {
  /** Generation of the cached client that carries the exchange, from 1. 0 without a cache. */
  readonly generation: number
  /** Whether the connection carried another request before. */
  readonly reused: boolean
  /** Identifies the connection within its transport. `undefined` if the transport cannot see connections. */
  readonly connectionId: number | undefined
}

/** The status and the headers of an answer. */
export interface ResponseHead {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderPairs
  /** The address of the answer, if the transport followed redirects. */
  readonly url?: string
  readonly redirected?: boolean
}

/**
 * What an exchange reports, in this order, each step at most once except `sending` and `data`. Nothing is reported
 * after `end` or `error`, or after the exchange was destroyed or drained. No method is called before `send` has
 * returned.
 */
export interface ExchangeObserver {
  /** A connection is being opened. Not called for an open one. */
  connecting(): void
  connected(info: ConnectionInfo): void
  /** The operating system accepted part of the request. */
  sending(): void
  /** The whole request was written. */
  sent(): void
  head(head: ResponseHead): void
  /**
   * Decoded body bytes, never empty. All bytes of one socket read come as one chunk. The receiver may keep it, but not
   * transfer its buffer, which may be shared.
   */
  data(chunk: Uint8Array): void
  end(): void
  /** The exchange failed. If the connection is the cause, its client is already poisoned. */
  error(error: unknown): void
}

/** A running exchange. Its lease ends exactly once: at the end, on failure, or by `destroy` or `drain`. */
export interface Exchange {
  /** Stops reading. Bytes of the last socket read may still be delivered. */
  pause(): void
  resume(): void
  /** Ends the exchange at once and destroys its connection, even while connecting. Idempotent. */
  destroy(): void
  /**
   * The receiver has all it needs. The rest is read in the background, for at most 100 ms and 64 KB, and the connection
   * is kept if it ended cleanly by then. Idempotent.
   */
  drain(): void
  /** Poisons the client of this exchange: it gets no new lease. Does not end the exchange. */
  poison(reason: string): void
  /**
   * To be called while the head is reported. Reads a copy of the body, so that `takeResponse` still gives the whole
   * response after the end. For transports with a `Response`.
   */
  readCopy?(): void
  /**
   * The untouched `Response` of the last reported head, for transports that have one. The exchange ends without reading
   * it, and the caller of this method owns its body.
   */
  takeResponse?(): Response
}

/** What a transport can promise. `docs/transports.md` has the table. */
export interface TransportAbilities {
  /** Reports `connecting` and `connected`, so that `connectMs` can be enforced. */
  readonly seesConnect: boolean
  /** Reports `sending` and `sent`. Otherwise the request counts as written at once. */
  readonly seesSent: boolean
  /** Honours `connection: 'fresh'`. */
  readonly choosesConnection: boolean
  /**
   * Passes requests to a `fetch`, in the caller's form. That fetch adds its own headers (`accept`, `accept-encoding`,
   * `user-agent`, the `content-type` of a body), so the client adds none. Default `false`.
   */
  readonly takesCallersForm?: boolean
}

/** Counts of a transport, at this moment. */
export interface TransportStats {
  /** Open or opening connections. */
  readonly connections: number
  readonly idleConnections: number
  /** Exchanges that hold a lease. */
  readonly leases: number
  /** Clients in the cache, including poisoned ones that still have a lease. */
  readonly clients: number
}

/** Performs exchanges: moves bytes, and reports facts. Deadlines, retries and all other mechanisms work above it. */
export interface Transport {
  readonly name: string
  /**
   * The clock of a transport that simulates time. A client without a clock uses it; a client with another clock is
   * refused. Absent: any clock.
   */
  readonly clock?: Clock
  readonly abilities: TransportAbilities
  send(request: TransportRequest, observer: ExchangeObserver): Exchange
  /** Subscribes to events of cached clients. Returns the function that unsubscribes. */
  observe?(listener: (event: ClientLifecycleEvent) => void): () => void
  stats(): TransportStats
  /** Ends idle connections now and the others when their exchange ends. Resolves when nothing is left. */
  close(): Promise<void>
  /** Ends everything now: running exchanges report an error. Resolves when no socket is left. */
  destroy(): Promise<void>
}
