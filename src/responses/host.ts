import type { CallContext, HeaderAsk } from '../call/call-request.ts'
import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { EndpointAffinity } from '../endpoints/affinity.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { Limit } from '../watchdog/deadlines.ts'

/** What the Responses API needs from its client. */
export interface ResponsesHost {
  readonly baseURL: URL
  readonly clock: Clock
  readonly telemetry: TelemetryEmitter
  readonly maxRetries: number
  readonly staleMs: Limit
  readonly totalMs: Limit
  /** `limits.eventBytes`. `0`: no limit. */
  readonly maxEventBytes: number
  readonly validate: 'off' | 'report' | 'strict'
  readonly interruption: 'error' | 'restart'
  /** The transport makes the connections, and sets their headers (`host`, `content-length`) itself. */
  readonly choosesConnection: boolean
  /** The default for calls without a label. */
  readonly label: string | undefined
  readonly endpointAffinity: EndpointAffinity | undefined
  /** @throws ClientClosedError after the client was closed. */
  assertOpen(): void
  /** The client's headers for one call, in the current asynchronous context. */
  headersOfCall(): { get(ask: HeaderAsk & { readonly method: string }): Promise<HeaderPairs> }
  readonly canRefresh: boolean
  /** The context of a call of this face. */
  contextFor(
    origin: string,
    face: Pick<CallContext, 'restartable'> & { readonly commitAt?: 'first_event' },
  ): CallContext
  /** Registers a call as running. */
  begin(scope: AbortScope): void
  /**
   * Registers something that may take several calls as running. Returns the function that ends this. An abort ends it,
   * too.
   */
  hold(scope: AbortScope): () => void
}
