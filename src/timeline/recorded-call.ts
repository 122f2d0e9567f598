import type { AttemptRecord, GiveUpReason } from '../errors/attempt-record.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import type { CallStartEvent, CallUsage } from '../telemetry/events.ts'

/**
 * One attempt of a recorded call. Times are milliseconds since the start of the call. A name that the endpoint chose (`requestId`,
 * `responseId`, `upstreamCode`, `upstreamType`) is kept only where it looks like a name, and not where it could be a text.
 */
export interface RecordedAttempt extends Omit<AttemptRecord, 'outcome'> {
  /** `running`: the attempt had not ended when the record was made. */
  readonly outcome: AttemptRecord['outcome'] | 'running'
}

/** One call, as `recordCalls()` keeps it: plain data. Holds no key, header, query, prompt or answer. */
export interface RecordedCall {
  /** Unique within the process that made the call. */
  readonly callId: number
  /** When the call began. Milliseconds since the Unix epoch. */
  readonly startedAt: number
  readonly kind: CallStartEvent['kind']
  readonly method: string
  /** Origin and path, at most 500 characters. */
  readonly url: string
  readonly stream: boolean
  /** The call carries `previous_response_id`. */
  readonly continuation: boolean
  readonly model?: string | undefined
  readonly effort?: string | undefined
  readonly tier?: string | undefined
  readonly label?: string | undefined
  /** Bytes of the body. Absent if unknown. */
  readonly bodyBytes?: number | undefined
  /** `running`: the call had not ended when the record was made. */
  readonly outcome: 'completed' | 'failed' | 'aborted' | 'running'
  /** From the start to the end of the call, or to the moment of the record. Milliseconds. */
  readonly durationMs: number
  /** How long the call waited to begin. Milliseconds. Absent if it did not wait. */
  readonly queuedMs?: number | undefined
  /** Attempts that were hedges. */
  readonly hedges: number
  /** Of a call that was not completed. */
  readonly code?: ErrorCode | undefined
  /** Why there was no further attempt. */
  readonly giveUpReason?: GiveUpReason | undefined
  /** Until the first stream event of the attempt that ended last. Milliseconds. */
  readonly firstEventMs?: number | undefined
  /** Until the first output of that attempt. Milliseconds. */
  readonly firstOutputMs?: number | undefined
  readonly usage?: CallUsage | undefined
  readonly responseId?: string | undefined
  readonly responseModel?: string | undefined
  readonly responseStatus?: string | undefined
  /** In the order of their numbers. */
  readonly attempts: readonly RecordedAttempt[]
  /** Attempts that are not kept, from the middle of a call with more than 40. Absent if all are kept. */
  readonly attemptsLeftOut?: number | undefined
}
