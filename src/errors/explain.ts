import type { AttemptRecord, DeadlineInfo, GiveUpReason } from './attempt-record.ts'
import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'

/** What is known of a call, over or not. */
export interface CallHistory {
  /** The first line: what the endpoint said, or what is wrong with the request. */
  readonly opening?: string | undefined
  readonly attempts: readonly AttemptRecord[]
  /** Of a call that failed. */
  readonly code?: ErrorCode | undefined
  readonly giveUpReason?: GiveUpReason | undefined
  readonly retryAfterMs?: number | undefined
  readonly deadline?: DeadlineInfo | undefined
  /** The caller has ended it. */
  readonly aborted?: boolean | undefined
}

/** A few lines a person can read: what each attempt met, which deadline fired, what was hedged, and why it ended. */
export function explainHistory(history: CallHistory): string {
  const lines = history.attempts.map((record, index) => describeAttempt(record, history.attempts[index - 1]))
  const last = history.aborted ? abortOf(history) : lastWord(history)
  return [history.opening, ...lines, last].filter((line) => line !== undefined && line !== '').join('\n')
}

function describeAttempt(record: AttemptRecord, before: AttemptRecord | undefined): string {
  const kind = record.hedge !== undefined ? ' (hedge)' : record.resumes === undefined ? '' : RESUMES[record.resumes]
  const parts = [`attempt ${record.attempt} at ${seconds(record.startedAtMs)}${kind}:`]
  const facts: string[] = []
  if (record.hedge !== undefined) {
    const { silentMs, deadProbability } = record.hedge
    const percent = Math.round(deadProbability * 100)
    facts.push(`the one before had been silent for ${seconds(silentMs)} and was ${percent} % likely to be dead`)
  } else if (before !== undefined && record.startedAtMs - before.endedAtMs >= WORTH_TELLING_MS) {
    facts.push(`after a wait of ${seconds(record.startedAtMs - before.endedAtMs)}`)
  }
  if (record.endpoint !== undefined) facts.push(`to ${record.endpoint}`)
  if (record.connectionReused) facts.push('on a connection used before')
  else if (record.connectedAtMs !== undefined)
    facts.push(`connected in ${seconds(record.connectedAtMs - record.startedAtMs)}`)
  if (record.status !== undefined) facts.push(`answered ${record.status}`)
  if (record.firstEventAtMs !== undefined) {
    facts.push(`first event after ${seconds(record.firstEventAtMs - record.startedAtMs)}`)
  }
  facts.push(endOf(record))
  return [...parts, facts.join(', ')].join(' ')
}

const RESUMES = { stream: ' (resume)', state: ' (poll)' } as const

/** Shorter waits are the jitter of a reconnect. */
const WORTH_TELLING_MS = 300

function endOf({ outcome, code, deadline, phase, startedAtMs, endedAtMs }: AttemptRecord): string {
  const took = seconds(endedAtMs - startedAtMs)
  if (deadline !== undefined) {
    return `cut while ${phase} by the ${deadline.name} deadline of ${seconds(deadline.ms)} (${deadline.source})`
  }
  switch (outcome) {
    case 'committed':
      return code === undefined ? `handed over, whole after ${took}` : `handed over, then ${code} after ${took}`
    case 'aborted':
      return `aborted by the caller while ${phase}, after ${took}`
    case 'lost':
      return `given up after ${took} for another attempt`
    case 'answered':
    case 'failed':
      if (code === undefined) return `led on to another address after ${took}`
      return `${code} while ${phase}, after ${took}`
  }
}

const REASONS: Readonly<Record<GiveUpReason, string>> = {
  not_retryable: 'asking again would not help',
  not_replayable: 'sending it again could do it twice (`retryUnknown: true` allows it)',
  committed: 'events of it had been handed over',
  retries_exhausted: 'all retries were used (`maxRetries`)',
  budget_exhausted: 'too many calls to this origin had been retried (`retry.budget`)',
  deadline_exceeded:
    'the deadline of the whole call left no time (`timeouts.totalMs`, `beforeCommitMs`; `staleMs` for a broken stream that nobody reads)',
  hint_too_long: 'the endpoint asked for a longer wait than `retry.maxHintMs`',
}

/** Of these the code says all: the time of the call was over, whatever else might have been tried. */
const TIME_IS_UP: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'total_timeout',
  'before_commit_timeout',
  'queue_timeout',
])

function lastWord(history: CallHistory): string | undefined {
  const last = history.attempts.at(-1)
  // Of an answer that was handed over there is no error: the attempt knows.
  const { code, giveUpReason, retryAfterMs } =
    history.code === undefined && last?.giveUpReason !== undefined ? last : history
  if (code === undefined) return undefined
  const { deadline } = history
  const isTold = deadline === undefined || last?.deadline?.name === deadline.name
  const limit = isTold ? '' : ` The ${deadline.name} deadline was ${seconds(deadline.ms)} (${deadline.source}).`
  const isClear = giveUpReason === undefined || TIME_IS_UP.has(code)
  const why = isClear ? '' : ` No further attempt: ${REASONS[giveUpReason]}.`
  const hint = retryAfterMs === undefined ? '' : ` The endpoint asked for ${seconds(retryAfterMs)}.`
  return `${code}: ${ERROR_CATALOG[code].meaning}${limit}${why}${hint}`
}

/** An attempt that was under way says it itself. */
function abortOf({ attempts }: CallHistory): string | undefined {
  const last = attempts.at(-1)
  if (last === undefined) return 'aborted by the caller before anything was sent'
  return last.outcome === 'aborted' ? undefined : 'aborted by the caller before another attempt'
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`
}
