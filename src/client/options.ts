import type { PreviousResponseNotFoundHook } from '../call/not-found.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { EndpointOf } from '../endpoints/endpoints.ts'
import type { RetryBudgetOptions } from '../retry/budget.ts'
import type { ClassifyHook } from '../retry/classify-hook.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import type { Transport } from '../transport/transport.ts'
import type { TlsOptions } from '../transport/undici/connector.ts'

/** The `timeouts` of a client. Milliseconds from 0 to 2 147 483 647; `0` turns a deadline off. One attempt unless it says call. */
export interface TimeoutOptions {
  /** Start of connect → connected: DNS, TCP, TLS and proxy together. Default 10 000. */
  readonly connectMs?: number | undefined
  /** Last progress in writing the request → next. Default 30 000. */
  readonly sendMs?: number | undefined
  /**
   * Request written → first stream event of any kind; SSE comments do not count. Default `'auto'`: 45 s, more for large
   * inputs (to 180 s), medium (120 s) and high effort (300 s) and the flex tier (900 s). Each cut multiplies the automatic
   * value by 1.6, to at most twice the first; a number that is given is the same on every attempt. After the first event it
   * no longer applies: long generations are never cut by it.
   */
  readonly ttfbMs?: number | 'auto' | undefined
  /**
   * Last byte of any kind → next. Default `'auto'`: 300 000; 600 000 for high effort; 900 000 for flex. For a call that is
   * no Responses call 300 000, counted from the request on where its body says `stream: true`.
   */
  readonly idleMs?: number | 'auto' | undefined
  /** Last model progress → next; heartbeats do not feed it. Default 900 000. */
  readonly progressMs?: number | undefined
  /** Wall clock of one attempt; for a call that is no Responses call until its headers are handed over. Default 1 800 000. */
  readonly staleMs?: number | undefined
  /** The whole call, sleeps between attempts included. Default 0 (off). */
  readonly totalMs?: number | undefined
}

export interface RetryOptions {
  /** First step of the back-off after a pushback; doubles, with full jitter. Milliseconds, default 500. */
  readonly baseDelayMs?: number | undefined
  /** Its cap. Milliseconds, default 20 000. */
  readonly maxDelayMs?: number | undefined
  /**
   * A longer delay asked for by the endpoint ends the call at once, with `retryAfterMs` on the error. A shorter one is
   * waited for, and up to a tenth of it (250 ms to 5 s) as jitter. Milliseconds, default 60 000.
   */
  readonly maxHintMs?: number | undefined
  /** Bounds the retries of all calls to one origin together; `false` switches it off. See `RetryBudgetOptions`. */
  readonly budget?: Partial<RetryBudgetOptions> | false | undefined
}

/** One of several places that answer the same calls. */
export interface EndpointOptions {
  /** As `ResilientClientOptions.baseURL`. A query goes with every request that this endpoint gets, and to no other one. */
  readonly baseURL: string
  /**
   * Sent to this endpoint alone; they win over all others. What the caller, `apiKey` or `headers` gave for one origin does not
   * go to another one, so an endpoint of an origin of its own needs its credential here. Beside an `apiKey` such an endpoint
   * is refused without one; `{}` says that it needs none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Names of headers that this endpoint gets although they were given for another origin: `['x-tenant', 'openai-organization']`.
   * Default: none. What says how to answer goes without being named: `accept*`, `content-*`, `range`, `user-agent`,
   * `openai-beta`, `idempotency-key`, and the headers of tracing (`traceparent`, `tracestate`, `b3`, `x-request-id`).
   */
  readonly forwardHeaders?: readonly string[] | undefined
  /** Its share of the calls, beside the others. Above 0; default 1. */
  readonly weight?: number | undefined
}

/** Lets the calls to an origin take turns: first come, first served, by all views of the client together. */
export interface ConcurrencyOptions {
  /** Calls to one origin at a time; a call counts until its body is over. From 1; default: no limit. */
  readonly calls?: number | undefined
  /**
   * How long a call may wait for its turn; then it fails with `queue_timeout`, and nothing was sent. Milliseconds; default 0
   * (off): only `totalMs` and `beforeCommitMs`, which include the wait, bound it.
   */
  readonly queueMs?: number | undefined
  /**
   * Whether calls begin more slowly while the endpoint says, in `x-ratelimit-*` headers, that little is left for their model:
   * before a 429 comes. Default true; waits are at most 60 s.
   */
  readonly pace?: boolean | undefined
}

/** When a silent attempt gets a second one beside it. What is learnt about an origin is shared by a client and its views. */
export interface HedgeOptions {
  /**
   * A plain rule instead of the learnt one: a second attempt after this much silence, whatever is known of the origin.
   * Milliseconds, from 1; default: none, the learnt rule. Replaces `deadProbability` and `minMs`, which are refused beside it.
   */
  readonly afterMs?: number | undefined
  /**
   * The learnt rule: how likely an attempt must be dead, from what is known of the origin and of such calls. More than 0,
   * less than 1; default 0.8. Until enough is known an attempt counts as that likely dead after 10 s of silence (medium
   * effort 20 s, high 45 s, higher 90 s, and 10 s more for every 50 K tokens of input).
   */
  readonly deadProbability?: number | undefined
  /** The learnt rule: no hedge before this much silence. Milliseconds, default 3 000. */
  readonly minMs?: number | undefined
  /**
   * Attempts of one call at a time, the original included. 2 to 10; default 3, and 2 with `afterMs`. When all of them are
   * silent for too long, the learnt rule ends the oldest hedge for a new one. With `afterMs` no hedge is replaced: each
   * attempt that a retry starts gets at most `maxConcurrent - 1` hedges, one after every `afterMs`.
   */
  readonly maxConcurrent?: number | undefined
  /** The share of calls whose hedge may lose, in the long run. 0 to 1, default 0.1. */
  readonly maxExtraShare?: number | undefined
}

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

/** What a `headers` function is told of the attempt that it makes headers for. */
export interface HeadersContext {
  /** Where the attempt goes, with its query. */
  readonly url: string
  readonly method: string
  /** The bytes that are sent, which must not be changed; `undefined` where there is no body, or one that can be read once. */
  readonly body: Uint8Array | undefined
  /** As in telemetry. */
  readonly callId: number
  /** From 1. */
  readonly attempt: number
  /** The credential was refused with a 401: get a new one. Asked once for each credential, however many calls it was refused to. */
  readonly refresh: boolean
  /** Aborted when nobody waits for the headers any more: the call was aborted, or its time or the 30 s for this are over. */
  readonly signal: AbortSignal
}

/**
 * Headers, or what makes them. The function is asked for every attempt, in the asynchronous context of the call
 * (`AsyncLocalStorage`), so that rotated credentials are used, each tenant has its own, and each attempt can be signed. What
 * it returns is sent by that call alone. It has 30 s (`headers_timeout`).
 */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | ((context: HeadersContext) => Readonly<Record<string, string>> | PromiseLike<Readonly<Record<string, string>>>)

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
   * A call that has no retry left (`maxRetries: 0`, all used up, a body that can be read once) hands it over at its first event.
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
}

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
