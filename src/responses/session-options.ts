import type { Call, CallOutcome } from '../call/call.ts'
import type { AbortScope } from '../core/abort.ts'
import type { IntakeOptions } from './event-sequencer.ts'
import type { Resumption } from './resumption.ts'

/** What a session reads, and how it goes on where that breaks. */
export interface SessionOptions {
  readonly scope: AbortScope
  readonly intake: IntakeOptions
  /** The call that creates the response; absent where one is picked up. */
  readonly begin: (() => Call | Promise<Call>) | undefined
  /** What that call has come to already, where it was run before. */
  readonly outcome?: CallOutcome | undefined
  /** How to pick the stream up again where it broke; absent where the endpoint does not keep it. */
  readonly resumption: Resumption | undefined
  /** How to poll for a response that came unfinished where its stream was asked for; absent where it is not stored. */
  readonly polling?: (() => Resumption) | undefined
  /** `restart`: output can be taken back; `fold`: it was not even shown, so that failures of the endpoint are retried too. */
  readonly interruption: 'error' | 'restart' | 'fold'
  /** `limits.eventBytes`: how large the output may be that the events make up. */
  readonly maxBytes: number
}
