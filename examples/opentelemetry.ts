/**
 * Spans and metrics of an agent, with the SDK of OpenTelemetry.
 *
 * Each call of the client is a span below the span of its turn, and each attempt is a span below its call.
 *
 *     const stop = startTracing()
 *     const agent = createTracedAgent({ apiKey: process.env.OPENAI_API_KEY })
 *     console.log(await agent.turn('Say hello.'))
 *     await agent.client.close()
 *     await stop()
 */
import { context, metrics, type Span, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  ConsoleMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { ConsoleSpanExporter, SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'
import { openTelemetry } from 'resilient-responses/opentelemetry'

/**
 * Starts the SDK, which prints each span, and the metrics once a minute. Call it once in a process. Returns a function that prints
 * what is left and stops it.
 */
export function startTracing(
  spanExporter: SpanExporter = new ConsoleSpanExporter(),
  metricExporter: PushMetricExporter = new ConsoleMetricExporter(),
): () => Promise<void> {
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })] })
  // Without a meter provider no metric is kept.
  const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(tracers)
  metrics.setGlobalMeterProvider(meters)
  return async () => {
    await tracers.shutdown()
    await meters.shutdown()
  }
}

export function createTracedAgent(options: ResilientClientOptions) {
  const telemetry = openTelemetry()
  const client = new ResilientClient({ ...options, instrumentations: [telemetry] })
  telemetry.observe(client)
  const turns = metrics.getMeter('agent').createCounter('agent.turns')

  return {
    client,
    async turn(input: string): Promise<string> {
      return trace.getTracer('agent').startActiveSpan('turn', async (span: Span) => {
        try {
          const response = await client.responses.create({ model: 'gpt-5', input }, { label: 'turn' })
          return response.output_text
        } finally {
          turns.add(1)
          span.end()
        }
      })
    },
  }
}
