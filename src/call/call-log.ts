import type { WaitReason } from '../admission/admission.ts'
import { type Clock, toIsoTime } from '../core/clock.ts'
import type { GiveUpReason } from '../errors/attempt-record.ts'
import type { ErrorCode } from '../errors/catalog.ts'
import { redactUrl } from '../errors/redact.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { CallEndEvent, QueueEndEvent, RetryDecision, TelemetryEvent } from '../telemetry/events.ts'
import type { EndedAttempt } from './attempt-log.ts'
import type { CallRequest, InstrumentationProblem } from './call-request.ts'
import type { HedgeTold } from './hedge-race.ts'
import { safeWords } from './safe-words.ts'

let nextCallId = 1

/** Reports one call, and holds the origin of its times. */
export class CallLog {
  readonly id = nextCallId++
  readonly startedAt: number
  /** The same instant on the wall clock, in milliseconds since the epoch. */
  readonly startedWall: number
  readonly clock: Clock
  readonly telemetry: TelemetryEmitter
  #queuedAt: number | undefined
  #hedges = 0
  #giveUpReason: GiveUpReason | undefined
  #last: EndedAttempt | undefined

  /** @param startedAt of the first of several calls whose times are reported as one. */
  constructor(clock: Clock, telemetry: TelemetryEmitter, startedAt?: number) {
    this.clock = clock
    this.telemetry = telemetry
    this.startedAt = startedAt ?? clock.now()
    this.startedWall = clock.wallNow() - (startedAt === undefined ? 0 : clock.now() - startedAt)
  }

  /** What errors tell of it. */
  get origin(): { readonly callId: number; readonly startedAt: string } {
    return { callId: this.id, startedAt: this.startedIso }
  }

  /** When the call began, in UTC. */
  get startedIso(): string {
    return toIsoTime(this.startedWall)
  }

  started({ url, method, body, latency, continuation, asks, label, given }: CallRequest): void {
    if (!this.telemetry.wants('call_start')) return
    const bodyBytes = body.kind === 'bytes' ? body.bytes.length : body.kind === 'stream' ? body.length : 0
    const address = redactUrl(url)
    const safe = safeWords(given)
    this.telemetry.emit({
      type: 'call_start',
      ...this.#mark(),
      startedAt: this.startedIso,
      kind: latency.kind,
      method,
      url: address,
      continuation,
      // What the request does not say is an empty word.
      model: safe(asks.model) || undefined,
      effort: safe(asks.effort) || undefined,
      tier: safe(asks.tier) || undefined,
      stream: latency.kind === 'stream' || latency.passesStream === true,
      label,
      bodyBytes,
    })
  }

  decided(attempt: number, code: ErrorCode, decision: RetryDecision): void {
    if (!decision.retry) this.#giveUpReason = decision.reason
    if (!this.telemetry.wants('retry_decision')) return
    this.telemetry.emit({ type: 'retry_decision', ...this.#mark(), attempt, code, decision })
  }

  rebuilt(attempt: number, oldBytes: number, newBytes: number): void {
    if (!this.telemetry.wants('request_rebuilt')) return
    this.telemetry.emit({ type: 'request_rebuilt', ...this.#mark(), attempt, oldBytes, newBytes })
  }

  /** An instrumentation failed for an attempt. */
  instrumentationFailed(attempt: number, index: number, problem: InstrumentationProblem): void {
    if (!this.telemetry.wants('instrumentation_failed')) return
    this.telemetry.emit({ type: 'instrumentation_failed', ...this.#mark(), attempt, index, problem })
  }

  /** The call waits to begin. Reported once for each reason. */
  queued(reason: WaitReason): void {
    this.#queuedAt ??= this.clock.now()
    if (this.telemetry.wants('queue_start')) this.telemetry.emit({ type: 'queue_start', ...this.#mark(), reason })
  }

  admitted(): void {
    this.#leaveQueue('admitted')
  }

  #leaveQueue(outcome: QueueEndEvent['outcome']): void {
    if (this.#queuedAt === undefined) return
    const waitedMs = Math.round(this.clock.now() - this.#queuedAt)
    this.#queuedAt = undefined
    if (this.telemetry.wants('queue_end'))
      this.telemetry.emit({ type: 'queue_end', ...this.#mark(), outcome, waitedMs })
  }

  attemptEnded(attempt: EndedAttempt): void {
    this.#last = attempt
  }

  hedged(told: HedgeTold): void {
    if (told.kind === 'started') this.#hedges++
    const type = ({ started: 'hedge_start', ended: 'hedge_end', refused: 'hedge_refused' } as const)[told.kind]
    if (!this.telemetry.wants(type)) return
    const { kind: _, ...facts } = told
    this.telemetry.emit({ type, ...this.#mark(), ...facts } as TelemetryEvent)
  }

  ended(outcome: CallEndEvent['outcome'], attempts: number, code: ErrorCode | undefined): void {
    this.#leaveQueue('left')
    if (!this.telemetry.wants('call_end')) return
    this.telemetry.emit({
      type: 'call_end',
      ...this.#mark(),
      outcome,
      attempts,
      hedges: this.#hedges,
      code: outcome === 'completed' ? undefined : code,
      giveUpReason: outcome === 'failed' ? this.#giveUpReason : undefined,
      firstEventMs: this.#since(this.#last?.firstEventAt),
      firstOutputMs: this.#since(this.#last?.firstOutputAt),
      ...this.#last?.response,
    })
  }

  #since(at: number | undefined): number | undefined {
    return at === undefined ? undefined : Math.round(at - this.startedAt)
  }

  #mark(): { callId: number; atMs: number } {
    return { callId: this.id, atMs: Math.round(this.clock.now() - this.startedAt) }
  }
}
