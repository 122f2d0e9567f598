import type { ErrorCode, RetryLane } from '../errors/catalog.ts'
import type { AttemptRecord, AttemptTransport, GiveUpReason } from '../errors/errors.ts'
import type { ResponseFacts } from './response-facts.ts'

export type { CallUsage, ResponseFacts } from './response-facts.ts'

/**
 * The telemetry events of a client. Every start has exactly one end:
 *
 * ```text
 * call_start
 * ├─ queue_start                        the call has to wait: for a permit, a rate limit, or a pushback that another call was told
 * ├─ queue_end                          the wait is over; one per call, even after several starts
 * ├─ instrumentation_failed             the `headers` of one of `instrumentations` failed for the attempt that begins
 * ├─ attempt_start                      one per attempt, numbered from 1; the numbers continue after a redirect
 * │  ├─ attempt_connected               there is a connection (only from transports that can see it)
 * │  ├─ attempt_headers                 status and headers of the answer are there
 * │  ├─ attempt_first_event             the first stream event of any kind
 * │  ├─ attempt_commit                  output of this attempt is handed to the caller
 * │  ├─ classify_failed                 the user's `classify` threw, or returned an unusable result
 * │  └─ attempt_end                     always
 * ├─ hedge_start                        a second attempt starts beside a silent one
 * ├─ hedge_end                          the outcome of that attempt; always
 * ├─ hedge_refused                      a hedge was due, and did not start for the given reason
 * ├─ request_rebuilt                    the caller replaced the body after a genuine not-found
 * ├─ retry_decision                     after every failed attempt; refusals have a reason
 * └─ call_end                           always; after a commit, at the end of the body
 * endpoint_cooled                       one of several endpoints begins a cool-down
 * fleet_store                           the store of `fleet` stopped answering, answers again, or refuses to let this process subscribe
 * request_problem                       typed calls: a field of the body looks like a typing error
 * event_problem                         typed streams: an event of the stream is not as expected
 * client_created ─ client_poisoned ─ client_evicted ─ client_destroyed
 *                                       cached clients, in this order; they belong to no call
 * ```
 *
 * Times are milliseconds. No telemetry event carries a header value, a query value, a body or a part of one.
 */
export type TelemetryEvent =
  | CallStartEvent
  | QueueStartEvent
  | QueueEndEvent
  | AttemptStartEvent
  | AttemptConnectedEvent
  | AttemptHeadersEvent
  | AttemptFirstEventEvent
  | AttemptCommitEvent
  | AttemptEndEvent
  | HedgeStartEvent
  | HedgeEndEvent
  | HedgeRefusedEvent
  | RetryDecisionEvent
  | ClassifyFailedEvent
  | InstrumentationFailedEvent
  | RequestRebuiltEvent
  | EndpointCooledEvent
  | FleetStoreEvent
  | EventProblemEvent
  | RequestProblemEvent
  | CallEndEvent
  | ClientLifecycleEvent

/** The names of all telemetry events. */
export type TelemetryEventType = TelemetryEvent['type']

interface OfCall {
  /** Unique within the process. */
  readonly callId: number
  /** Milliseconds since the start of the call. */
  readonly atMs: number
}

interface OfAttempt extends OfCall {
  readonly attempt: number
}

/** A call began. */
export interface CallStartEvent extends OfCall {
  readonly type: 'call_start'
  /** When the call began, as ISO 8601 has it, in UTC: the instant from which `atMs` of its events counts. */
  readonly startedAt: string
  /**
   * `stream` and `json` are Responses calls; `passthrough` calls are retried and timed only by their connection and
   * status.
   */
  readonly kind: 'stream' | 'json' | 'passthrough'
  readonly method: string
  /** Origin and path; query values are left out. */
  readonly url: string
  /** The call carries `previous_response_id`. */
  readonly continuation: boolean
  /**
   * `model` of the request, at most 100 characters, without control characters and what looks like a key; `undefined` where the
   * request names none, and for a passthrough call.
   */
  readonly model: string | undefined
  /** `reasoning.effort` of the request, as the request has it; `undefined` where it has none. */
  readonly effort: string | undefined
  /** `service_tier` of the request, as the request has it; `undefined` where it has none. */
  readonly tier: string | undefined
  /** The request asks for an event stream, or the call streams inside (`create()`, `upgradeToStream`). */
  readonly stream: boolean
  /** The option `label` of the call, else of its client. */
  readonly label: string | undefined
  /** Bytes of the body. `undefined` if unknown. */
  readonly bodyBytes: number | undefined
}

/** A call waits for a permit. */
export interface QueueStartEvent extends OfCall {
  readonly type: 'queue_start'
  /**
   * `limit`: as many calls as `concurrency.calls` are under way, with `fleet` as many as the quota of this process. `rate`: a rate
   * limit of the endpoint is nearly used up. `pushback`, with `fleet` only: the endpoint has asked another call of this account and
   * model to wait, of this or of another process.
   */
  readonly reason: 'limit' | 'rate' | 'pushback'
}

/** A call no longer waits for a permit. */
export interface QueueEndEvent extends OfCall {
  readonly type: 'queue_end'
  /** `admitted`: the call began. `left`: it was aborted or timed out while waiting. */
  readonly outcome: 'admitted' | 'left'
  readonly waitedMs: number
}

/** An attempt began. */
export interface AttemptStartEvent extends OfAttempt {
  readonly type: 'attempt_start'
  readonly transport: AttemptTransport
  readonly connection: 'any' | 'fresh'
  /** The `baseURL` of the endpoint, where there are several. */
  readonly endpoint?: string
  /** Of a client with `webSocket`, for requests of responses: all of the request, or what the server of the socket lacks. */
  readonly sent?: 'whole' | 'incremental'
  /** Bytes of the whole request: of its body over HTTP, of its message on a socket. */
  readonly bytesWhole?: number
  readonly bytesSent?: number
  readonly wholeBecause?: WholeBecause
}

/**
 * Why a request was sent whole, or over HTTP. `no_socket`: no idle socket continues the conversation, or there are as many
 * sockets as there may be. `field:NAME`, `item:N`: the first field, or item of the input, by which the request differs from what
 * a server knows, or that needs HTTP. `not_found`: the server did not know what an increment built on. `aged`: the server says
 * that the time of the socket is over. `size`: the message is larger than a socket takes. `body`: the body is not JSON that
 * can be written again without a change of meaning. `not_upgraded`: the endpoint does not upgrade. `closed`: the endpoint
 * closed a socket before the first event, twice. `retry`, `hedge`: the attempt is one. `off`: `webSocket.incremental` is `false`.
 */
export type WholeBecause =
  | 'no_socket'
  | `field:${string}`
  | `item:${number}`
  | 'not_found'
  | 'aged'
  | 'size'
  | 'body'
  | 'not_upgraded'
  | 'closed'
  | 'retry'
  | 'hedge'
  | 'off'

/** An attempt has its connection. */
export interface AttemptConnectedEvent extends OfAttempt {
  readonly type: 'attempt_connected'
  readonly generation: number
  readonly reused: boolean
  readonly connectionId: number | undefined
}

/** The status and the headers of an answer have arrived. */
export interface AttemptHeadersEvent extends OfAttempt {
  readonly type: 'attempt_headers'
  readonly status: number
  readonly requestId: string | undefined
}

/** The first event of a stream has arrived. */
export interface AttemptFirstEventEvent extends OfAttempt {
  readonly type: 'attempt_first_event'
  readonly eventType: string
}

/**
 * Why output was handed over. `progress`: the model did something. `terminal`: the response ended. `first_event`: the
 * first event came, and the call holds no prelude. `commit_after`: the held prelude, because the SDK would soon stop
 * waiting. `prelude_full`: the held prelude, because it reached its size limit. `answer`: an HTTP answer that is not a
 * stream.
 */
export type CommitReason = 'progress' | 'terminal' | 'first_event' | 'commit_after' | 'prelude_full' | 'answer'

/** Output of an attempt was handed over: the call has no retry after that. */
export interface AttemptCommitEvent extends OfAttempt {
  readonly type: 'attempt_commit'
  readonly reason: CommitReason
}

/** An attempt ended. `record` has its whole history. */
export interface AttemptEndEvent extends OfAttempt {
  readonly type: 'attempt_end'
  readonly record: AttemptRecord
}

/** A hedge began. */
export interface HedgeStartEvent extends OfAttempt {
  readonly type: 'hedge_start'
  /** Silence of the previous attempt. Milliseconds. */
  readonly silentMs: number
  /** Probability that the previous attempt was dead, 0 to 1. */
  readonly deadProbability: number
}

/** A hedge ended. */
export interface HedgeEndEvent extends OfAttempt {
  readonly type: 'hedge_end'
  /**
   * `lost`: another attempt was first, or the call ended. `replaced`: the hedge was suspect too, and another hedge
   * replaced it.
   */
  readonly outcome: 'won' | 'lost' | 'failed' | 'replaced'
}

/** A hedge was due and did not start. */
export interface HedgeRefusedEvent extends OfCall {
  readonly type: 'hedge_refused'
  /**
   * `pushback`: the origin sent a pushback within the last 30 s. `budget`: too many hedges have lost. `concurrency`: no
   * permit of `concurrency.calls` was free. With `hedge: 'auto'` also `retries`: the call has sent as many requests as
   * `maxRetries` allows; and `rate`: less than a tenth of a rate limit is left.
   */
  readonly reason: 'pushback' | 'budget' | 'concurrency' | 'retries' | 'rate'
}

/** Whether and when to retry. */
export type RetryDecision =
  | {
      readonly retry: true
      /** Delay before the next attempt. Milliseconds. */
      readonly delayMs: number
      readonly lane: RetryLane
      /**
       * A transparent retry, which `maxRetries` does not count: a reused connection died before its first response
       * byte, or a token was refreshed.
       */
      readonly transparent: boolean
    }
  | { readonly retry: false; readonly reason: GiveUpReason }

/** A failure was judged: whether a retry follows, when, or why not. */
export interface RetryDecisionEvent extends OfAttempt {
  readonly type: 'retry_decision'
  readonly code: ErrorCode
  readonly decision: RetryDecision
}

/** The option `classify` failed, so the library classified the failure alone. */
export interface ClassifyFailedEvent extends OfAttempt {
  readonly type: 'classify_failed'
  /** `threw`: the function threw. `invalid_result`: the function returned an unusable value, such as a promise. */
  readonly problem: 'threw' | 'invalid_result'
}

/** The `headers` of an instrumentation failed. The attempt was sent without them. */
export interface InstrumentationFailedEvent extends OfAttempt {
  readonly type: 'instrumentation_failed'
  /** Index in `instrumentations`, from 0. */
  readonly index: number
  /**
   * `threw`: the function threw, or its promise rejected. `timed_out`: its promise did not settle within 30 s.
   * `invalid_result`: it did not return an object of strings, or a header is invalid in a request.
   */
  readonly problem: 'threw' | 'timed_out' | 'invalid_result'
}

/** The endpoint did not know the `previous_response_id`, and the caller replaced the body of the request. */
export interface RequestRebuiltEvent extends OfAttempt {
  readonly type: 'request_rebuilt'
  readonly oldBytes: number
  readonly newBytes: number
}

/**
 * An endpoint failed or was dead too often. Calls go to the other endpoints until the cool-down ends. Then one attempt
 * tests it.
 */
export interface EndpointCooledEvent {
  readonly type: 'endpoint_cooled'
  readonly endpoint: string
  readonly forMs: number
}

/**
 * The store of the option `fleet`. `lost`: it stopped answering; three commands in a row failed, or took longer than 50 ms. Until it
 * answers again (`back`), this process continues with what it knows. `not_subscribed`: the store refuses to let this process subscribe,
 * for example because its user has no right to. Everything is shared as before, but a pushback or a cool-down of another process comes
 * with the next report, within a second. Each is told once.
 */
export interface FleetStoreEvent {
  readonly type: 'fleet_store'
  readonly state: 'lost' | 'back' | 'not_subscribed'
  /** Of `lost`: `timeout`, or the code of the last error, such as `OOM`, `READONLY` or `ECONNREFUSED`. Of `not_subscribed`: `NOPERM`. */
  readonly problem?: string
}

/** An event of the stream is not as expected, and was delivered anyway (typed faces only). */
export interface EventProblemEvent {
  readonly type: 'event_problem'
  /**
   * `invalid_event`: a field is missing or has a wrong type. `sequence_gap`: numbers are missing. `sequence_repeat`: a
   * `sequence_number` is not above the last one; reported once a stream, whose numbers are ignored from then on. After
   * a resume it also means: a number lies before the requested one, but the event was never delivered, so it is
   * delivered. `unfinished_item`: the response is complete, but an item that began has no end; the final response omits
   * it. `missing_item`: an item was finished, but the terminal event omits it or its content; the final response
   * includes it. `wrong_status`: the terminal event holds a response with the status `queued` or `in_progress`; the
   * final response has the status that the type of the event names.
   */
  readonly problem:
    | 'invalid_event'
    | 'sequence_gap'
    | 'sequence_repeat'
    | 'unfinished_item'
    | 'missing_item'
    | 'wrong_status'
  readonly eventType: string
  /** Names fields and numbers, never contents. */
  readonly detail: string
}

/**
 * A field of a request looks like a typing error, and was sent anyway (typed faces only). Reported once for each name.
 */
export interface RequestProblemEvent {
  readonly type: 'request_problem'
  /** `unknown_field`: the API documents no such name, and it differs by one edit from a documented name. */
  readonly problem: 'unknown_field'
  readonly field: string
  /** The documented name. */
  readonly meant: string
}

/**
 * The facts of the response (`usage` and the like) are of the attempt that ended last. They are absent where its answer names
 * none: answers to passthrough calls are not read.
 */
export interface CallEndEvent extends OfCall, ResponseFacts {
  readonly type: 'call_end'
  readonly outcome: 'completed' | 'failed' | 'aborted'
  /** Attempts of this call, hedges included. */
  readonly attempts: number
  /** Of the attempts, those that were hedges. */
  readonly hedges: number
  /** Of a call that was not completed. */
  readonly code: ErrorCode | undefined
  /** Why there was no further attempt, of a call that failed and was refused one. */
  readonly giveUpReason: GiveUpReason | undefined
  /** From the start of the call to the first stream event of the attempt that ended last; `undefined` without one. */
  readonly firstEventMs: number | undefined
  /** From the start of the call to the first output of that attempt: model progress, a terminal event, or a whole answer. */
  readonly firstOutputMs: number | undefined
}

/** An event of a cached client, which the emitter of a `ResilientClient` passes on. */
export interface ClientLifecycleEvent {
  readonly type: 'client_created' | 'client_poisoned' | 'client_evicted' | 'client_destroyed'
  readonly key: string
  readonly generation: number
  readonly reason?: string
}
