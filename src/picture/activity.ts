import { shortTime } from '../core/short-time.ts'

/** What a call does at one moment. */
export type Activity = 'queue' | 'connect' | 'wait' | 'prelude' | 'output' | 'back_off'

/** Times are milliseconds since the start of the call. */
export interface Span {
  readonly activity: Activity
  readonly from: number
  readonly to: number
}

/** An instant that a picture marks. */
export interface Mark {
  /** `cut`: an attempt failed. `hedge`: a hedge started. `aborted`: the caller ended the call. */
  readonly kind: 'cut' | 'hedge' | 'aborted'
  readonly at: number
  /** Of a cut: its reason in a few words. */
  readonly why?: string
}

/** An attempt, as far as a picture shows it. Every `AttemptRecord` is one. Times are milliseconds since the start of the call. */
export interface PicturedAttempt {
  readonly outcome: 'failed' | 'answered' | 'committed' | 'aborted' | 'lost' | 'running'
  readonly phase: 'preparing' | 'connecting' | 'sending' | 'waiting' | 'prelude' | 'committed'
  readonly code?: string | undefined
  readonly startedAtMs: number
  readonly connectedAtMs?: number | undefined
  readonly firstEventAtMs?: number | undefined
  readonly committedAtMs?: number | undefined
  readonly endedAtMs: number
  readonly status?: number | undefined
  readonly deadline?: { readonly ms: number } | undefined
  readonly hedge?: object | undefined
}

/** The spans of one attempt, in order and without gaps. Spans of no length are left out. */
export function spansOfAttempt(attempt: PicturedAttempt): Span[] {
  const { startedAtMs, connectedAtMs, firstEventAtMs, committedAtMs, endedAtMs, phase } = attempt
  const isUnconnected = connectedAtMs === undefined && (phase === 'connecting' || phase === 'preparing')
  // Not every transport can tell when it was connected.
  const connected = isUnconnected ? endedAtMs : (connectedAtMs ?? startedAtMs)
  const heard = firstEventAtMs ?? committedAtMs ?? endedAtMs
  const bounds = [
    ['connect', connected],
    ['wait', heard],
    ['prelude', committedAtMs ?? endedAtMs],
    ['output', endedAtMs],
  ] as const
  const spans: Span[] = []
  let from = startedAtMs
  for (const [activity, bound] of bounds) {
    const to = Math.min(Math.max(bound, from), endedAtMs)
    if (to > from) spans.push({ activity, from, to })
    from = Math.max(from, to)
  }
  return spans
}

/** Of several attempts at a time, the one that is furthest is shown. */
const RANK: Readonly<Record<Activity, number>> = { back_off: 0, queue: 0, connect: 1, wait: 2, prelude: 3, output: 4 }

/** Up to this long a call prepares its first attempt: it loads code, asks for headers. Longer is a wait to begin. Milliseconds. */
const PREPARING_MS = 200

/**
 * The spans of a call on one line, in order and without gaps. Time before the first attempt is `queue` if the call waited for a
 * permit (`queuedMs`), or if it is too long to have been a preparation. Else it belongs to the first span. Time between attempts and
 * after the last one is `back_off`. After an attempt that brought the answer nothing follows: the caller may still read.
 */
export function spansOfCall(attempts: readonly PicturedAttempt[], durationMs: number, queuedMs = 0): Span[] {
  return spansUntil(attempts, Math.min(durationMs, answeredAt(attempts) ?? durationMs), queuedMs > 0)
}

/** When the last attempt had brought the whole answer. `undefined` if it has not. */
export function answeredAt(attempts: readonly PicturedAttempt[]): number | undefined {
  const [last] = [...attempts].sort((a, b) => b.endedAtMs - a.endedAtMs)
  return last?.outcome === 'committed' && last.code === undefined ? last.endedAtMs : undefined
}

function spansUntil(attempts: readonly PicturedAttempt[], durationMs: number, isQueued: boolean): Span[] {
  const all = attempts.flatMap(spansOfAttempt)
  const begin = Math.min(durationMs, ...attempts.map(({ startedAtMs }) => startedAtMs))
  const early = isQueued || begin > PREPARING_MS ? 'queue' : (all[0]?.activity ?? 'queue')
  const bounds = [...new Set([0, begin, durationMs, ...all.flatMap(({ from, to }) => [from, to])])].sort(
    (a, b) => a - b,
  )
  const spans: Array<{ activity: Activity; from: number; to: number }> = []
  for (const [index, to] of bounds.entries()) {
    const from = bounds[index - 1]
    if (from === undefined) continue
    let activity: Activity = from < begin ? early : 'back_off'
    for (const span of all)
      if (span.from <= from && span.to >= to && RANK[span.activity] > RANK[activity]) activity = span.activity
    const last = spans.at(-1)
    if (last?.activity === activity) last.to = to
    else spans.push({ activity, from, to })
  }
  return spans
}

/** The marks of a call, in order. */
export function marksOf(attempts: readonly PicturedAttempt[]): Mark[] {
  return attempts.flatMap(marksOfAttempt).sort((a, b) => a.at - b.at)
}

function marksOfAttempt(attempt: PicturedAttempt): Mark[] {
  const { outcome, code, hedge, startedAtMs, endedAtMs } = attempt
  const marks: Mark[] = hedge === undefined ? [] : [{ kind: 'hedge', at: startedAtMs }]
  if (outcome === 'aborted') marks.push({ kind: 'aborted', at: endedAtMs })
  else if (code !== undefined && outcome !== 'lost') marks.push({ kind: 'cut', at: endedAtMs, why: whyOf(attempt) })
  return marks
}

/** `ttfb_timeout 45 s`, `status 503`, or the code. */
function whyOf({ code = 'failed', deadline, status }: PicturedAttempt): string {
  if (deadline !== undefined) return `${code} ${shortTime(deadline.ms)}`
  return code === 'http_status' && status !== undefined ? `status ${status}` : code
}
