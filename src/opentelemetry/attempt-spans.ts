import { type Attributes, type Context, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import type { AttemptRecord } from '../errors/attempt-record.ts'
import { nameOf } from '../telemetry/names.ts'
import { serverAt } from './call-facts.ts'
import { CONVENTION, OWN } from './names.ts'
import { errorCodeOf, fail, present } from './span-ends.ts'
import type { WatchedEvent } from './watched-event.ts'

interface AttemptSpansOptions {
  readonly tracer: Tracer
  /** The context of the call. */
  readonly parent: Context
  /** The address of the call, without the values of its query. */
  readonly url: string
  readonly method: string
  readonly bodyBytes: number | undefined
}

/** Longest id of the endpoint that becomes an attribute, in characters. */
const LONGEST_ID = 200

/** The spans of the attempts of one call. */
export class AttemptSpans {
  readonly #options: AttemptSpansOptions
  /** The span of the attempt whose headers are being made. Only one attempt of a call starts at a time. */
  #prepared: Span | undefined
  /** The spans of attempts that have started. They are kept until the call ends, because hedges link to them. */
  readonly #started = new Map<number, Span>()

  constructor(options: AttemptSpansOptions) {
    this.#options = options
  }

  /** The span of an attempt that is about to start. */
  prepare({ attempt, url }: { readonly attempt: number; readonly url: string }): Span {
    this.#endPrepared()
    this.#prepared = this.#begin(attempt, url)
    return this.#prepared
  }

  onEvent(event: WatchedEvent): void {
    if (event.type === 'attempt_start') {
      this.#start(event.attempt, event.endpoint).setAttribute(OWN.transport, event.transport)
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
    const span = this.#prepared ?? this.#begin(attempt, endpoint ?? this.#options.url)
    this.#prepared = undefined
    this.#started.set(attempt, span)
    return span
  }

  /** Ends the span of an attempt that did not start, because the call or the race ended while its headers were made. */
  #endPrepared(): void {
    this.#prepared?.setAttribute(OWN.attemptOutcome, 'not_sent')
    this.#prepared?.end()
    this.#prepared = undefined
  }

  #begin(attempt: number, address: string): Span {
    const { tracer, parent, method, bodyBytes } = this.#options
    const server = serverAt(address)
    const attributes: Attributes = {
      [CONVENTION.httpRequestMethod]: method,
      [CONVENTION.urlFull]: server.url,
      ...server.attributes,
      [OWN.attempt]: attempt,
    }
    if (bodyBytes !== undefined) attributes[CONVENTION.httpRequestBodySize] = bodyBytes
    if (attempt > 1) attributes[CONVENTION.httpRequestResendCount] = attempt - 1
    return tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes }, parent)
  }

  #end(span: Span, record: AttemptRecord): void {
    if (span.isRecording()) this.#describe(span, record)
    span.end()
  }

  #describe(span: Span, record: AttemptRecord): void {
    const { outcome, phase, deadline, hedge } = record
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
    const code = errorCodeOf(record)
    if (code !== undefined) fail(span, code)
  }

  /** A hedge links to the silent attempt that it was started for. */
  #linkHedge(span: Span, { attempt, hedge }: AttemptRecord): void {
    const before = [...this.#started].findLast(([number]) => number < attempt)?.[1]
    if (before === undefined || hedge === undefined) return
    span.addLink({
      context: before.spanContext(),
      attributes: { [OWN.silentMs]: hedge.silentMs, [OWN.deadProbability]: hedge.deadProbability },
    })
  }
}
