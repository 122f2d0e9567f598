import { toIsoTime } from '../core/clock.ts'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import { type CallHistory, explainHistory } from '../errors/explain.ts'
import { type Activity, spansOfAttempt, spansOfCall } from '../picture/activity.ts'
import type { RecordedAttempt, RecordedCall } from './recorded-call.ts'
import { withSafeAddresses } from './safe-address.ts'
import { duration } from './statistics.ts'
import { allVisible } from './visible.ts'

/** What the page holds of the calls: as little as it draws. Names are short, because there are 10 000 of each. */
export interface PageCall {
  readonly id: number
  /** When the call began: date and time, UTC. */
  readonly at: string
  readonly outcome: RecordedCall['outcome']
  readonly label?: string
  readonly model?: string
  /** Duration in milliseconds. */
  readonly ms: number
  /** Until the first event. Milliseconds. */
  readonly first?: number
  /** Of the call and its attempts. */
  readonly codes?: readonly string[]
  readonly bars: readonly PageBar[]
  /** Attempts that run at the same time lie in different lanes. */
  readonly lanes: number
  readonly attempts: number
  readonly hedges: number
  /** What `explain` tells. */
  readonly text: string
  readonly facts: readonly (readonly [name: string, value: string])[]
}

export interface PageBar {
  /** From 0. */
  readonly lane: number
  readonly spans: readonly (readonly [activity: Activity, from: number, to: number])[]
  readonly end?: 'cut' | 'lost' | 'aborted' | 'running'
  /** When the attempt ended. Milliseconds since the start of the call. */
  readonly at: number
  readonly hedge?: true
}

export function pageCallOf(recorded: RecordedCall): PageCall {
  const call = withSafeAddresses(allVisible(recorded))
  const { label, model, firstEventMs, attempts, attemptsLeftOut = 0 } = call
  const lanes = lanesOf(attempts)
  const codes = [...new Set([call.code, ...attempts.map(({ code }) => code)])].filter((code) => code !== undefined)
  return {
    id: call.callId,
    at: toIsoTime(call.startedAt).replace('T', ' ').replace('Z', ''),
    outcome: call.outcome,
    ...(label !== undefined && { label }),
    ...(model !== undefined && { model }),
    ms: call.durationMs,
    ...(firstEventMs !== undefined && { first: firstEventMs }),
    ...(codes.length > 0 && { codes }),
    bars: [...attempts.map((attempt, index) => barOf(attempt, lanes[index] as number)), ...pausesOf(call)],
    lanes: Math.max(1, ...lanes.map((lane) => lane + 1)),
    attempts: attempts.length + attemptsLeftOut,
    hedges: call.hedges,
    text: textOf(call),
    facts: factsOf(call),
  }
}

function barOf(attempt: RecordedAttempt, lane: number): PageBar {
  const end = endOf(attempt)
  return {
    lane,
    spans: spansOfAttempt(attempt).map(({ activity, from, to }) => [activity, from, to] as const),
    ...(end !== undefined && { end }),
    at: attempt.endedAtMs,
    ...(attempt.hedge !== undefined && { hedge: true }),
  }
}

function endOf({ outcome, code }: RecordedAttempt): PageBar['end'] {
  if (outcome === 'running' || outcome === 'lost' || outcome === 'aborted') return outcome
  return code === undefined ? undefined : 'cut'
}

/** Time without an attempt, as a bar in the first lane. */
function pausesOf({ attempts, durationMs, queuedMs }: RecordedCall): PageBar[] {
  const pauses = spansOfCall(attempts, durationMs, queuedMs).filter(
    ({ activity }) => activity === 'queue' || activity === 'back_off',
  )
  if (pauses.length === 0) return []
  return [{ lane: 0, spans: pauses.map(({ activity, from, to }) => [activity, from, to] as const), at: durationMs }]
}

/** The first lane that is free when an attempt starts. */
function lanesOf(attempts: readonly RecordedAttempt[]): number[] {
  const freeAt: number[] = []
  return attempts.map(({ startedAtMs, endedAtMs }) => {
    const free = freeAt.findIndex((at) => at <= startedAtMs)
    const lane = free === -1 ? freeAt.length : free
    freeAt[lane] = endedAtMs
    return lane
  })
}

function textOf(call: RecordedCall): string {
  const { attempts, code, giveUpReason, outcome, attemptsLeftOut = 0 } = call
  const ended = attempts.filter((attempt): attempt is AttemptRecord => attempt.outcome !== 'running')
  const history: CallHistory = { attempts: ended, code, giveUpReason, aborted: outcome === 'aborted' }
  const running = attempts
    .filter((attempt) => attempt.outcome === 'running')
    .map((attempt) => `attempt ${attempt.attempt} at ${duration(attempt.startedAtMs)}: ${PHASES[attempt.phase]}`)
  const leftOut = attemptsLeftOut > 0 ? [`(${attemptsLeftOut} attempts in the middle were not recorded)`] : []
  return [explainHistory(history), ...running, ...leftOut].filter((text) => text !== '').join('\n')
}

const PHASES: Readonly<Record<RecordedAttempt['phase'], string>> = {
  preparing: 'preparing',
  connecting: 'connecting',
  sending: 'sending the request',
  waiting: 'waiting for the first event',
  prelude: 'in the prelude',
  committed: 'handing over the answer',
}

function factsOf(call: RecordedCall): [name: string, value: string][] {
  const { usage, firstEventMs, firstOutputMs, queuedMs, bodyBytes, responseModel } = call
  const ms = (value: number | undefined): string | undefined => (value === undefined ? undefined : duration(value))
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['request', `${call.method} ${call.url}`],
    [
      'model',
      responseModel !== undefined && responseModel !== call.model
        ? [call.model, responseModel].filter(isText).join(', answered by ')
        : call.model,
    ],
    ['effort', call.effort],
    ['tier', call.tier],
    ['label', call.label],
    ['continues', call.continuation ? 'a previous response' : undefined],
    ['body', bodyBytes === undefined ? undefined : `${bodyBytes.toLocaleString('en')} bytes`],
    ['queued', ms(queuedMs)],
    ['first event', ms(firstEventMs)],
    ['first output', ms(firstOutputMs)],
    ['tokens', usage === undefined ? undefined : tokensOf(usage)],
    ['response', [call.responseId, call.responseStatus].filter(isText).join(', ') || undefined],
    [
      'request ids',
      call.attempts
        .map(({ requestId }) => requestId)
        .filter(isText)
        .slice(-3)
        .join(', ') || undefined,
    ],
    [
      'error codes',
      call.attempts
        .map(({ upstreamCode, upstreamType }) => upstreamCode ?? upstreamType)
        .filter(isText)
        .slice(-3)
        .join(', ') || undefined,
    ],
    [
      'endpoint',
      [...new Set(call.attempts.map(({ endpoint }) => endpoint).filter(isText))].slice(0, 3).join(', ') || undefined,
    ],
    ['over', call.attempts.some(({ transport }) => transport === 'websocket') ? 'WebSocket' : undefined],
  ]
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}

function tokensOf({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningTokens,
}: NonNullable<RecordedCall['usage']>): string {
  const count = (value: number | undefined, name: string): string | undefined =>
    value === undefined ? undefined : `${value.toLocaleString('en')} ${name}`
  const input = [count(inputTokens, 'in'), count(cachedInputTokens, 'cached')].filter(isText).join(', ')
  const output = [count(outputTokens, 'out'), count(reasoningTokens, 'reasoning')].filter(isText).join(', ')
  return [input, output].filter((text) => text !== '').join('; ')
}

function isText(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
