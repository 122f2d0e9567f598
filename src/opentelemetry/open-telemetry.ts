import { type Meter, type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api'
import type { Instrumentation } from '../client/instrumentation-option.ts'
import { flag, withMethods } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import { CallMetrics } from './call-metrics.ts'
import { CallSpans } from './call-spans.ts'
import { ClientGauges, type Observed } from './client-gauges.ts'

const SCOPE = 'resilient-responses'

export interface OpenTelemetryOptions {
  /** Default: the global one, also where it is registered later. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Default: the global one at the time of the first event. */
  readonly meterProvider?: MeterProvider | undefined
  /**
   * Whether each attempt sends the headers of the global propagator, `traceparent` for example, so that the spans of an endpoint
   * or a gateway are below the span of the attempt. Default `true`.
   */
  readonly propagate?: boolean | undefined
}

const RULES = {
  tracerProvider: withMethods(['getTracer'], 'a TracerProvider'),
  meterProvider: withMethods(['getMeter'], 'a MeterProvider'),
  propagate: { ...flag, default: true },
} as const satisfies Rules<OpenTelemetryOptions>

/** What `openTelemetry()` makes: for the option `instrumentations` of one client, or of several. */
export interface OpenTelemetryInstrumentation extends Instrumentation {
  /**
   * Measures the state of a client as well, whenever metrics are collected: connections, waiting calls, retry budgets.
   *
   * @returns ends it. A client that is collected as garbage ends it, too.
   */
  observe(client: Observed): () => void
}

/**
 * Spans and metrics for the calls of a client: `new ResilientClient({ instrumentations: [openTelemetry()] })`.
 *
 * Each call is a span of kind CLIENT, named as the conventions for GenAI say (`chat gpt-5`), below the span that is active where
 * the call is made. Each attempt, hedges included, is a span of kind CLIENT below it, whose context travels to the endpoint.
 * Names, units and attributes stand in `docs/opentelemetry.md`. No attribute holds a credential, a query value, or a text of a
 * request or an answer.
 *
 * @throws ConfigurationError for an option that is unknown or not accepted.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetryInstrumentation {
  checkOptions(options, RULES, { of: 'openTelemetry()' })
  const { tracerProvider, meterProvider, propagate = true } = options
  const spans = new CallSpans((tracerProvider ?? trace).getTracer(SCOPE))
  // The meter of a provider that is registered later is another one.
  let meter: Meter | undefined
  const currentMeter = (): Meter => {
    meter ??= (meterProvider ?? metrics).getMeter(SCOPE)
    return meter
  }
  let measured: CallMetrics | undefined
  let gauges: ClientGauges | undefined
  return {
    onEvent(event) {
      measured ??= new CallMetrics(currentMeter())
      spans.onEvent(event)
      measured.onEvent(event)
    },
    inContext: (attempt, send) => spans.send(attempt, send),
    ...(propagate && { headers: (context) => spans.headersFor(context) }),
    observe(client) {
      gauges ??= new ClientGauges(currentMeter())
      return gauges.add(client)
    },
  }
}
