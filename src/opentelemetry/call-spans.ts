import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { ErrorCode } from '../errors/catalog.ts'
import type { CallEndEvent, CallStartEvent } from '../telemetry/events.ts'
import { AttemptSpans } from './attempt-spans.ts'
import { callFactsOf } from './call-facts.ts'
import { CONVENTION, OWN } from './names.ts'
import { errorCodeOf, fail, present } from './span-ends.ts'
import { suppressTracing, unsuppressed } from './suppress-tracing.ts'
import type { WatchedEvent } from './watched-event.ts'

/** A call under way. */
interface Open {
  readonly span: Span
  /** The context in which the call was made. */
  readonly parent: Context
  /** The same context with `span` as the active span. */
  readonly context: Context
  readonly attempts: AttemptSpans
  /** Of the attempt that handed its answer over: the error status of a passthrough call. */
  answeredWith: ErrorCode | undefined
}

/** The spans of calls: one for each call, and one below it for each attempt. */
export class CallSpans {
  readonly #tracer: Tracer
  readonly #open = new Map<number, Open>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  /**
   * The headers that connect the spans of the endpoint with the span of an attempt. The span starts here, because the headers are
   * made before the attempt starts.
   *
   * @returns `undefined` if the propagator makes no header, or the call is unknown.
   */
  headersFor(asked: {
    readonly callId: number
    readonly attempt: number
    readonly url: string
    readonly method: string
  }) {
    const open = this.#open.get(asked.callId)
    if (open === undefined) return undefined
    const carrier: Record<string, string> = {}
    propagation.inject(trace.setSpan(open.context, open.attempts.prepare(asked)), carrier)
    return Object.keys(carrier).length === 0 ? undefined : carrier
  }

  /** Sends an attempt with tracing suppressed. Otherwise instrumentations of HTTP would make a second span for it. */
  send<T>(sent: { readonly callId: number }, send: () => T): T {
    const open = this.#open.get(sent.callId)
    if (open === undefined) return send()
    // The active span is not that of the attempt, because later callbacks of the socket may belong to another call.
    return context.with(suppressTracing(open.parent), send)
  }

  onEvent(event: WatchedEvent): void {
    if (event.type === 'call_start') this.#start(event)
    const open = this.#open.get(event.callId)
    if (open === undefined) return
    if (event.type === 'call_end') {
      this.#open.delete(event.callId)
      open.attempts.end()
      endCall(open, event)
      return
    }
    const told = callEventOf(event)
    if (told !== undefined) open.span.addEvent(...told)
    open.attempts.onEvent(event)
    if (event.type === 'attempt_end' && event.record.outcome === 'committed')
      open.answeredWith = errorCodeOf(event.record)
  }

  #start(event: CallStartEvent): void {
    const { operation, model, attributes } = callFactsOf(event)
    const name = operation === undefined ? event.method : model === undefined ? operation : `${operation} ${model}`
    const parent = unsuppressed(context.active())
    const span = this.#tracer.startSpan(
      name,
      { kind: SpanKind.CLIENT, attributes: startAttributes(event, attributes) },
      parent,
    )
    const own = trace.setSpan(parent, span)
    const { url, method, bodyBytes } = event
    const attempts = new AttemptSpans({ tracer: this.#tracer, parent: own, url, method, bodyBytes })
    this.#open.set(event.callId, { span, parent, context: own, attempts, answeredWith: undefined })
  }
}

function startAttributes(event: CallStartEvent, ofFacts: Attributes): Attributes {
  const { callId, kind, stream, effort, tier, label, continuation } = event
  const attributes: Attributes = { ...ofFacts, [OWN.callId]: callId, [CONVENTION.requestStream]: stream }
  if (kind !== 'passthrough') {
    attributes[CONVENTION.openaiApiType] = 'responses'
    attributes[OWN.continuation] = continuation
  }
  if (effort !== undefined) attributes[OWN.effort] = effort
  // The conventions omit the default value.
  if (tier !== undefined && tier !== 'auto') attributes[CONVENTION.openaiServiceTier] = tier
  if (label !== undefined) attributes[OWN.label] = label
  return attributes
}

function endCall({ span, answeredWith }: Open, event: CallEndEvent): void {
  const { outcome, code, attempts, hedges, giveUpReason, firstEventMs, usage = {} } = event
  if (span.isRecording()) {
    span.setAttributes(
      present({
        [OWN.callOutcome]: outcome,
        [OWN.attempts]: attempts,
        [OWN.hedges]: hedges === 0 ? undefined : hedges,
        [OWN.giveUpReason]: giveUpReason,
        [OWN.responseStatus]: event.responseStatus,
        [CONVENTION.responseId]: event.responseId,
        [CONVENTION.responseModel]: event.responseModel,
        [CONVENTION.responseTimeToFirstChunk]: firstEventMs === undefined ? undefined : firstEventMs / 1000,
        [CONVENTION.usageInputTokens]: usage.inputTokens,
        [CONVENTION.usageCachedInputTokens]: usage.cachedInputTokens,
        [CONVENTION.usageOutputTokens]: usage.outputTokens,
        [CONVENTION.usageReasoningTokens]: usage.reasoningTokens,
      }),
    )
    if (outcome === 'failed') fail(span, code)
    else if (outcome === 'completed' && answeredWith !== undefined) fail(span, answeredWith)
  }
  span.end()
}

/** The span event for telemetry about a call other than its start, its end and its attempts. */
function callEventOf(event: WatchedEvent): [name: string, attributes: Attributes] | undefined {
  switch (event.type) {
    case 'queue_start':
      return ['queue_start', { [OWN.reason]: event.reason }]
    case 'queue_end':
      return ['queue_end', { [OWN.reason]: event.outcome, [OWN.waitedMs]: event.waitedMs }]
    case 'hedge_start': {
      const { attempt, silentMs, deadProbability } = event
      return [
        'hedge_start',
        { [OWN.attempt]: attempt, [OWN.silentMs]: silentMs, [OWN.deadProbability]: deadProbability },
      ]
    }
    case 'hedge_end':
      return ['hedge_end', { [OWN.attempt]: event.attempt, [OWN.hedgeOutcome]: event.outcome }]
    case 'hedge_refused':
      return ['hedge_refused', { [OWN.reason]: event.reason }]
    case 'request_rebuilt':
      return ['request_rebuilt', { [OWN.attempt]: event.attempt, [CONVENTION.httpRequestBodySize]: event.newBytes }]
    case 'instrumentation_failed':
      return ['instrumentation_failed', { [OWN.attempt]: event.attempt, [OWN.classifyProblem]: event.problem }]
    case 'retry_decision': {
      const { attempt, code, decision } = event
      const failed = { [OWN.attempt]: attempt, [CONVENTION.errorType]: code }
      if (!decision.retry) return ['give_up', { ...failed, [OWN.giveUpReason]: decision.reason }]
      const { delayMs, lane, transparent } = decision
      return ['retry', { ...failed, [OWN.delayMs]: delayMs, [OWN.lane]: lane, [OWN.transparent]: transparent }]
    }
    default:
      return undefined
  }
}
