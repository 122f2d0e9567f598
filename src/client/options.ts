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
   * One event of a stream, and on the typed faces also the output of one response, rebuilt from its events. Above the
   * limit the call fails without a retry, which would receive the same again. Default 64 MiB. With `0` the longest
   * string of Node is the limit.
   */
  readonly eventBytes?: number | undefined
  /** The events held back before the commit. A larger prelude is handed over. Default 4 MiB. */
  readonly preludeBytes?: number | undefined
  /** The header block of an answer. Default 64 KiB. */
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
  /** Added where the request has no header of that name. Sent to the origin of `baseURL` only. */
  readonly headers?: HeadersOption | undefined
  /**
   * Retries in addition to the first attempt. Default 4; `0` turns them off; at most 1 000. Failures to connect, where
   * nothing was sent, are counted separately: up to four consecutive reconnects to an endpoint, over at least 5 s.
   */
  readonly maxRetries?: number | undefined
  /** Pauses before retries, and the budget that limits the retries of all calls together. Each field has its default. */
  readonly retry?: RetryOptions | undefined
  /**
   * Whether calls with `conversation` or `background` may be sent again when the endpoint may have acted on them.
   * Default `false`: a second request could double a turn.
   */
  readonly retryUnknown?: boolean | undefined
  /** The deadlines of attempts and calls. Milliseconds; `0` turns one off. Each field has its default. */
  readonly timeouts?: TimeoutOptions | undefined
  /**
   * When output is handed over, after which there are no retries: `'progress'` (default) at the first output of the
   * model, `'first_event'` at the first event of any kind.
   */
  readonly commit?: 'progress' | 'first_event' | undefined
  /**
   * Drop-in only: a prelude is handed over at the latest this long after the start of the call, because hosts stop
   * waiting for headers. Milliseconds, default 480 000; `0`: never. Must be below `beforeCommitMs`.
   *
   * A call that has no retry left (`maxRetries: 0`, all used up, a body that can be read once) hands it over at its first event,
   * unless this is `0`.
   */
  readonly commitAfterMs?: number | undefined
  /** Drop-in only: a call without a first event ends this long after its start. Milliseconds, default 540 000; `0`: never. */
  readonly beforeCommitMs?: number | undefined
  /**
   * Drop-in only: how a stream that breaks after the commit ends. `'error'` (default): reading rejects. `'sse_error'`: the
   * body ends with an SSE `error` event, on which the AI SDK's `streamRetries` act. What each host does: `docs/hosts.md`.
   */
  readonly streamFailure?: 'error' | 'sse_error' | undefined
  /**
   * Called when the endpoint genuinely does not know `previous_response_id`. May return a request body without it,
   * which is used once. Not called for a lost connection; after a lost attempt the endpoint is first asked again.
   * Default: none, and the endpoint's answer is returned.
   */
  readonly onPreviousResponseNotFound?: PreviousResponseNotFoundHook | undefined
  /**
   * Classifies failures of a gateway that the library does not know: `'connection'` (reconnect at once), `'pushback'`
   * (back off, after the endpoint's hint) or `'final'` (no retry); `undefined` leaves the decision to the library.
   * Called once for each error status and each failure inside a stream, before the retry is decided. Overruled by
   * `x-should-retry: false`, by codes of quota and money, and by a genuine `previous_response_not_found`. `maxRetries`,
   * the budget, replay safety and the commit still apply. Must return at once: a throw or a promise counts as
   * `undefined` and is reported as `classify_failed`. Default: none.
   */
  readonly classify?: ClassifyHook | undefined
  /**
   * Drop-in only: a Responses call with `stream: false` streams internally, so that every deadline works and every
   * failure before the end is retried. Its stream is folded into JSON. Default `false`. Also makes whole responses
   * available from endpoints that only stream.
   */
  readonly upgradeToStream?: boolean | undefined
  /**
   * Typed faces only: which events are checked. `'report'` (default): lifecycle and terminal events; a mismatch is
   * reported as `event_problem`, and the event is delivered. `'strict'`: all events; a mismatch throws. `'off'`: none.
   */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
  /**
   * `client.responses.stream` only: what happens when a stream breaks after output. `'error'` (default) throws;
   * `'restart'` tries again after a `stream.restarted` event. Can also be set for each stream, which then has that
   * event in its type.
   */
  readonly interruption?: 'error' | 'restart' | undefined
  /**
   * Starts a second attempt on a new connection beside one that is silent for suspiciously long. The first progress
   * wins, and the other attempts end at once. Only for streams that are safe to send again, and not within 30 s of a
   * pushback. A hedge can cost a second generation. `maxRetries` does not count it.
   *
   * Default `'auto'`: hedges only where the origin has, within the hour, shown 20 first events and one attempt that was
   * dead on arrival. Never at loopback or private addresses, or at names of private networks. At most two hedges per
   * call. Not with `maxRetries: 0`, on the flex or priority tier, with a hosted tool that acts or costs by itself, with
   * a transport that cannot choose its connections, or while less than a tenth of a rate limit is left. At most one in
   * ten calls loses a hedge; a large input counts for more (tokens / 10 000).
   *
   * `true` or `HedgeOptions`: hedges at every origin, from the first call on. `ttfbMs: 'auto'` is then at least 180 s,
   * and 600 s at high effort. `false`: never.
   */
  readonly hedge?: 'auto' | boolean | HedgeOptions | undefined
  /**
   * Names the calls in telemetry, for example by the task that they belong to: `client.withOptions({ label: 'compression' })`. A
   * call of `client.responses` may have its own. It is a dimension of metrics: use few values, and no text of users. At most 100
   * characters; nothing of it is sent. Default: none.
   */
  readonly label?: string | undefined
  /** `headerBytes` belongs to connections, so it is accepted by a client and refused in a view. */
  readonly limits?: LimitOptions | undefined
  /** Called with every `TelemetryEvent`. Errors are ignored. */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined
  /**
   * Objects that watch the calls: each gets the events that it wants, after `onEvent` and in this order, and may add headers to
   * every attempt. Default: none. A view inherits them; a list given to a view replaces them. Without any listener no
   * events are made.
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
   * The address before the path of every request of `client.responses`, and the origin that gets `apiKey` and
   * `headers`. A query, as in `https://x.example/openai/v1?api-version=preview`, is added to each of those requests.
   * Drop-in requests keep their own address. Default `https://api.openai.com/v1`.
   */
  readonly baseURL?: string | undefined
  /**
   * Several endpoints that answer the same calls, instead of one `baseURL`. Address calls to the first. Each attempt
   * goes to a healthy one, by weight; a retry or a hedge goes to another one if possible. A call with
   * `previous_response_id` goes to the endpoint where that response was made.
   */
  readonly endpoints?: readonly EndpointOptions[] | undefined
  /**
   * Names the owner of a response or a conversation that this client has not seen: the `baseURL` of one of `endpoints`,
   * or a promise of it. May take 30 s. If it throws, the error is the `cause` of a `RequestError` `hook_failed`.
   * Without an owner such a call fails with `StateNotPortableError`, unless `onPreviousResponseNotFound` rebuilds it.
   */
  readonly endpointOf?: EndpointOf | undefined
  /** Calls for which it returns the same text go to the same one of `endpoints`; see `EndpointAffinity`. Default: none. */
  readonly endpointAffinity?: EndpointAffinity | undefined
  /**
   * Limits concurrent calls and how fast they begin. Default: only rate limits of the endpoint slow calls down.
   * Requests that resume a response do not wait.
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
   * `true`, or `WebSocketOptions`: streaming requests of responses go over warm WebSockets, those of `client.fetch` included,
   * and send only what the server of a socket does not have yet. Whatever cannot go there, and every endpoint that does not
   * upgrade, gets HTTP as before. A response made with `store: false` on a socket can be continued on that socket alone: where
   * it is gone, `onPreviousResponseNotFound` is asked, or the call fails with `PreviousResponseNotFoundError`. Default `false`.
   */
  readonly webSocket?: boolean | WebSocketOptions | undefined
  /**
   * Default: the clock of `transport` if it has one (a `FakeTransport`), else the system clock, which looks the global
   * timers up on each call, so that fake timers work. A clock other than that of `transport` is refused.
   */
  readonly clock?: Clock | undefined
  /** Default: `Math.random`. */
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
