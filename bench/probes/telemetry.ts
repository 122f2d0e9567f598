import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { type Instrumentation, ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { recordCalls } from '../../src/timeline/index.ts'
import type { Probe } from './contract.ts'
import { cpuPer } from './support.ts'

/** Streams that the server has for the other measurements of a quick and of a full run. */
const EVENTS = { quick: 20_000, full: 100_000 } as const

/** CPU of a short call, and of an event of a long stream, with OpenTelemetry and a recorder, with the recorder alone, and without. */
export const telemetry: Probe = async (variant, { plain, quick }) => {
  const [what, how] = variant.split('_') as ['call' | 'event', 'off' | 'recorder' | 'on']
  const events = quick ? EVENTS.quick : EVENTS.full
  const deltas = what === 'call' ? 15 : events
  const client = new ResilientClient({
    baseURL: `${plain}/event/${deltas}/v1`,
    apiKey: 'sk-bench',
    instrumentations: instrumentationsFor(how),
  })
  const read = async (): Promise<void> => {
    const stream = client.responses.stream({ model: 'mock', input: 'hi' })
    for await (const _ of stream) {
      // The events are read, as an agent reads them.
    }
  }
  const perRun = what === 'call' ? await cpuPer(quick ? 300 : 3000, 300, read) : await cpuPer(quick ? 1 : 4, 1, read)
  await client.close()
  return what === 'call' ? perRun : perRun / events
}

function instrumentationsFor(how: 'off' | 'recorder' | 'on'): readonly Instrumentation[] {
  if (how === 'off') return []
  return how === 'recorder' ? [recordCalls()] : [traced(), recordCalls()]
}

/** The real SDK. What it exports is dropped: sending it is the work of an exporter. */
function traced(): Instrumentation {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const exporter = {
    export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: async () => {},
  }
  const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.DELTA),
    exportIntervalMillis: 3_600_000,
  })
  trace.setGlobalTracerProvider(tracerProvider)
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
  return openTelemetry()
}
