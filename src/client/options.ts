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
import { addressRule, type EndpointOptions, endpointsRule } from '../endpoints/endpoint-options.ts'
import type { EndpointOf } from '../endpoints/endpoints.ts'
import { checkOptions, type OptionOwner } from '../errors/check-options.ts'
import { HEDGE_ACCEPTS, type HedgeOptions, hedgeRules } from '../hedge/hedge-options.ts'
import { interruptionRule, validateRule } from '../responses/request-options.ts'
import type { ClassifyHook } from '../retry/classify-hook.ts'
import { type RetryOptions, retryRules } from '../retry/retry-options.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import { headersRule } from '../transport/assert-header.ts'
import type { Transport } from '../transport/transport.ts'
import { connectionRules, maxHeaderBytesRule } from '../transport/undici/options.ts'
import type { TlsOptions } from '../transport/undici/tls-options.ts'
import { type TimeoutOptions, timeoutRules } from '../watchdog/timeout-options.ts'
import type { HeadersOption } from './headers-option.ts'
import { type Instrumentation, instrumentationsRule } from './instrumentation-option.ts'

/** Bounds on what an endpoint may send. Bytes; `0` for no bound. */
export interface LimitOptions {
  /**
   * One event of a stream, and on the typed faces all output that the events of one response make up. What is larger is
   * final: it would come again. Default 64 MiB. With `0` the output is still bounded by what one string can hold.
   */
  readonly eventBytes?: number | undefined
  /** What is held back before the commit; a larger prelude is handed over. Default 4 MiB. */
  readonly preludeBytes?: number | undefined
  /** The header block of an answer. Default 64 KiB. */
  readonly headerBytes?: number | undefined
}

export const limitRules = {
  eventBytes: { ...bytes, default: 64 * 1024 * 1024 },
  preludeBytes: { ...bytes, default: 4 * 1024 * 1024 },
  headerBytes: maxHeaderBytesRule,
} as const satisfies Rules<LimitOptions>

/** Options of a client that `withOptions` can change: those that concern calls, not connections. */
export interface CallOptions {
  /**
   * Sent as `Authorization: Bearer …`, to `baseURL`'s origin only, where the caller's request has none. Default: none. No
   * environment variable is read for it: `apiKey: process.env.OPENAI_API_KEY`.
   */
  readonly apiKey?: string | undefined
  /** Fill what a request lacks; the request's own headers win. Sent to `baseURL`'s origin only. */
  readonly headers?: HeadersOption | undefined
  /**
   * Retries in addition to the first attempt. Default 4; `0` switches them off; at most 1 000. Failures to connect, where
   * nothing was sent, have a count of their own beside it: up to four reconnects in a row to an endpoint, over 5 s at least.
   */
  readonly maxRetries?: number | undefined
  readonly retry?: RetryOptions | undefined
  /**
   * Whether calls with `conversation` or `background` may be sent again when it is unknown if they were acted on.
   * Default `false`: a second send could double a turn.
   */
  readonly retryUnknown?: boolean | undefined
  readonly timeouts?: TimeoutOptions | undefined
  /**
   * When output is handed over, which ends all retries: `'progress'` (default) at the first sign of the model's work,
   * `'first_event'` at the first event of any kind.
   */
  readonly commit?: 'progress' | 'first_event' | undefined
  /**
   * Drop-in only: a prelude is handed over this long after the start of the call at the latest, because hosts stop waiting
   * for headers. Milliseconds, default 480 000; `0`: never. Must be below `beforeCommitMs`.
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
   * Asked when the endpoint genuinely does not know `previous_response_id`: may return the body of a request that does
   * without it, used once. Not asked for a lost connection, and not before the endpoint was asked once more where one had
   * been lost. Default: none; the endpoint's own answer surfaces.
   */
  readonly onPreviousResponseNotFound?: PreviousResponseNotFoundHook | undefined
  /**
   * Says what a gateway's own failures mean, where the library cannot know: `'connection'` (reconnect at once), `'pushback'`
   * (back off, after the endpoint's hint) or `'final'` (no retry); `undefined` leaves it to the library. Asked once for each
   * error status and each failure inside a stream, before the retry is decided. `x-should-retry: false`, codes of quota and
   * money, and a genuine `previous_response_not_found` win over the answer; `maxRetries`, the budget, replay safety and the
   * commit still apply. Must answer at once: a throw, or a promise, counts as `undefined` and is told to `onEvent` as
   * `classify_failed`. Default: none.
   */
  readonly classify?: ClassifyHook | undefined
  /**
   * Drop-in only: a Responses call with `stream: false` streams inside, so that every deadline works and every failure
   * before the end is retried, and its answer is folded back into JSON. Default `false`. For endpoints that accept nothing
   * but streams, it is the way to ask for a whole response.
   */
  readonly upgradeToStream?: boolean | undefined
  /**
   * Typed faces only: which events are checked. `'report'` (default): lifecycle and terminal events; a mismatch is told to
   * `onEvent` as `event_problem`, and the event passes on. `'strict'`: all, and a mismatch throws. `'off'`: none.
   */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
  /**
   * `client.responses.stream` only: what happens when a stream breaks after output. `'error'` (default) throws, `'restart'`
   * tries again after a `stream.restarted` event. Can be said for each stream, too, and then its event type knows.
   */
  readonly interruption?: 'error' | 'restart' | undefined
  /**
   * Gives a call whose attempt is silent for suspiciously long a second attempt on a new connection, beside the first. The
   * first progress wins, the others end at once. Only for streams that are safe to send again, and not within 30 s of a
   * pushback. A hedge can cost a second generation, and is no retry: `maxRetries` does not count it.
   *
   * Default `'auto'`: acts only on what it knows. The origin must have shown 20 first events and one attempt that was dead
   * on arrival within the hour; origins that are loopback, private or named for a network of their own are never hedged.
   * At most two hedges a call, and not with `maxRetries: 0`, on the flex or priority tier, with a hosted tool that acts or
   * costs by itself, with a transport that cannot choose its connections, or while less than a tenth of a rate limit is
   * left. Hedges that lose cost at most one in ten calls; a large input counts for more (tokens / 10 000).
   *
   * `true`, or `HedgeOptions`: hedges everywhere, and from the first call on. `ttfbMs: 'auto'` is then 180 s at least, 600 s
   * at high effort: hedge early, kill late. `false`: never.
   */
  readonly hedge?: 'auto' | boolean | HedgeOptions | undefined
  /** `headerBytes` belongs to the connections: it is for a client, and refused in a view. */
  readonly limits?: LimitOptions | undefined
  /** Told everything that happens, see `TelemetryEvent`. What it throws is ignored. */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined
  /**
   * What watches the calls: each is told every event, after `onEvent` and in this order, and may add headers to every
   * attempt. Default: none. A view inherits them; given to a view, they take the place of the inherited ones. While none has
   * `onEvent`, and nobody else listens, no event is made.
   */
  readonly instrumentations?: readonly Instrumentation[] | undefined
}

const apiKeyRule: Rule<string> = {
  accepts: 'a string that is not empty; leave it out where no key is needed',
  test: (value) => typeof value === 'string' && value !== '',
  secret: true,
}

/** The rows of what a view can change. */
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
  limits: section(limitRules),
  onEvent: func(),
  instrumentations: instrumentationsRule,
} as const satisfies Rules<CallOptions>

/**
 * Options of a `ResilientClient`. All are optional, checked at construction, copied, and never written to. The environment
 * variables `RESILIENT_RESPONSES_TTFB_TIMEOUT_MS`, `…_IDLE_TIMEOUT_MS`, `…_STALE_TIMEOUT_MS` and `…_MAX_RETRIES` stand in
 * for options that are not given.
 */
export interface ResilientClientOptions extends CallOptions {
  /**
   * What stands before the path of every request of `client.responses`, and the origin to which `apiKey` and `headers` may
   * be sent. A query, as in `https://x.example/openai/v1?api-version=preview`, goes with each of those requests; requests of
   * the drop-in go where they say. Default `https://api.openai.com/v1`.
   */
  readonly baseURL?: string | undefined
  /** Default `'leased'`: see `UndiciTransportOptions`, as for the next four. */
  readonly isolation?: 'leased' | 'fresh' | undefined
  readonly keepAliveMs?: number | undefined
  readonly warm?: number | undefined
  readonly warmMs?: number | undefined
  readonly maxConnections?: number | undefined
  /**
   * Several places that answer the same calls, instead of one `baseURL`: address calls to the first. Each attempt goes to one
   * that is healthy, by weight; a retry, or a hedge, rather to another one. A call with `previous_response_id` stays where
   * that response was made.
   */
  readonly endpoints?: readonly EndpointOptions[] | undefined
  /**
   * Tells where a response or a conversation lives that this client has not seen itself: the `baseURL` of one of `endpoints`,
   * or a promise of it. It has 30 s; what it throws is the `cause` of a `RequestError` `hook_failed`. Without it such
   * a call fails with `StateNotPortableError`, unless `onPreviousResponseNotFound` rebuilds it.
   */
  readonly endpointOf?: EndpointOf | undefined
  /**
   * How many calls may be under way at a time, and how fast they begin. Default: as many, and as fast, as they come. Calls
   * that resume what is under way wait for nothing.
   */
  readonly concurrency?: ConcurrencyOptions | undefined
  /**
   * What carries the calls. Default: connections of the client's own, over undici. A transport that is given belongs to
   * whoever made it: `close()` and `destroy()` of the client leave it alone.
   */
  readonly transport?: Transport | undefined
  readonly proxy?: string | undefined
  readonly tls?: TlsOptions | undefined
  /**
   * Default: the clock of `transport` where it has one (a `FakeTransport`), else the system's, which reads the global timers
   * at each call, so that fake timers work. Another clock than that of `transport` is refused.
   */
  readonly clock?: Clock | undefined
  /** Default: `Math.random`. */
  readonly random?: Random | undefined
}

/** The rows of all options of a client, each with its mechanism's. */
export const clientRules = {
  baseURL: addressRule,
  ...callRules,
  endpoints: endpointsRule,
  endpointOf: func(),
  concurrency: section(concurrencyRules),
  ...connectionRules,
  transport: withMethods(
    ['send', 'stats', 'close', 'destroy'],
    'a transport: undiciTransport(options), fetchTransport(fetch), or a FakeTransport',
  ),
  clock: clockRule,
  random: func('a function that returns a number from 0 to below 1'),
} as const satisfies Rules<ResilientClientOptions>

/**
 * Checks the options of a client; returns copies of all its objects, so that what the caller holds is neither written to
 * nor shared.
 *
 * @throws ConfigurationError for the first thing that is not accepted.
 */
export function parseOptions(options: unknown): ResilientClientOptions {
  checkOptions(options, clientRules)
  return copyByRules(options as ResilientClientOptions, clientRules)
}

const VIEW: OptionOwner = {
  unknown: (name, { known }) =>
    `withOptions: ${name} cannot be changed in a view; accepted are ${known.join(', ')}. Create a ResilientClient of its own for other connections.`,
}

/**
 * The same for what is given to `withOptions`.
 *
 * @throws ConfigurationError also for options that concern what is shared.
 */
export function parseViewOptions(options: unknown): CallOptions {
  checkOptions(options, callRules, VIEW)
  return copyByRules(options as CallOptions, callRules)
}
