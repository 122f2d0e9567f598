import type { AttemptRecord } from '../errors/attempt-record.ts'
import type { Failure } from '../errors/failure.ts'
import type { AttemptStartEvent } from '../telemetry/events.ts'
import type { HeaderPairs, RequestBody, SocketConnection, Transport, TransportRequest } from '../transport/transport.ts'
import type { LatencyTraits, TimeoutSettings } from '../watchdog/deadlines.ts'

/** What is told of how an attempt is sent. */
export type SentFacts = Pick<AttemptStartEvent, 'sent' | 'bytesWhole' | 'bytesSent' | 'wholeBecause'>

/** How an attempt goes out. */
export type SocketPlan =
  | { readonly kind: 'http'; readonly facts: SentFacts }
  | {
      readonly kind: 'socket'
      readonly transport: Transport
      readonly connection: SocketConnection
      readonly facts: SentFacts
    }
  /** The request continues a response that cannot be continued any more. Nothing can be sent. */
  | { readonly kind: 'lost'; readonly why: string }

/** What the end of an attempt on a socket means for its call; `undefined`: what any failure means. */
export type SocketVerdict =
  /** At once, the same request on another way. `isUnprocessed`: the endpoint has done nothing for it. */
  | { readonly kind: 'again'; readonly isUnprocessed: boolean }
  | { readonly kind: 'lost'; readonly why: string }
  | undefined

/** The ways of one call, over sockets and over HTTP. */
export interface SocketRoute {
  /** The call continues a response that one socket's server keeps, and no other: it is sent there, once. */
  readonly isStrict: boolean
  plan(attempt: {
    readonly url: URL
    readonly headers: HeaderPairs
    readonly isHedge: boolean
    /** The credential was replaced since the attempt before. */
    readonly isRefreshed: boolean
  }): SocketPlan
  /** @param willRefresh a refused credential will be replaced. */
  after(attempt: EndedAttempt, failed: Failure, willRefresh: boolean): SocketVerdict
}

export interface EndedAttempt {
  readonly request: Pick<TransportRequest, 'connection'>
  readonly record: AttemptRecord | undefined
}

/** The call whose ways they are. */
export interface RoutedCall {
  readonly request: Pick<TransportRequest, 'method' | 'dispatcher'>
  /** Changes where the caller rebuilds the request. */
  readonly effective: {
    readonly body: RequestBody
    readonly traits: {
      readonly latency: Pick<LatencyTraits, 'kind'>
      readonly continuation: boolean
      readonly continues: string | undefined
    }
  }
  readonly context: { readonly timeouts: Pick<TimeoutSettings, 'connectMs'> }
}

/** The WebSockets of a client. */
export interface SocketRouting {
  /** `undefined` for a call that has no use for a socket. */
  routeOf(call: RoutedCall): Promise<SocketRoute | undefined>
}

/** Thrown in the place of an attempt that cannot be made: see `SocketPlan`. */
export class LostOnSocket extends Error {
  readonly headers: HeaderPairs
  readonly url: URL

  constructor(why: string, { url, headers }: { readonly url: URL; readonly headers: HeaderPairs }) {
    super(why)
    this.url = url
    this.headers = headers
  }
}
