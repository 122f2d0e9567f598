import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

export interface Measured {
  readonly name: string
  readonly unit: string
  readonly points: ReadonlyArray<DataPoint<number | Histogram>>
}

/** The real SDK, registered as the global one, with exporters in memory. */
export function startSdk() {
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(tracerProvider)
  metrics.setGlobalMeterProvider(meterProvider)
  return {
    tracerProvider,
    meterProvider,
    get spans(): readonly ReadableSpan[] {
      return exporter.getFinishedSpans()
    },
    /** All metrics since the start. */
    async metrics(): Promise<ReadonlyMap<string, Measured>> {
      await reader.forceFlush()
      const scopes = metricExporter.getMetrics().at(-1)?.scopeMetrics ?? []
      const all = scopes.flatMap((scope) => scope.metrics)
      return new Map(
        all.map(({ descriptor: { name, unit }, dataPoints }) => [
          name,
          { name, unit, points: dataPoints as ReadonlyArray<DataPoint<number | Histogram>> },
        ]),
      )
    },
    async stop(): Promise<void> {
      for (const api of [trace, metrics, propagation, context]) api.disable()
      await tracerProvider.shutdown()
      await meterProvider.shutdown()
    },
  }
}

export type Sdk = ReturnType<typeof startSdk>

/** The spans as a tree, a line each: two blanks a level, in the order of their start. */
export function treeOf(spans: readonly ReadableSpan[], describe: (span: ReadableSpan) => string): string[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId))
  const byStart = [...spans].sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
  const below = (parent: string | undefined, depth: number): string[] =>
    byStart
      .filter((span) => {
        const own = span.parentSpanContext?.spanId
        return parent === undefined ? own === undefined || !ids.has(own) : own === parent
      })
      .flatMap((span) => [`${'  '.repeat(depth)}${describe(span)}`, ...below(span.spanContext().spanId, depth + 1)])
  return below(undefined, 0)
}
