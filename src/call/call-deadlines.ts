import type { CallDeadlines, Limit } from '../watchdog/deadlines.ts'
import type { CallContext } from './call-request.ts'

/** Shared, because a stream holds it to its end. */
const NOT_BOUND: Limit = { ms: 0, source: 'beforeCommitMs' }

/** The deadlines of a whole call. Those before the commit are for streams only. */
export function deadlinesOf(
  { timeouts, beforeCommitMs, commitAfterMs }: Pick<CallContext, 'timeouts' | 'beforeCommitMs' | 'commitAfterMs'>,
  startedAt: number,
  isStream: boolean,
): CallDeadlines {
  const isBound = isStream && beforeCommitMs > 0
  return {
    startedAt,
    total: timeouts.totalMs,
    beforeCommit: isBound ? { ...NOT_BOUND, ms: beforeCommitMs } : NOT_BOUND,
    commitAfterMs: isStream ? commitAfterMs : 0,
  }
}
