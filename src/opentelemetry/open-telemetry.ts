import { type MeterProvider, type TracerProvider, trace } from '@opentelemetry/api'
import type { Instrumentation } from '../client/instrumentation-option.ts'
import { flag, withMethods } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import { CallMetrics } from './call-metrics.ts'
import { CallSpans } from './call-spans.ts'
import { ClientGauges, type Observed } from './client-gauges.ts'
import { CurrentMeter } from './current-meter.ts'
import { EVENT_TYPES, type WatchedEvent } from './watched-event.ts'

const SCOPE = 'resilient-responses'

/** Options of `openTelemetry()`. */
export interface OpenTelemetryOptions {
  /** Makes the spans. Default: the global provider, even if it is registered later. */
  readonly tracerProvider?: TracerProvider | undefined
  /**
   * Makes the metrics. Default: the global provider, even if it is registered later. Measures what happens from the first event
   * after that on.
   */
  readonly meterProvider?: MeterProvider | undefined
  /**
   * Whether each attempt sends the headers of the global propagator, for example `traceparent`. They put the spans of an endpoint
   * or a gateway below the span of the attempt. Default `true`; `false` sends none.
   */
  readonly propagate?: boolean | undefined
}

const RULES = {
  tracerProvider: withMethods(['getTracer'], 'a TracerProvider'),
  meterProvider: withMethods(['getMeter'], 'a MeterProvider'),
  propagate: { ...flag, default: true },
} as const satisfies Rules<OpenTelemetryOptions>

const OBSERVED = { client: { ...withMethods(['stats'], 'a ResilientClient'), required: true } } as const

/** The result of `openTelemetry()`, for the option `instrumentations` of one client or several. */
export interface OpenTelemetryInstrumentation extends Instrumentation {
  /**
   * Also measures the state of a client whenever metrics are collected: connections, waiting calls, retry budgets. Holds the client
   * weakly.
   *
   * @returns the function that ends the observation. Idempotent.
   * @throws ConfigurationError for what is not a client.
   */
  observe(client: Observed): () => void
}

/**
 * Spans and metrics for the calls of a client: `new ResilientClient({ instrumentations: [openTelemetry()] })`.
 *
 * Each call is a span of kind CLIENT, named as in the conventions for GenAI (`chat gpt-5`), below the span that is active when the
 * call is made. Each attempt, hedges included, is a span of kind CLIENT below it, and its context is sent to the endpoint.
 * `docs/opentelemetry.md` lists names, units and attributes. No attribute holds a credential, a query value, or a text of a request
 * or an answer.
 *
 * @throws ConfigurationError for an option that is unknown or not accepted.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetryInstrumentation {
  checkOptions(options, RULES, { of: 'openTelemetry()' })
  const { tracerProvider, meterProvider, propagate = true } = options
  // Made with the first event: what the provider throws is then ignored, as other errors of instrumentations are.
  let spans: CallSpans | undefined
  const meter = new CurrentMeter(SCOPE, meterProvider)
  const measured = new CallMetrics(() => meter.get())
  let gauges: ClientGauges | undefined
  return {
    eventTypes: EVENT_TYPES,
    onEvent(event) {
      const watched = event as WatchedEvent
      try {
        measured.onEvent(watched)
        gauges?.measureOn(meter.get())
      } finally {
        spans ??= new CallSpans((tracerProvider ?? trace).getTracer(SCOPE))
        spans.onEvent(watched)
      }
    },
    inContext: (attempt, send) => (spans === undefined ? send() : spans.send(attempt, send)),
    ...(propagate && { headers: (context) => spans?.headersFor(context) }),
    observe(client) {
      checkOptions({ client }, OBSERVED, { of: 'observe()' })
      gauges ??= new ClientGauges()
      gauges.measureOn(meter.get())
      return gauges.add(client)
    },
  }
}
