import type { AbortScope } from '../core/abort.ts'
import { type AttemptRecord, ResilientError } from '../errors/errors.ts'
import { HISTORIES } from '../errors/histories.ts'
import type { CallLog } from './call-log.ts'
import type { CallContext } from './call-request.ts'

interface AbortedCall {
  readonly scope: Pick<AbortScope, 'reason'>
  readonly attempts: readonly AttemptRecord[]
  readonly context: Pick<CallContext, 'attemptsBefore'>
  readonly log: Pick<CallLog, 'startedIso'>
}

/**
 * Lets `explain` find an aborted call by the reason of the abort, which is all that the caller, or an SDK whose `timeout` has
 * expired, gets of it. A reason that ended several calls leads to none of them.
 */
export function rememberAborted({ scope: { reason }, attempts, context, log }: AbortedCall): void {
  // An error of ours has a history. A call that resumes a response knows only the last attempts of its stream.
  if (typeof reason !== 'object' || reason === null || reason instanceof ResilientError) return
  if (attempts.length === 0 || context.attemptsBefore !== undefined) return
  HISTORIES.set(reason, HISTORIES.has(reason) ? undefined : { attempts, startedAt: log.startedIso, aborted: true })
}
