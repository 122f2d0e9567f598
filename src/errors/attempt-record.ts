import type { DeadlineName, ErrorCode } from './catalog.ts'

/** Whether the same request may be sent again. `unknown`: the endpoint may have acted on it already. */
export type ReplaySafety = 'safe' | 'unsafe' | 'unknown'

/** The phase of an attempt when it ended. */
export type AttemptPhase = 'preparing' | 'connecting' | 'sending' | 'waiting' | 'prelude' | 'committed'

/** Why there was no (further) retry. */
export type GiveUpReason =
  | 'not_retryable'
  | 'not_replayable'
  | 'committed'
  | 'retries_exhausted'
  | 'budget_exhausted'
  | 'deadline_exceeded'
  | 'hint_too_long'

/** Why a continuation failed although the conversation still exists. */
export type Continuity = 'upstream_unavailable' | 'stream_incomplete' | 'upstream_request_timeout'

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
