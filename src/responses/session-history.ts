import type { Call } from '../call/call.ts'
import type { AttemptRecord } from '../errors/errors.ts'

/** A call of a session, and when it began after the first one. */
export interface CallOfSession {
  readonly call: Pick<Call, 'attempts'>
  readonly sinceMs: number
  readonly resumes: AttemptRecord['resumes']
}

/** The history of all calls, in order, as that of one. */
export function historyOf(calls: readonly CallOfSession[]): readonly AttemptRecord[] {
  let before = 0
  return calls.flatMap(({ call, sinceMs, resumes }) => {
    const records =
      resumes === undefined ? call.attempts : call.attempts.map((record) => moved(record, before, sinceMs, resumes))
    before += records.length
    return records
  })
}

/** A record of a call that goes on with an earlier one, on the time line of that one. */
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
    endedAtMs: Math.round(record.endedAtMs + byMs),
    resumes,
  }
}
