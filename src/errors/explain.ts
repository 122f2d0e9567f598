import { shortTime } from '../core/short-time.ts'
import type { AttemptRecord, Continuity, DeadlineInfo, GiveUpReason } from './attempt-record.ts'
import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'

/** What is known about a call, running or ended. */
export interface CallHistory {
  /** The first line: the endpoint's message, or what is wrong with the request. */
  readonly opening?: string | undefined
  readonly attempts: readonly AttemptRecord[]
  /** When the call began, as ISO 8601 has it, in UTC. */
  readonly startedAt?: string | undefined
  /** Only for a failed call. */
  readonly code?: ErrorCode | undefined
  readonly giveUpReason?: GiveUpReason | undefined
  readonly retryAfterMs?: number | undefined
  readonly deadline?: DeadlineInfo | undefined
  /** A possible cause, and what to do about it. */
  readonly advice?: string | undefined
  /** Of a call with `previous_response_id`. */
  readonly continuity?: Continuity | undefined
  /** Whether the caller aborted the call. */
  readonly aborted?: boolean | undefined
}

/** A few readable lines: the outcome of each attempt, which deadline fired, what was hedged, and why the call ended. */
export function explainHistory(history: CallHistory): string {
  const { attempts, startedAt } = history
  const lines = attempts.map((record, index) => describeAttempt(record, attempts[index - 1], startedAt))
  const last = history.aborted ? abortOf(history) : lastWord(history)
  return [history.opening, ...lines, last].filter((line) => line !== undefined && line !== '').join('\n')
}

function describeAttempt(record: AttemptRecord, before: AttemptRecord | undefined, began: string | undefined): string {
  const { attempt, startedAtMs, hedge, resumes, endpoint, connectedAtMs, firstEventAtMs, status } = record
  const since = (ms: number): string => shortTime(ms - startedAtMs)
  const kind = hedge !== undefined ? ' (hedge)' : resumes === undefined ? '' : RESUMES[resumes]
  const facts: string[] = []
  if (hedge !== undefined) {
    const percent = Math.round(hedge.deadProbability * 100)
    facts.push(`the previous one was silent for ${shortTime(hedge.silentMs)}, ${percent} % likely dead`)
  } else if (before !== undefined && startedAtMs - before.endedAtMs >= WORTH_TELLING_MS) {
    facts.push(`after a wait of ${shortTime(startedAtMs - before.endedAtMs)}`)
  }
  if (endpoint !== undefined) facts.push(`to ${endpoint}`)
  if (record.connectionReused) facts.push('on a reused connection')
  else if (connectedAtMs !== undefined) facts.push(`connected in ${since(connectedAtMs)}`)
  if (status !== undefined && !isWhole(record)) facts.push(`answered ${status}`)
  if (firstEventAtMs !== undefined) facts.push(`first event after ${since(firstEventAtMs)}`)
  facts.push(endOf(record, since(record.endedAtMs)))
  const when = before === undefined && began !== undefined ? ` (call began ${began})` : ''
  return `attempt ${attempt} at ${shortTime(startedAtMs)}${when}${kind}: ${facts.join(', ')}`
}

const RESUMES = { stream: ' (resume)', state: ' (poll)' } as const

/** When an attempt ended, in the words of `explain` and of messages. */
export const PHASES: Readonly<Record<AttemptRecord['phase'], string>> = {
  preparing: 'while preparing',
  connecting: 'while connecting',
  sending: 'while sending',
  waiting: 'while waiting',
  prelude: 'in the prelude',
  committed: 'while handing over the answer',
}

/** Shorter waits are only the jitter of a reconnect. */
const WORTH_TELLING_MS = 300

/** An answer without events, which ends with its status. */
function isWhole({ outcome, code, status, firstEventAtMs }: AttemptRecord): boolean {
  const isAnswer = outcome === 'answered' || outcome === 'committed' || code === 'http_status'
  return isAnswer && status !== undefined && firstEventAtMs === undefined
}

function endOf(record: AttemptRecord, took: string): string {
  const { outcome, code, deadline, phase, status } = record
  if (deadline !== undefined)
    return `cut by the ${deadline.name} deadline of ${shortTime(deadline.ms)} (${deadline.source}), ${PHASES[phase]}`
  if (outcome === 'aborted') return `aborted by the caller after ${took}, ${PHASES[phase]}`
  if (outcome === 'lost') return `given up after ${took} for another attempt`
  if (isWhole(record))
    return `answered ${status} after ${took}${code === undefined || code === 'http_status' ? '' : `: ${code}`}`
  if (code === undefined) return `complete after ${took}`
  return `${code} after ${took}, ${outcome === 'committed' ? 'handed over' : PHASES[phase]}`
}

const REASONS: Readonly<Record<GiveUpReason, string>> = {
  not_retryable: 'a retry would not help',
  not_replayable: 'the endpoint may have acted on the request (`retryUnknown: true` allows a retry)',
  committed: 'a part of the answer was already handed over',
  retries_exhausted: 'all retries are used (`maxRetries`)',
  unreachable: 'a failure to connect is retried 4 times at most (`maxRetries: 0`: never)',
  budget_exhausted: 'the retry budget of this origin is used up (`retry.budget`)',
  deadline_exceeded:
    'too little time is left (`timeouts.totalMs`, `beforeCommitMs`; `staleMs` for a broken stream that is not read)',
  hint_too_long: 'the endpoint asked to wait longer than `retry.maxHintMs`',
}

function reasonOf(reason: GiveUpReason, code: ErrorCode): string {
  if (reason === 'unreachable' && code === 'host_not_found')
    return 'an unknown host is retried twice at most (`maxRetries: 0`: never)'
  return REASONS[reason]
}

/** What to do about a conversation that cannot be continued now, or no more. */
function conversationOf({ code, continuity, giveUpReason }: CallHistory): string {
  if (code === 'previous_response_not_found')
    return ' Send the whole input, or rebuild the request in `onPreviousResponseNotFound`.'
  // A request that is wrong says nothing about the conversation.
  if (continuity === undefined || giveUpReason === 'not_retryable') return ''
  return ' The conversation still exists: keep its id, and continue it later.'
}

/** For these the code says enough: the call ran out of time. */
const TIME_IS_UP: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'total_timeout',
  'before_commit_timeout',
  'queue_timeout',
])

function lastWord(history: CallHistory): string | undefined {
  const last = history.attempts.at(-1)
  // An answer that was handed over has no error, so the attempt record is used.
  const { code, giveUpReason, retryAfterMs } =
    history.code === undefined && last?.giveUpReason !== undefined ? last : history
  if (code === undefined) return undefined
  const { deadline } = history
  const isTold = deadline === undefined || last?.deadline?.name === deadline.name
  const limit = isTold ? '' : ` The ${deadline.name} deadline was ${shortTime(deadline.ms)} (${deadline.source}).`
  const isClear = giveUpReason === undefined || TIME_IS_UP.has(code)
  const why = isClear ? '' : ` No further attempt: ${reasonOf(giveUpReason, code)}.`
  const hint = retryAfterMs === undefined ? '' : ` The endpoint asked to wait ${shortTime(retryAfterMs)}.`
  // Of an answer, the first line has the advice.
  const told = history.advice === undefined || deadline === undefined ? '' : ` ${history.advice}.`
  return `${code}: ${ERROR_CATALOG[code].meaning}${limit}${why}${hint}${told}${conversationOf(history)}`
}

/** A running attempt reports the abort itself. */
function abortOf({ attempts }: CallHistory): string | undefined {
  const last = attempts.at(-1)
  if (last === undefined) return 'aborted by the caller before anything was sent'
  return last.outcome === 'aborted' ? undefined : 'aborted by the caller before the next attempt'
}
