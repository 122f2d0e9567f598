import { type Attributes, type Context, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import type { TelemetryEvent } from '../telemetry/events.ts'
import { serverOf } from './call-facts.ts'
import { CONVENTION, OWN } from './names.ts'
import { fail, nameOf, present } from './span-ends.ts'

interface AttemptSpansOptions {
  readonly tracer: Tracer
  /** That of the call. */
  readonly parent: Context
  /** Where the call goes, without the values of its query. */
  readonly url: string
  readonly method: string
  readonly bodyBytes: number | undefined
}

/** Limit for ids that the endpoint chooses. */
const LONGEST_ID = 200

/** The spans of the attempts of one call. */
export class AttemptSpans {
  readonly #options: AttemptSpansOptions
  /** That of the attempt whose headers are being made: of one call one attempt at a time is about to start. */
  #prepared: Span | undefined
  /** Of attempts that have started. They are kept to the end of the call, for links. */
  readonly #started = new Map<number, Span>()

  constructor(options: AttemptSpansOptions) {
    this.#options = options
  }

  /** The span of an attempt that is about to start. */
  prepare({ attempt, url }: { readonly attempt: number; readonly url: string }): Span {
    this.#endPrepared()
    this.#prepared = this.#begin(attempt, new URL(url))
    return this.#prepared
  }

  onEvent(event: TelemetryEvent): void {
    if (event.type === 'attempt_start') {
      this.#start(event.attempt, event.endpoint).setAttributes({ [OWN.transport]: event.transport })
      return
    }
    if (!('attempt' in event)) return
    const span = this.#started.get(event.attempt)
    if (span === undefined) return
    switch (event.type) {
      case 'attempt_connected':
        span.addEvent('connected', { [OWN.connectionReused]: event.reused, [OWN.generation]: event.generation })
        return
      case 'attempt_headers':
        span.setAttribute(CONVENTION.httpResponseStatusCode, event.status)
        span.addEvent('headers', present({ [OWN.requestId]: nameOf(event.requestId, LONGEST_ID) }))
        return
      case 'attempt_first_event':
        span.addEvent('first_event', present({ [OWN.firstEventType]: nameOf(event.eventType) }))
        return
      case 'attempt_commit':
        span.addEvent('commit', { [OWN.commitReason]: event.reason })
        return
      case 'classify_failed':
        span.addEvent('classify_failed', { [OWN.classifyProblem]: event.problem })
        return
      case 'attempt_end':
        this.#end(span, event.record)
        return
      default:
        return
    }
  }

  /** The call is over. */
  end(): void {
    this.#endPrepared()
  }

  #start(attempt: number, endpoint: string | undefined): Span {
    const span = this.#prepared ?? this.#begin(attempt, new URL(endpoint ?? this.#options.url))
    this.#prepared = undefined
    this.#started.set(attempt, span)
    return span
  }

  /** An attempt whose headers were made does not start where the call, or the race, has ended meanwhile. */
  #endPrepared(): void {
    this.#prepared?.setAttribute(OWN.attemptOutcome, 'not_sent')
    this.#prepared?.end()
    this.#prepared = undefined
  }

  #begin(attempt: number, url: URL): Span {
    const { tracer, parent, method, bodyBytes } = this.#options
    const attributes: Attributes = {
      [CONVENTION.httpRequestMethod]: method,
      [CONVENTION.urlFull]: url.origin + url.pathname,
      ...serverOf(url),
      ...(bodyBytes !== undefined && { [CONVENTION.httpRequestBodySize]: bodyBytes }),
      ...(attempt > 1 && { [CONVENTION.httpRequestResendCount]: attempt - 1 }),
      [OWN.attempt]: attempt,
    }
    return tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes }, parent)
  }

  #end(span: Span, record: AttemptRecord): void {
    if (span.isRecording()) this.#describe(span, record)
    span.end()
  }

  #describe(span: Span, record: AttemptRecord): void {
    const { outcome, code, phase, deadline, hedge } = record
    span.setAttributes(
      present({
        [OWN.attemptOutcome]: outcome,
        [OWN.attemptPhase]: phase,
        [OWN.connectionReused]: record.connectionReused,
        [OWN.upstreamCode]: nameOf(record.upstreamCode),
        [OWN.upstreamType]: nameOf(record.upstreamType),
        [CONVENTION.responseId]: nameOf(record.responseId, LONGEST_ID),
        [OWN.requestId]: nameOf(record.requestId, LONGEST_ID),
      }),
    )
    if (deadline !== undefined) {
      const { name, ms, source } = deadline
      span.addEvent('deadline', { [OWN.deadline]: name, [OWN.deadlineMs]: ms, [OWN.deadlineSource]: source })
    }
    if (hedge !== undefined) this.#linkHedge(span, record)
    if (code !== undefined && outcome !== 'aborted' && outcome !== 'lost') fail(span, code)
  }

  /** A hedge is linked with the attempt that had been silent. */
  #linkHedge(span: Span, { attempt, hedge }: AttemptRecord): void {
    const before = [...this.#started].findLast(([number]) => number < attempt)?.[1]
    if (before === undefined || hedge === undefined) return
    span.addLink({
      context: before.spanContext(),
      attributes: { [OWN.silentMs]: hedge.silentMs, [OWN.deadProbability]: hedge.deadProbability },
    })
  }
}
