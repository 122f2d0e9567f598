import type { Call } from '../call/call.ts'
import type { AttemptRecord } from '../errors/errors.ts'

/** A call that resumes a response, and when it began after the session did. */
export interface CallOfSession {
  readonly call: Pick<Call, 'attempts' | 'log'>
  readonly sinceMs: number
  readonly resumes: NonNullable<AttemptRecord['resumes']>
}

/** The history of all calls, in order, as that of one call. `first` is absent if the response was created elsewhere. */
export function historyOf(
  first: Pick<Call, 'attempts'> | undefined,
  resumed: readonly CallOfSession[],
): readonly AttemptRecord[] {
  const records = [...(first?.attempts ?? [])]
  for (const { call, sinceMs, resumes } of resumed) {
    const before = records.length
    records.push(...call.attempts.map((record) => moved(record, before, sinceMs, resumes)))
  }
  return records
}

/** A record of a later call, with its times relative to the first call. */
function moved(record: AttemptRecord, before: number, byMs: number, resumes: AttemptRecord['resumes']): AttemptRecord {
  const later = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms + byMs))
  return {
    ...record,
    attempt: record.attempt + before,
    startedAtMs: Math.round(record.startedAtMs + byMs),
    connectedAtMs: later(record.connectedAtMs),
    sentAtMs: later(record.sentAtMs),
    headersAtMs: later(record.headersAtMs),
    firstEventAtMs: later(record.firstEventAtMs),
    ...(record.committedAtMs !== undefined && { committedAtMs: later(record.committedAtMs) }),
    endedAtMs: Math.round(record.endedAtMs + byMs),
    resumes,
  }
}
