/**
 * The public face. Deliberately not exported: the call loop, the retry decisions, the watchdog and the SSE tap. They are
 * reached through options and seen through telemetry, so that they can change without breaking anyone.
 */
export type { ConcurrencyOptions } from './admission/concurrency-options.ts'
export {
  ClientCache,
  type ClientCacheEvent,
  type ClientCacheOptions,
  type ClientCacheStats,
  type ClientLease,
} from './cache/client-cache.ts'
export type { PreviousResponseNotFoundContext, PreviousResponseNotFoundHook } from './call/not-found.ts'
export { createResilientFetch, type ResilientFetch } from './client/create-resilient-fetch.ts'
export { type ExplainOptions, explain } from './client/explain.ts'
export { findResilientError } from './client/find.ts'
export { findEndpoint } from './client/find-endpoint.ts'
export type { HeadersContext, HeadersOption } from './client/headers-option.ts'
export type { Instrumentation } from './client/instrumentation-option.ts'
export type { CallOptions, LimitOptions, ResilientClientOptions } from './client/options.ts'
export { ResilientClient, type ResilientClientStats } from './client/resilient-client.ts'
export type { Clock, TimerHandle } from './core/clock.ts'
export type { Random } from './core/random.ts'
export type { EndpointOptions } from './endpoints/endpoint-options.ts'
export type { DeadlineName, ErrorCode, RetryLane } from './errors/catalog.ts'
export {
  type AttemptPhase,
  type AttemptRecord,
  type AttemptTransport,
  ClientClosedError,
  ConfigurationError,
  ConnectionError,
  type Continuity,
  DeadlineError,
  type DeadlineInfo,
  type GiveUpReason,
  type HedgeCause,
  isResilientError,
  type PartialOutput,
  PreviousResponseNotFoundError,
  ProtocolError,
  type ReplaySafety,
  RequestError,
  ResilientError,
  type ResilientErrorDetails,
  StateNotPortableError,
  StreamInterruptedError,
  UnsupportedByEndpointError,
  UpstreamError,
  type UpstreamWords,
} from './errors/errors.ts'
export type { Fleet } from './fleet-port/fleet-port.ts'
export type { HedgeOptions } from './hedge/hedge-options.ts'
export { ResponseFailedError } from './responses/failed-error.ts'
export { ResponseStream, type ResponseStreamIterator } from './responses/response-stream.ts'
export type {
  CreateOptions,
  RequestOptions,
  Responses,
  ResumeOptions,
  StreamOptions,
} from './responses/responses.ts'
export type * from './responses/schema/content.ts'
export type {
  CodexEvent,
  EventByType,
  EventType,
  KnownResponseEvent,
  SnapshotEvent,
} from './responses/schema/events.ts'
export type * from './responses/schema/hosted-tool-items.ts'
export type { ResponseStreamEvent, UnknownEvent } from './responses/schema/index.ts'
export { isKnownEvent } from './responses/schema/index.ts'
export type * from './responses/schema/input-items.ts'
export type * from './responses/schema/item-state.ts'
export type * from './responses/schema/output-items.ts'
export type * from './responses/schema/request.ts'
export type * from './responses/schema/response.ts'
export type * from './responses/schema/settings.ts'
export type * from './responses/schema/shell-items.ts'
export type * from './responses/schema/tools.ts'
export type { StreamRestartedEvent } from './responses/session-events.ts'
export type { RetryBudgetOptions } from './retry/budget.ts'
export type { Classification, ClassifyHook, SeenFailure } from './retry/classify-hook.ts'
export type { RetryOptions } from './retry/retry-options.ts'
export type * from './telemetry/events.ts'
export { type FetchFunction, type FetchTransportOptions, fetchTransport } from './transport/fetch-transport.ts'
export type * from './transport/transport.ts'
export type { TlsOptions } from './transport/undici/tls-options.ts'
export { type UndiciTransportOptions, undiciTransport } from './transport/undici/undici-transport.ts'
export type { WebSocketOptions } from './transport/websocket-options.ts'
export type { TimeoutOptions } from './watchdog/timeout-options.ts'
