import type { DeadlineName, ErrorCode } from './catalog.ts'

/** May the same request be sent again? `unknown`: it may have been acted on already. */
export type ReplaySafety = 'safe' | 'unsafe' | 'unknown'

/** Where an attempt was when it ended. */
export type AttemptPhase = 'preparing' | 'connecting' | 'sending' | 'waiting' | 'prelude' | 'committed'

/** Why a call was not retried (again). */
export type GiveUpReason =
  | 'not_retryable'
  | 'not_replayable'
  | 'committed'
  | 'retries_exhausted'
  | 'budget_exhausted'
  | 'deadline_exceeded'
  | 'hint_too_long'

/** What a lost continuation means: the conversation is still there, the way to it was not. */
export type Continuity = 'upstream_unavailable' | 'stream_incomplete' | 'upstream_request_timeout'

/** One line of a call's history. Times are milliseconds since the start of the call. */
export interface AttemptRecord {
  /** From 1. */
  readonly attempt: number
  /** `answered` without a `code`: a redirect that was followed. */
  readonly outcome: 'failed' | 'answered' | 'committed' | 'aborted' | 'lost'
  readonly code?: ErrorCode | undefined
  readonly phase: AttemptPhase
  /** The cached client's generation; 0 where the transport has none. */
  readonly generation: number
  readonly connectionReused: boolean
  readonly startedAtMs: number
  readonly connectedAtMs?: number | undefined
  readonly sentAtMs?: number | undefined
  readonly headersAtMs?: number | undefined
  readonly firstEventAtMs?: number | undefined
  readonly endedAtMs: number
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  /** The deadline that ended it, its value and where the value came from. */
  readonly deadline?: DeadlineInfo | undefined
  /** Where it went, where there are several endpoints: the `baseURL` of one. */
  readonly endpoint?: string | undefined
  /** Set on a hedge: why it was started. */
  readonly hedge?: HedgeCause | undefined
  /** Set where a background response was gone on with: its stream was picked up, or its state was read. */
  readonly resumes?: 'stream' | 'state' | undefined
  /** Set on the attempt that the call gave up with: why there was no further one. */
  readonly giveUpReason?: GiveUpReason | undefined
  /** The delay that the endpoint asked for when the call gave up. Milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** The attempt before a hedge had been silent for so long, and was dead with a probability of `deadProbability`, 0 to 1. */
export interface HedgeCause {
  readonly silentMs: number
  readonly deadProbability: number
}

export interface DeadlineInfo {
  readonly name: DeadlineName
  readonly ms: number
  /** For example `option`, `default`, `auto: effort high`, `env`. */
  readonly source: string
}
