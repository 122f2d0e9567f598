import type { Call, CallOutcome } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import type { IntakeOptions } from './event-sequencer.ts'
import type { Resumption } from './resumption.ts'

/** What a session reads, and how it continues when the stream breaks. */
export interface SessionOptions {
  readonly scope: AbortScope
  readonly intake: IntakeOptions
  /** The call that creates the response. Absent for a resume. */
  readonly begin: (() => Call | Promise<Call>) | undefined
  /** The outcome of that call, if it has already run. */
  readonly outcome?: CallOutcome | undefined
  /** How to resume a broken stream. Absent if the endpoint does not keep it. */
  readonly resumption: Resumption | undefined
  /** How to poll a response that came unfinished in place of a stream. Absent if it is not stored. */
  readonly polling?: ((scope: AbortScope) => Resumption) | undefined
  /**
   * `restart`: output can be taken back. `fold`: output was not shown, so failures of the endpoint are retried, too.
   */
  readonly interruption: 'error' | 'restart' | 'fold'
  /** `limits.eventBytes`: the limit for the output that is rebuilt from events. */
  readonly maxBytes: number
}
