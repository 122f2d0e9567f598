import { type Context, context, metrics, propagation, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { ResilientClient, ResponseObject, ResponseStream } from '../../src/index.ts'
import { CONVENTION, CONVENTION_METRIC, OWN, OWN_METRIC } from '../../src/opentelemetry/names.ts'

const BODY = { model: 'mock', input: 'hi' } as const
const BODY_BYTES = 43
/** As many bounds as those of `openTelemetry()`. */
const DURATION_BUCKETS = Array.from({ length: 19 }, (_, power) => 0.01 * 2 ** power)
const FIRST_CHUNK_BUCKETS = Array.from({ length: 25 }, (_, power) => 0.001 * 2 ** power)
const TOKEN_BUCKETS = Array.from({ length: 14 }, (_, power) => 4 ** power)

/**
 * The calls of a program that traces them with the API of OpenTelemetry, and a client without instrumentations. For a call that
 * succeeds at once it makes the spans, span events, attributes, metrics and `traceparent` that `openTelemetry()` makes. This shows
 * what the same telemetry costs without our code. The program sees neither its connection nor the size of its body: these are
 * constants here.
 */
export class CallsByHand {
  readonly #client: ResilientClient
  readonly #tracer = trace.getTracer('by-hand')
  readonly #instruments = instruments()
  readonly #url: string
  /** Made once, because the program calls one server and one model. */
  readonly #server: Readonly<Record<string, string | number>>
  readonly #common: Readonly<Record<string, string | number>>
  #calls = 0

  /** Uses the providers that are registered now. */
  constructor(client: ResilientClient, baseURL: string) {
    this.#client = client
    this.#url = `${baseURL}/responses`
    const { hostname, port } = new URL(baseURL)
    this.#server = { [CONVENTION.serverAddress]: hostname, [CONVENTION.serverPort]: Number(port) }
    this.#common = {
      [CONVENTION.operation]: 'chat',
      [CONVENTION.provider]: 'openai',
      [CONVENTION.requestModel]: BODY.model,
      ...this.#server,
    }
  }

  /** Reads one answer to its end. Failures are not traced: they fail the benchmark. */
  async call(): Promise<void> {
    const startedAt = performance.now()
    const call = this.#startCall()
    const within = trace.setSpan(context.active(), call)
    const attempt = this.#startAttempt(within)
    const headers: Record<string, string> = {}
    propagation.inject(trace.setSpan(within, attempt), headers)
    this.#instruments.active.add(1, this.#common)
    const stream = context.with(within, () => this.#client.responses.stream(BODY, { headers }))
    let firstMs: number | undefined
    let response: ResponseObject | undefined
    for await (const event of stream) {
      if (firstMs === undefined) {
        firstMs = performance.now() - startedAt
        addAttemptEvents(attempt, stream, event.type)
      }
      if (event.type === 'response.completed') response = event.response
    }
    if (response === undefined || firstMs === undefined) throw new Error('the stream did not complete')
    endAttempt(attempt, stream)
    endCall(call, response, firstMs)
    this.#measure(response, firstMs, performance.now() - startedAt)
  }

  #startCall(): Span {
    const attributes = {
      ...this.#common,
      [OWN.callId]: ++this.#calls,
      [CONVENTION.requestStream]: true,
      [CONVENTION.openaiApiType]: 'responses',
      [OWN.continuation]: false,
    }
    return this.#tracer.startSpan(`chat ${BODY.model}`, { kind: SpanKind.CLIENT, attributes })
  }

  #startAttempt(within: Context): Span {
    const attributes = {
      [CONVENTION.httpRequestMethod]: 'POST',
      [CONVENTION.urlFull]: this.#url,
      ...this.#server,
      [OWN.attempt]: 1,
      [CONVENTION.httpRequestBodySize]: BODY_BYTES,
      [OWN.transport]: 'http',
    }
    return this.#tracer.startSpan('POST', { kind: SpanKind.CLIENT, attributes }, within)
  }

  #measure({ model, usage }: ResponseObject, firstMs: number, durationMs: number): void {
    const { active, attempts, duration, firstChunk, tokens } = this.#instruments
    attempts.add(1, { ...this.#common, [OWN.attemptOutcome]: 'committed', [OWN.transport]: 'http' })
    active.add(-1, this.#common)
    const answered = { ...this.#common, [CONVENTION.responseModel]: model }
    duration.record(durationMs / 1000, answered)
    firstChunk.record(firstMs / 1000, answered)
    tokens.record(usage?.input_tokens ?? 0, { ...answered, [CONVENTION.tokenType]: 'input' })
    tokens.record(usage?.output_tokens ?? 0, { ...answered, [CONVENTION.tokenType]: 'output' })
  }
}

function instruments() {
  const meter = metrics.getMeter('by-hand')
  const histogram = (name: string, unit: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries } })
  return {
    duration: histogram(CONVENTION_METRIC.duration, 's', DURATION_BUCKETS),
    firstChunk: histogram(CONVENTION_METRIC.timeToFirstChunk, 's', FIRST_CHUNK_BUCKETS),
    tokens: histogram(CONVENTION_METRIC.tokenUsage, '{token}', TOKEN_BUCKETS),
    active: meter.createUpDownCounter(OWN_METRIC.activeCalls, { unit: '{call}' }),
    attempts: meter.createCounter(OWN_METRIC.attempts, { unit: '{attempt}' }),
  }
}

/** All at once, because the program sees no step of an attempt before its first event. */
function addAttemptEvents(span: Span, { requestId }: ResponseStream, firstType: string): void {
  span.addEvent('connected', { [OWN.connectionReused]: true, [OWN.generation]: 1 })
  span.addEvent('headers', { [OWN.requestId]: requestId ?? '' })
  span.addEvent('first_event', { [OWN.firstEventType]: firstType })
  span.addEvent('commit', { [OWN.commitReason]: 'progress' })
}

function endAttempt(span: Span, { id = '', requestId = '' }: ResponseStream): void {
  span.setAttributes({
    [CONVENTION.httpResponseStatusCode]: 200,
    [OWN.attemptOutcome]: 'committed',
    [OWN.attemptPhase]: 'committed',
    [OWN.connectionReused]: true,
    [CONVENTION.responseId]: id,
    [OWN.requestId]: requestId,
  })
  span.end()
}

function endCall(span: Span, { id, model, status, usage }: ResponseObject, firstMs: number): void {
  // The server of the benchmark sends no details of its tokens. `setAttributes` ignores what is undefined.
  span.setAttributes({
    [OWN.callOutcome]: 'completed',
    [OWN.attempts]: 1,
    [OWN.responseStatus]: status,
    [CONVENTION.responseId]: id,
    [CONVENTION.responseModel]: model,
    [CONVENTION.responseTimeToFirstChunk]: firstMs / 1000,
    [CONVENTION.usageInputTokens]: usage?.input_tokens,
    [CONVENTION.usageOutputTokens]: usage?.output_tokens,
    [CONVENTION.usageCachedInputTokens]: usage?.input_tokens_details?.cached_tokens,
    [CONVENTION.usageReasoningTokens]: usage?.output_tokens_details?.reasoning_tokens,
  })
  span.end()
}
