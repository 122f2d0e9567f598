import type { AttemptRecord } from '../errors/attempt-record.ts'
import type {
  AttemptCommitEvent,
  AttemptConnectedEvent,
  AttemptFirstEventEvent,
  AttemptHeadersEvent,
  AttemptStartEvent,
  CallEndEvent,
  CallStartEvent,
  HedgeStartEvent,
} from '../telemetry/events.ts'
import { nameOf } from '../telemetry/names.ts'
import type { RecordedAttempt, RecordedCall } from './recorded-call.ts'

/** Of a call with more attempts, half of them are kept from its beginning and half from its end. */
const MOST_ATTEMPTS = 40
const LONGEST_WORD = 100
const LONGEST_ID = 200
const LONGEST_URL = 500

/** What a record takes beside its texts. Bytes, roughly. */
const BYTES_OF_CALL = 600
const BYTES_OF_ATTEMPT = 400

type Running = { -readonly [Name in keyof RecordedAttempt]: RecordedAttempt[Name] }

type AttemptStep =
  | AttemptConnectedEvent
  | AttemptHeadersEvent
  | AttemptFirstEventEvent
  | AttemptCommitEvent
  | HedgeStartEvent

/** Collects the events of one call. */
export class CallDraft {
  readonly #start: CallStartEvent
  readonly #startedAt: number
  /** The start of the call on the monotonic clock. */
  readonly beganAt: number
  readonly #ended: RecordedAttempt[] = []
  readonly #running: Running[] = []
  #leftOut = 0
  #queuedMs = 0
  #hedges = 0

  constructor(start: CallStartEvent, now: { readonly wall: number; readonly monotonic: number }) {
    this.#start = start
    this.#startedAt = now.wall - start.atMs
    this.beganAt = now.monotonic - start.atMs
  }

  queued(waitedMs: number): void {
    this.#queuedMs += waitedMs
  }

  attemptStarted({ attempt, atMs, transport, endpoint }: AttemptStartEvent): void {
    this.#running.push({
      attempt,
      outcome: 'running',
      phase: 'connecting',
      generation: 0,
      connectionReused: false,
      startedAtMs: atMs,
      endedAtMs: atMs,
      ...(transport !== 'http' && { transport }),
      ...(endpoint !== undefined && { endpoint: endpoint.slice(0, LONGEST_URL) }),
    })
  }

  attemptMoved(event: AttemptStep): void {
    if (event.type === 'hedge_start') this.#hedges++
    const running = this.#running.find(({ attempt }) => attempt === event.attempt)
    if (running === undefined) return
    switch (event.type) {
      case 'hedge_start':
        running.hedge = { silentMs: event.silentMs, deadProbability: event.deadProbability }
        return
      case 'attempt_connected':
        running.connectedAtMs = event.atMs
        running.connectionReused = event.reused
        running.phase = 'waiting'
        return
      case 'attempt_headers':
        running.headersAtMs = event.atMs
        running.status = event.status
        running.phase = 'waiting'
        return
      case 'attempt_first_event':
        running.firstEventAtMs = event.atMs
        running.phase = 'prelude'
        return
      case 'attempt_commit':
        running.committedAtMs = event.atMs
        running.phase = 'committed'
        return
    }
  }

  attemptEnded(record: AttemptRecord): void {
    const index = this.#running.findIndex(({ attempt }) => attempt === record.attempt)
    if (index !== -1) this.#running.splice(index, 1)
    this.#ended.push(keptAttempt(record))
    if (this.#ended.length <= MOST_ATTEMPTS) return
    this.#ended.splice(MOST_ATTEMPTS / 2, 1)
    this.#leftOut++
  }

  ended(event: CallEndEvent): RecordedCall {
    const { outcome, code, giveUpReason, firstEventMs, firstOutputMs, hedges } = event
    const { usage, responseId, responseModel, responseStatus } = event
    return this.#record({
      outcome,
      durationMs: event.atMs,
      hedges,
      ...withValues({
        code,
        giveUpReason,
        firstEventMs,
        firstOutputMs,
        usage,
        responseId,
        responseModel,
        responseStatus,
      }),
    })
  }

  /** The call so far. */
  soFar(now: number): RecordedCall {
    const durationMs = Math.max(0, Math.round(now - this.beganAt))
    const first = [...this.#running, ...this.#ended].find(({ committedAtMs }) => committedAtMs !== undefined)
    return this.#record({
      outcome: 'running',
      durationMs,
      hedges: this.#hedges,
      ...withValues({ firstEventMs: first?.firstEventAtMs }),
    })
  }

  #record(end: Pick<RecordedCall, 'outcome' | 'durationMs' | 'hedges'> & Partial<RecordedCall>): RecordedCall {
    const { callId, kind, method, url, stream, continuation, model, effort, tier, label, bodyBytes } = this.#start
    const running = this.#running.map((one) => ({ ...one, endedAtMs: Math.max(one.startedAtMs, end.durationMs) }))
    return {
      callId,
      startedAt: this.#startedAt,
      kind,
      method: method.slice(0, LONGEST_WORD),
      url: url.slice(0, LONGEST_URL),
      stream,
      continuation,
      ...withValues({ model: word(model), effort: word(effort), tier: word(tier), label: word(label), bodyBytes }),
      ...(this.#queuedMs > 0 && { queuedMs: this.#queuedMs }),
      ...end,
      attempts: [...this.#ended, ...running].sort((a, b) => a.attempt - b.attempt),
      ...(this.#leftOut > 0 && { attemptsLeftOut: this.#leftOut }),
    }
  }
}

function keptAttempt(record: AttemptRecord): RecordedAttempt {
  const kept = withValues<Running>(record)
  // What the endpoint chose is kept only if it is short, and looks like a name.
  keepName(kept, 'upstreamCode', nameOf(record.upstreamCode))
  keepName(kept, 'upstreamType', nameOf(record.upstreamType))
  keepName(kept, 'requestId', nameOf(record.requestId, LONGEST_ID))
  keepName(kept, 'responseId', nameOf(record.responseId, LONGEST_ID))
  keepName(kept, 'endpoint', record.endpoint?.slice(0, LONGEST_URL))
  return kept
}

type Name = 'upstreamCode' | 'upstreamType' | 'requestId' | 'responseId' | 'endpoint'

function keepName(kept: Running, name: Name, value: string | undefined): void {
  if (value !== undefined) kept[name] = value
  else if (kept[name] !== undefined) delete kept[name]
}

function word(text: string | undefined): string | undefined {
  return text?.slice(0, LONGEST_WORD)
}

/** Without the fields that have no value, which take memory and say nothing. */
function withValues<T extends object>(fields: T): T {
  const kept: Record<string, unknown> = {}
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name]
  return kept as T
}

/** What a record takes in memory. Bytes, roughly. */
export function bytesOf(call: RecordedCall): number {
  let characters = lengthOf(call.url) + lengthOf(call.model) + lengthOf(call.effort) + lengthOf(call.tier)
  characters += lengthOf(call.label) + lengthOf(call.responseId) + lengthOf(call.responseModel)
  for (const { endpoint, requestId, responseId } of call.attempts)
    characters += lengthOf(endpoint) + lengthOf(requestId) + lengthOf(responseId)
  // A text with a character beyond Latin-1 takes two bytes for each.
  return BYTES_OF_CALL + call.attempts.length * BYTES_OF_ATTEMPT + 2 * characters
}

function lengthOf(text: string | undefined): number {
  return text?.length ?? 0
}
