import type { ErrorCode, RetryLane } from '../errors/catalog.ts'
import type { AttemptRecord, GiveUpReason } from '../errors/errors.ts'

/**
 * What a client tells about its calls. Every start has exactly one end, whatever happens in between:
 *
 * ```text
 * call_start
 * ├─ queue_start                        the call has to wait for its turn: for a place, or for what the endpoint has left
 * ├─ queue_end                          its turn has come, or it waits no more; one, however many starts
 * ├─ instrumentation_failed             the `headers` of one of `instrumentations` made none for the attempt that begins
 * ├─ attempt_start                      one per attempt, numbered from 1; behind a followed redirect the numbers go on
 * │  ├─ attempt_connected               once there is a connection (not from transports that cannot see one)
 * │  ├─ attempt_headers                 once the answer's status and headers are there
 * │  ├─ attempt_first_event             the first stream event of any kind: the first byte of 5.1
 * │  ├─ attempt_commit                  from here on the caller sees this attempt
 * │  ├─ classify_failed                 the user's `classify` threw, or gave no answer that counts
 * │  └─ attempt_end                     always
 * ├─ hedge_start                        a silent attempt gets company: the attempt of that number
 * ├─ hedge_end                          how that one came out; always
 * ├─ hedge_refused                      it would have, but for what its reason says
 * ├─ request_rebuilt                    the caller answered a genuine not-found with another body
 * ├─ retry_decision                     after every failed attempt, refusals with their reason included
 * └─ call_end                           always; after a commit, when the body has ended
 * endpoint_cooled                       one of several endpoints gets no calls for a while
 * request_problem                       of a typed call: a field of its body looks like a typing error
 * event_problem                         of a typed stream: an event is not what it should be
 * client_created ─ client_poisoned ─ client_evicted ─ client_destroyed
 *                                       of cached clients, in this order, belonging to no call
 * ```
 *
 * Times are milliseconds. No event carries a header value, a query value, a body or a part of one.
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
  | EventProblemEvent
  | RequestProblemEvent
  | CallEndEvent
  | ClientLifecycleEvent

export type TelemetryEventType = TelemetryEvent['type']

interface OfCall {
  /** Unique within the process. */
  readonly callId: number
  /** Since the start of the call. */
  readonly atMs: number
}

interface OfAttempt extends OfCall {
  readonly attempt: number
}

export interface CallStartEvent extends OfCall {
  readonly type: 'call_start'
  /** `stream` and `json` are Responses calls; `other` has connection-level resilience only. */
  readonly kind: 'stream' | 'json' | 'passthrough'
  readonly method: string
  /** Origin and path; query values are left out. */
  readonly url: string
  readonly continuation: boolean
  /** Bytes of the body; `undefined` for a body of unknown length. */
  readonly bodyBytes: number | undefined
}

export interface QueueStartEvent extends OfCall {
  readonly type: 'queue_start'
  /** `limit`: `concurrency.calls` are under way. `rate`: the endpoint says that little is left. */
  readonly reason: 'limit' | 'rate'
}

export interface QueueEndEvent extends OfCall {
  readonly type: 'queue_end'
  /** `left`: it was aborted, or its time was over. */
  readonly outcome: 'admitted' | 'left'
  readonly waitedMs: number
}

export interface AttemptStartEvent extends OfAttempt {
  readonly type: 'attempt_start'
  readonly connection: 'any' | 'fresh'
  /** Where it goes, where there are several endpoints: the `baseURL` of one. */
  readonly endpoint?: string
}

export interface AttemptConnectedEvent extends OfAttempt {
  readonly type: 'attempt_connected'
  readonly generation: number
  readonly reused: boolean
  readonly connectionId: number | undefined
}

export interface AttemptHeadersEvent extends OfAttempt {
  readonly type: 'attempt_headers'
  readonly status: number
  readonly requestId: string | undefined
}

export interface AttemptFirstEventEvent extends OfAttempt {
  readonly type: 'attempt_first_event'
  readonly eventType: string
}

/**
 * Why output was handed over. `commit_after`: the held prelude was, in which the model has said nothing, because the host
 * would soon stop waiting; `prelude_full`: the held prelude was, because it reached its bound; `answer`: an HTTP answer
 * that is no stream.
 */
export type CommitReason = 'progress' | 'terminal' | 'first_event' | 'commit_after' | 'prelude_full' | 'answer'

export interface AttemptCommitEvent extends OfAttempt {
  readonly type: 'attempt_commit'
  readonly reason: CommitReason
}

export interface AttemptEndEvent extends OfAttempt {
  readonly type: 'attempt_end'
  readonly record: AttemptRecord
}

export interface HedgeStartEvent extends OfAttempt {
  readonly type: 'hedge_start'
  /** How long the attempt before it had been silent. */
  readonly silentMs: number
  /** The probability that it was dead, 0 to 1. */
  readonly deadProbability: number
}

export interface HedgeEndEvent extends OfAttempt {
  readonly type: 'hedge_end'
  /** `lost`: another attempt was first, or the call ended. `replaced`: suspect itself, it made room for another hedge. */
  readonly outcome: 'won' | 'lost' | 'failed' | 'replaced'
}

export interface HedgeRefusedEvent extends OfCall {
  readonly type: 'hedge_refused'
  /**
   * `pushback`: the origin asked for less within the last 30 s. `budget`: too many hedges have lost. `concurrency`: no place
   * of `concurrency.calls` was free. With `hedge: 'auto'` also `retries`: the call has sent as many requests as
   * `maxRetries` allows; and `rate`: less than a tenth of a rate limit is left.
   */
  readonly reason: 'pushback' | 'budget' | 'concurrency' | 'retries' | 'rate'
}

/** Whether and when to try again. */
export type RetryDecision =
  | {
      readonly retry: true
      /** The sleep before the next attempt. */
      readonly delayMs: number
      readonly lane: RetryLane
      /** A transparent retry, which counts as none: a reused connection died before its first response byte, or a token was refreshed. */
      readonly transparent: boolean
    }
  | { readonly retry: false; readonly reason: GiveUpReason }

export interface RetryDecisionEvent extends OfAttempt {
  readonly type: 'retry_decision'
  readonly code: ErrorCode
  readonly decision: RetryDecision
}

/** The option `classify` was asked what a failure means, and its answer did not count: the library decided alone. */
export interface ClassifyFailedEvent extends OfAttempt {
  readonly type: 'classify_failed'
  /** `threw`: the function threw. `invalid_result`: the function gave something else, a promise for example. */
  readonly problem: 'threw' | 'invalid_result'
}

/** The `headers` of an instrumentation failed, and the attempt went out without what it would have added. */
export interface InstrumentationFailedEvent extends OfAttempt {
  readonly type: 'instrumentation_failed'
  /** Which of `instrumentations`, from 0. */
  readonly index: number
  /**
   * `threw`: the function threw, or its promise rejected. `timed_out`: its promise did not settle within 30 s.
   * `invalid_result`: it gave something else than an object of strings, or a header that no request can carry.
   */
  readonly problem: 'threw' | 'timed_out' | 'invalid_result'
}

/** The caller put another body in the place of one whose `previous_response_id` the endpoint does not know. */
export interface RequestRebuiltEvent extends OfAttempt {
  readonly type: 'request_rebuilt'
  readonly oldBytes: number
  readonly newBytes: number
}

/** An endpoint failed too often, or was dead too often: until then calls go to the others. One attempt then probes it. */
export interface EndpointCooledEvent {
  readonly type: 'endpoint_cooled'
  readonly endpoint: string
  readonly forMs: number
}

/** An event of the stream is not what it should be, and was passed on all the same (typed faces only). */
export interface EventProblemEvent {
  readonly type: 'event_problem'
  /**
   * `invalid_event`: a field is missing or of the wrong kind. `sequence_gap`: numbers are missing. `sequence_repeat`: a
   * `sequence_number` is not above the last one; told once a stream, whose numbers are not looked at from then on;
   * or, behind a resume, a number lies before the one that was asked from, and the event was never delivered: it is handed on.
   * `unfinished_item`: the response is complete, and an item was begun whose end never came; the final response leaves it out.
   * `missing_item`: an item was finished, and the terminal event leaves it out, or its content; the final response has it.
   * `wrong_status`: the terminal event holds a response that is `queued` or `in_progress`; the final response has the status
   * that the type of the event names.
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

/** A field of a request looks like a typing error, and was sent all the same (typed faces only). Told once for each name. */
export interface RequestProblemEvent {
  readonly type: 'request_problem'
  /** `unknown_field`: the name is none that the API documents, and one edit away from one. */
  readonly problem: 'unknown_field'
  readonly field: string
  /** The documented name. */
  readonly meant: string
}

export interface CallEndEvent extends OfCall {
  readonly type: 'call_end'
  readonly outcome: 'completed' | 'failed' | 'aborted'
  readonly attempts: number
  readonly code: ErrorCode | undefined
}

/** What happened to a cached client; the emitter of a `ResilientClient` passes it on. */
export interface ClientLifecycleEvent {
  readonly type: 'client_created' | 'client_poisoned' | 'client_evicted' | 'client_destroyed'
  readonly key: string
  readonly generation: number
  readonly reason?: string
}
