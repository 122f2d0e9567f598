import type { DeadlineName, ErrorCode } from './catalog.ts'

/** Whether the same request may be sent again. The docstrings of these values stand in `docs/errors.md`. */
export type ReplaySafety =
  /** A repetition changes nothing at the endpoint, or the endpoint did not act on the request. */
  | 'safe'
  /** The endpoint may have acted on the request, or its body can be read only once. It is never repeated. */
  | 'unsafe'
  /** The endpoint may have acted on the request. Repeated with `retryUnknown: true`. */
  | 'unknown'

/** The phase of the last attempt when it ended. */
export type AttemptPhase =
  /** The attempt had no connection yet, and was not opening one. */
  | 'preparing'
  /** It was opening a connection: DNS, TCP, TLS. */
  | 'connecting'
  /** It was writing the request. */
  | 'sending'
  /** The request was written, and no event had come. */
  | 'waiting'
  /** Events had come, and nothing was handed over. */
  | 'prelude'
  /** It was handing over the answer. */
  | 'committed'

/** Why there was no (further) retry. */
export type GiveUpReason =
  /** The same request would fail again. */
  | 'not_retryable'
  /** The request may not be sent again: see `replaySafety`. */
  | 'not_replayable'
  /** A part of the answer was handed over. */
  | 'committed'
  /** `maxRetries` is used up, or 0. */
  | 'retries_exhausted'
  /** No connection could be made 5 times in a row, or the host was unknown 3 times. `maxRetries` does not count these retries. */
  | 'unreachable'
  /** The retry budget of the origin was used up (`retry.budget`). */
  | 'budget_exhausted'
  /** Too little time was left: `totalMs`, `beforeCommitMs`, or `staleMs` of a stream that was not read. */
  | 'deadline_exceeded'
  /** The endpoint asked to wait longer than `retry.maxHintMs`. */
  | 'hint_too_long'

/** Why a continuation failed although the conversation still exists. */
export type Continuity =
  /** No answer could be had. */
  | 'upstream_unavailable'
  /** The stream broke off. */
  | 'stream_incomplete'
  /** A deadline ended the call. */
  | 'upstream_request_timeout'

/** What carried an attempt. */
export type AttemptTransport = 'http' | 'websocket'

/** One attempt in the history of a call. Times are milliseconds since the start of the call. */
export interface AttemptRecord {
  /** From 1. */
  readonly attempt: number
  /** `answered` without a `code`: a redirect that was followed. `lost`: another attempt was first. */
  readonly outcome: 'failed' | 'answered' | 'committed' | 'aborted' | 'lost'
  readonly code?: ErrorCode | undefined
  readonly phase: AttemptPhase
  /** The generation of the cached client. 0 for transports without a cache. */
  readonly generation: number
  readonly connectionReused: boolean
  readonly startedAtMs: number
  readonly connectedAtMs?: number | undefined
  readonly sentAtMs?: number | undefined
  readonly headersAtMs?: number | undefined
  readonly firstEventAtMs?: number | undefined
  /** When the attempt began to hand over its answer. Absent on a record of an attempt that handed nothing over. */
  readonly committedAtMs?: number | undefined
  readonly endedAtMs: number
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  /** `id` of the response, where the answer names it. Set while something listens to telemetry. */
  readonly responseId?: string | undefined
  /** `error.code` of the endpoint, where it reported the failure. At most 100 characters. */
  readonly upstreamCode?: string | undefined
  /** `error.type` of the endpoint, where it reported the failure. At most 100 characters. */
  readonly upstreamType?: string | undefined
  /** Absent on a record of an attempt that went over HTTP. */
  readonly transport?: AttemptTransport | undefined
  /** The deadline that ended the attempt, with its value and the source of the value. */
  readonly deadline?: DeadlineInfo | undefined
  /** The `baseURL` of the endpoint, where there are several. */
  readonly endpoint?: string | undefined
  /** Set on a hedge: why it was started. */
  readonly hedge?: HedgeCause | undefined
  /** Set when the attempt continued a background response: by its stream, or by polling its state. */
  readonly resumes?: 'stream' | 'state' | undefined
  /** Set on the last attempt of a failed call: why there was no further one. */
  readonly giveUpReason?: GiveUpReason | undefined
  /** The hint of the endpoint when the call gave up. Milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** Silence of the previous attempt, and the probability that it was dead, 0 to 1. */
export interface HedgeCause {
  readonly silentMs: number
  readonly deadProbability: number
}

/** The deadline that ended an attempt or a call. */
export interface DeadlineInfo {
  readonly name: DeadlineName
  readonly ms: number
  /** For example `option`, `default`, `auto: effort high`, `env`. */
  readonly source: string
}
