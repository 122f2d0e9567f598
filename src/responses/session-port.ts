import type { Consumer, Taken } from '../core/mailbox.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { ResponseAccumulator } from './accumulator.ts'
import type { SessionEvent } from './session-events.ts'

/** The session as the reader of a stream sees it. */
export interface Session {
  readonly seen: Pick<ResponseAccumulator, 'id' | 'usage' | 'outputText' | 'toResponse'>
  readonly attempts: readonly AttemptRecord[]
  /** The error at its end, if it failed. */
  readonly failure: unknown
  /** The endpoint's id of the request whose answer is or was read last. */
  readonly requestId: string | undefined
  /** The number of the call that creates or resumes the response. `undefined` before that call begins. */
  readonly callId: number | undefined
  /** When that call began, as ISO 8601 has it, in UTC. */
  readonly startedAt: string | undefined
  /** The response has ended, and everything was taken. */
  readonly isDrained: boolean
  /** For one reader at a time. */
  readonly batches: Batches
  /** The reader has left: what it has not taken is dropped, and `take` returns `error` from now on. */
  leave(error: unknown): void
}

export interface Batches {
  /**
   * The next batch, if there is one. `failed` has the error that ends the stream, with what can be kept of its output,
   * or the caller's reason on an abort.
   */
  take(): Taken<readonly SessionEvent[]>
  /** Wakes the reader once `take` has a result. */
  whenReady(reader: Consumer): void
}
