import type { Consumer, Taken } from '../core/mailbox.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { ResponseAccumulator } from './accumulator.ts'
import type { SessionEvent } from './session-events.ts'

/** What the reader of a stream sees of its session. */
export interface Session {
  readonly seen: Pick<ResponseAccumulator, 'id' | 'usage' | 'outputText' | 'toResponse'>
  readonly attempts: readonly AttemptRecord[]
  /** What was thrown at its end, if it failed. */
  readonly failure: unknown
  /** The endpoint's id of the request whose answer is read, or was read last. */
  readonly requestId: string | undefined
  /** The response has ended, and everything of it was taken. */
  readonly isDrained: boolean
  /** What the reader takes, one reader at a time. */
  readonly batches: Batches
  /** The reader wants no more: what it has not taken is thrown away, and `error` is what `take` finds from now on. */
  leave(error: unknown): void
}

export interface Batches {
  /**
   * The next batch, if there is one. `failed` brings the error that ends the stream, with what can be kept of its output;
   * the caller's reason on an abort.
   */
  take(): Taken<readonly SessionEvent[]>
  /** Wakes the reader once, as soon as `take` finds something. */
  whenReady(reader: Consumer): void
}
