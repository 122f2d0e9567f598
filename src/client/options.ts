import { type ConcurrencyOptions, concurrencyRules } from '../admission/concurrency-options.ts'
import type { PreviousResponseNotFoundHook } from '../call/not-found.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import {
  bytes,
  clockRule,
  flag,
  func,
  msOrOff,
  oneOf,
  section,
  sectionOr,
  whole,
  withMethods,
} from '../core/rule-kinds.ts'
import { copyByRules, type Rule, type Rules } from '../core/rules.ts'
import type { EndpointAffinity } from '../endpoints/affinity.ts'
import { addressRule, type EndpointOptions, endpointsRule } from '../endpoints/endpoint-options.ts'
import type { EndpointOf } from '../endpoints/endpoints.ts'
import { checkOptions, type OptionOwner } from '../errors/check-options.ts'
import type { Fleet } from '../fleet-port/fleet-port.ts'
import { HEDGE_ACCEPTS, type HedgeOptions, hedgeRules } from '../hedge/hedge-options.ts'
import { interruptionRule, labelRule, validateRule } from '../responses/request-options.ts'
import type { ClassifyHook } from '../retry/classify-hook.ts'
import { type RetryOptions, retryRules } from '../retry/retry-options.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import { headersRule } from '../transport/assert-header.ts'
import type { Transport } from '../transport/transport.ts'
import { connectionRules, maxHeaderBytesRule, type UndiciTransportOptions } from '../transport/undici/options.ts'
import { WEB_SOCKET_ACCEPTS, type WebSocketOptions, webSocketRules } from '../transport/websocket-options.ts'
import { type TimeoutOptions, timeoutRules } from '../watchdog/timeout-options.ts'
import type { HeadersOption } from './headers-option.ts'
import { type Instrumentation, instrumentationsRule } from './instrumentation-option.ts'

/** Limits on what an endpoint may send. Bytes; `0` for no limit. */
export interface LimitOptions {
  /**
   * The largest event of a stream. For `client.responses` also the largest output of a response. A larger one ends the
   * call without a retry, because a retry would receive the same. Default 64 MiB. `0`: the longest string of Node.
   */
  readonly eventBytes?: number | undefined
  /** How much is held back before the first output (see `commit`). More is handed over. Default 4 MiB. */
  readonly preludeBytes?: number | undefined
  /** The largest header block of an answer. Default 64 KiB. */
  readonly headerBytes?: number | undefined
}

export const limitRules = {
  eventBytes: { ...bytes, default: 64 * 1024 * 1024 },
  preludeBytes: { ...bytes, default: 4 * 1024 * 1024 },
  headerBytes: maxHeaderBytesRule,
} as const satisfies Rules<LimitOptions>

/** Options that `withOptions` can change: those of calls, not of connections. */
export interface CallOptions {
  /**
   * Sent as `Authorization: Bearer …` if the request has no such header, to the origin of `baseURL` only. Default:
   * none. No environment variable is read for it: use `apiKey: process.env.OPENAI_API_KEY`.
   */
  readonly apiKey?: string | undefined
  /** Added to requests to the origin of `baseURL` only. A header that a request already has is kept. Default: none. */
  readonly headers?: HeadersOption | undefined
  /**
   * Retries after the first attempt. Default 4; `0` turns them off; at most 1 000. Not counted: up to four reconnects in a
   * row to an endpoint to which no connection could be made (they take at least 5 s together; `0` turns them off, too), one
   * resend per call if a reused connection was closed before the request came, and one with a new token after a 401.
   */
  readonly maxRetries?: number | undefined
  /** How long to wait before a retry, and how many retries all calls to an origin may make together. */
  readonly retry?: RetryOptions | undefined
  /**
   * `true`: a call may be sent again although the endpoint may have acted on the first request. This concerns calls with
   * `conversation` or `background`, which would then have a turn or a response twice, and calls to other APIs that timed
   * out. Default `false`.
   */
  readonly retryUnknown?: boolean | undefined
  /** The deadlines of attempts and calls. Milliseconds; `0` turns one off. Each field has its default. */
  readonly timeouts?: TimeoutOptions | undefined
  /**
   * From when on events are handed over. Before that they are held back, so that a failure can be retried. `'progress'`
   * (default): from the first output of the model. `'first_event'`: from the first event of any kind.
   */
  readonly commit?: 'progress' | 'first_event' | undefined
  /**
   * `client.fetch` only: when events that are held back (see `commit`) are handed over at the latest, because SDKs stop
   * waiting for headers. Milliseconds from the start of the call, default 480 000; `0`: never. Must be below
   * `beforeCommitMs`.
   *
   * A call without a further retry (`maxRetries: 0`, all used up, a body that can be read once) holds back no events, unless this
   * is `0`.
   */
  readonly commitAfterMs?: number | undefined
  /** `client.fetch` only: a call that has no event this long after its start fails. Milliseconds, default 540 000; `0`: never. */
  readonly beforeCommitMs?: number | undefined
  /**
   * `client.fetch` only: how a stream ends that breaks after events were handed over. `'error'` (default): reading the body
   * rejects. `'sse_error'`: the body ends with an SSE `error` event, after which `streamRetries` of the AI SDK begin.
   * `docs/sdks.md` shows what each SDK does.
   */
  readonly streamFailure?: 'error' | 'sse_error' | undefined
  /**
   * Called when the endpoint says that it does not know `previous_response_id`. If an attempt was lost before, the request is
   * first sent once more. Never called for a lost connection. May return the body of a new request, at most once in a call, or
   * `undefined`. Has to settle within 30 s (`hook_failed`). Default: none, and the call fails with the endpoint's answer.
   */
  readonly onPreviousResponseNotFound?: PreviousResponseNotFoundHook | undefined
  /**
   * Says what a failure that a gateway reports means: `'connection'` (retry at once), `'pushback'` (retry after a wait),
   * `'final'` (no retry), or `undefined` (the library decides). Called once for each error status and each failure inside a
   * stream. Not asked after `x-should-retry: false`, a used-up quota or credit, or a `previous_response_not_found`. A retry
   * also needs all else that retries need: `maxRetries`, the budget, a request that may be sent again. Must return at once: a
   * throw or a promise counts as `undefined`, and the telemetry event `classify_failed` reports it. Default: none.
   */
  readonly classify?: ClassifyHook | undefined
  /**
   * `client.fetch` only: a Responses call without `stream: true` is sent as a stream, and its result returned as JSON. So every
   * deadline works, a failure can be retried until the end, and endpoints that only stream can be used. Where the endpoint
   * refuses to stream, the call is sent again as it came. Default `false`.
   */
  readonly upgradeToStream?: boolean | undefined
  /**
   * `client.responses` only: which events are checked. `'report'` (default): terminal events and those without output. The
   * telemetry event `event_problem` reports a wrong one, which is delivered all the same. `'strict'`: all events; a wrong one ends the
   * call with `invalid_event`. `'off'`: no events.
   */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
  /**
   * `client.responses.stream` only: what happens when a stream breaks after output. `'error'` (default): it throws.
   * `'restart'`: after the event `stream.restarted`, which makes earlier output void, another attempt begins. Can be set for
   * one stream, whose type then has that event.
   */
  readonly interruption?: 'error' | 'restart' | undefined
  /**
   * A hedge is a second attempt on another connection, beside an attempt that is silent for longer than is likely. The first
   * one with output wins, and the others end. Only streams that are safe to send again are hedged. A hedge can cost a second
   * generation, and `maxRetries` does not count it.
   *
   * `'auto'` (default): only at an origin on the public Internet that within the last hour has sent 20 first events and left
   * one attempt without an event. At most two hedges per call. Not with `maxRetries: 0`. All conditions: `docs/tail.md`.
   *
   * `true` or `HedgeOptions`: at every origin, from the first call. `ttfbMs: 'auto'` is then at least 180 s, and 600 s at
   * high effort. `false`: never.
   */
  readonly hedge?: 'auto' | boolean | HedgeOptions | undefined
  /**
   * A name for the calls in telemetry, for example that of their task: `client.withOptions({ label: 'compression' })`. A call of
   * `client.responses` may have another one. Metrics are split by it: use few values, and no text of users. 1 to 100
   * characters. It is not sent. Default: none.
   */
  readonly label?: string | undefined
  /** How much an endpoint may send. A view cannot change `headerBytes`, because it shares the connections. */
  readonly limits?: LimitOptions | undefined
  /** Called with every `TelemetryEvent`, during the call. Errors that it throws are ignored. Default: none. */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined
  /**
   * Objects that watch the calls: each gets the telemetry events that it wants, after `onEvent` and in this order, and may add headers to
   * every attempt. Default: none. A view inherits them; a list given to a view replaces them. Without any listener no
   * telemetry events are made.
   */
  readonly instrumentations?: readonly Instrumentation[] | undefined
}

const apiKeyRule: Rule<string> = {
  accepts: 'a string that is not empty; leave it out if no key is needed',
  test: (value) => typeof value === 'string' && value !== '',
  secret: true,
}

/** The rules of the options that a view can change. */
export const callRules = {
  apiKey: apiKeyRule,
  headers: {
    ...headersRule,
    accepts: 'an object of strings, or a function that returns one (or a promise of one)',
    test: (value) => typeof value === 'function' || headersRule.test(value),
  },
  maxRetries: { ...whole(0, 1000), default: 4 },
  retry: section(retryRules),
  retryUnknown: { ...flag, default: false },
  hedge: { ...sectionOr(['auto', true, false], HEDGE_ACCEPTS, hedgeRules), default: 'auto' },
  timeouts: section(timeoutRules),
  commit: { ...oneOf('progress', 'first_event'), default: 'progress' },
  commitAfterMs: { ...msOrOff, default: 480_000 },
  beforeCommitMs: { ...msOrOff, default: 540_000 },
  streamFailure: { ...oneOf('error', 'sse_error'), default: 'error', formerly: 'onStreamFailure' },
  upgradeToStream: { ...flag, default: false },
  onPreviousResponseNotFound: func(),
  classify: func("a function that returns 'connection', 'pushback', 'final' or undefined"),
  validate: { ...validateRule, default: 'report' },
  interruption: { ...interruptionRule, default: 'error' },
  label: labelRule,
  limits: section(limitRules),
  onEvent: func(),
  instrumentations: instrumentationsRule,
} as const satisfies Rules<CallOptions>

/**
 * Options of a `ResilientClient`. All are optional, checked by the constructor, copied, and never written to. The
 * environment variables `RESILIENT_RESPONSES_TTFB_TIMEOUT_MS`, `…_IDLE_TIMEOUT_MS`, `…_STALE_TIMEOUT_MS` and
 * `…_MAX_RETRIES` replace options that are not given.
 */
export interface ResilientClientOptions
  extends CallOptions,
    Pick<UndiciTransportOptions, 'isolation' | 'keepAliveMs' | 'warm' | 'warmMs' | 'maxConnections' | 'proxy' | 'tls'> {
  /**
   * The address to which `client.responses` adds its paths. Its origin is the one that gets `apiKey` and `headers`. If it has
   * a query (`https://x.example/openai/v1?api-version=preview`), each request of `client.responses` has it, too. Requests of
   * `client.fetch` keep their own address. Default `https://api.openai.com/v1`.
   */
  readonly baseURL?: string | undefined
  /**
   * Several endpoints that answer the same calls, instead of one `baseURL`. Address every call to the first one. The client
   * sends each attempt to one that has not failed lately, by `weight`; a retry or a hedge goes to another one if possible. A
   * call with `previous_response_id` goes to the endpoint where that response was made.
   */
  readonly endpoints?: readonly EndpointOptions[] | undefined
  /**
   * Names the owner of a response or a conversation that this client has not seen: the `baseURL` of one of `endpoints`,
   * or a promise of it, which has to settle within 30 s. If it throws, the call fails with `hook_failed`. If the owner of a
   * `previous_response_id` is not known, the call fails with `StateNotPortableError`, or `onPreviousResponseNotFound` rebuilds
   * it. Default: none.
   */
  readonly endpointOf?: EndpointOf | undefined
  /** Returns a text for a call. Calls with the same text go to the same one of `endpoints`: `EndpointAffinity`. Default: none. */
  readonly endpointAffinity?: EndpointAffinity | undefined
  /**
   * Limits how many calls run at a time, and how fast they begin. Without this option no call waits. With `{}` calls wait when a
   * rate limit of the endpoint is nearly used up (`pace`). Requests that resume a response never wait.
   */
  readonly concurrency?: ConcurrencyOptions | undefined
  /** `redisFleet(redis, { name })` of `resilient-responses/fleet`: shares limits and pushbacks with other processes. Default: none. */
  readonly fleet?: Fleet | undefined
  /**
   * Performs the exchanges. Default: connections over undici. A given transport belongs to the caller: `close()` and
   * `destroy()` of the client do not close it.
   */
  readonly transport?: Transport | undefined
  /**
   * `true`, or `WebSocketOptions`: streaming Responses calls, of `client.fetch` too, go over WebSockets that stay open, and send
   * only what the server of a socket does not have yet. HTTP is used for all other calls, and for endpoints without WebSockets.
   * A response made on a socket with `store: false` can be continued only on that socket. If the socket is closed,
   * `onPreviousResponseNotFound` is called, or the call fails with `PreviousResponseNotFoundError`. Default `false`.
   */
  readonly webSocket?: boolean | WebSocketOptions | undefined
  /**
   * The source of time and timers. Default: the clock of `transport` if it has one (a `FakeTransport`), else the system clock.
   * The system clock uses the global timers of the moment, so fake timers work. A clock other than that of `transport` is
   * refused.
   */
  readonly clock?: Clock | undefined
  /** Returns random numbers from 0 to below 1, for waits and for the choice of endpoints. Default: `Math.random`. */
  readonly random?: Random | undefined
}

/** The rules of all client options. Those of a mechanism are defined with it. */
export const clientRules = {
  baseURL: addressRule,
  ...callRules,
  endpoints: endpointsRule,
  endpointOf: func(),
  endpointAffinity: func(),
  concurrency: section(concurrencyRules),
  fleet: withMethods(['join'], 'redisFleet(redis, { name }) of resilient-responses/fleet'),
  ...connectionRules,
  transport: withMethods(
    ['send', 'stats', 'close', 'destroy'],
    'a transport: undiciTransport(options), fetchTransport(fetch), or a FakeTransport',
  ),
  webSocket: { ...sectionOr([true, false], WEB_SOCKET_ACCEPTS, webSocketRules), default: false },
  clock: clockRule,
  random: func('a function that returns a number from 0 to below 1'),
} as const satisfies Rules<ResilientClientOptions>

/**
 * Checks the options of a client. Returns copies of all objects, so that the caller's objects are not changed or
 * shared.
 *
 * @throws ConfigurationError for the first value that is not accepted.
 */
export function parseOptions(options: unknown): ResilientClientOptions {
  checkOptions(options, clientRules)
  return copyByRules(options as ResilientClientOptions, clientRules)
}

const VIEW: OptionOwner = {
  unknown: (name, { known }) =>
    `withOptions: ${name} cannot be changed in a view; accepted are ${known.join(', ')}. Create another ResilientClient for other connections.`,
}

/**
 * Checks the options of `withOptions`.
 *
 * @throws ConfigurationError also for options of what views share.
 */
export function parseViewOptions(options: unknown): CallOptions {
  checkOptions(options, callRules, VIEW)
  return copyByRules(options as CallOptions, callRules)
}
