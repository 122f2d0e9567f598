import type { AttemptRecord } from '../errors/attempt-record.ts'
import type { Failure } from '../errors/failure.ts'
import type { AttemptStartEvent } from '../telemetry/events.ts'
import type { HeaderPairs, RequestBody, SocketConnection, Transport, TransportRequest } from '../transport/transport.ts'
import type { LatencyTraits, TimeoutSettings } from '../watchdog/deadlines.ts'

/** How an attempt is sent, for telemetry. */
export type SentFacts = Pick<AttemptStartEvent, 'sent' | 'bytesWhole' | 'bytesSent' | 'wholeBecause'>

/** How an attempt is sent. */
export type SocketPlan =
  | { readonly kind: 'http'; readonly facts: SentFacts }
  | {
      readonly kind: 'socket'
      readonly transport: Transport
      readonly connection: SocketConnection
      readonly facts: SentFacts
    }
  /** The request continues a response that can no longer be continued. Nothing can be sent. */
  | { readonly kind: 'lost'; readonly why: string }

/** How the call continues after an attempt on a socket failed; `undefined`: as after any failure. */
export type SocketVerdict =
  /** At once, the same request on another way. `isUnprocessed`: the endpoint has done nothing for it. */
  | { readonly kind: 'again'; readonly isUnprocessed: boolean }
  | { readonly kind: 'lost'; readonly why: string }
  | undefined

/** Decides how the attempts of one call are sent: over which socket, or over HTTP. */
export interface SocketRoute {
  /** The call continues a response that only the server of one socket keeps. It is sent to that socket, once. */
  readonly isStrict: boolean
  plan(attempt: {
    readonly url: URL
    readonly headers: HeaderPairs
    readonly isHedge: boolean
    /** The credential was replaced since the previous attempt. */
    readonly isRefreshed: boolean
  }): SocketPlan
  /** @param willRefresh a refused credential will be replaced. */
  after(attempt: EndedAttempt, failed: Failure, willRefresh: boolean): SocketVerdict
}

export interface EndedAttempt {
  readonly request: Pick<TransportRequest, 'connection'>
  readonly record: AttemptRecord | undefined
}

/** The call whose attempts are planned. */
export interface RoutedCall {
  readonly request: Pick<TransportRequest, 'method' | 'dispatcher'>
  /** Changes if the caller rebuilds the request. */
  readonly effective: {
    readonly body: RequestBody
    /** May be sent again after a failure, so it may use a connection that has carried other requests. */
    readonly isRepeatable: boolean
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
  /** @returns `undefined` for a call that always uses HTTP. */
  routeOf(call: RoutedCall): Promise<SocketRoute | undefined>
}

/** Thrown if an attempt cannot be made: see `SocketPlan`. */
export class LostOnSocket extends Error {
  readonly headers: HeaderPairs
  readonly url: URL

  constructor(why: string, { url, headers }: { readonly url: URL; readonly headers: HeaderPairs }) {
    super(why)
    this.url = url
    this.headers = headers
  }
}
