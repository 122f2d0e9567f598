import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
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
import { CallsByHand } from './telemetry-by-hand.ts'

/**
 * What watches the calls: nothing, a recorder, OpenTelemetry by hand in the program, `openTelemetry()`, or `openTelemetry()` and a
 * recorder.
 */
type Watched = 'off' | 'recorder' | 'hand' | 'traced' | 'on'

/** Streams that the server has for the other measurements of a quick and of a full run. */
const EVENTS = { quick: 20_000, full: 100_000 } as const

/** CPU of a short call, and of an event of a long stream, by what watches the calls. */
export const telemetry: Probe = async (variant, { plain, quick }) => {
  const [what, how] = variant.split('_') as ['call' | 'event', Watched]
  const events = quick ? EVENTS.quick : EVENTS.full
  const baseURL = `${plain}/event/${what === 'call' ? 15 : events}/v1`
  if (how !== 'off' && how !== 'recorder') startSdk()
  const client = new ResilientClient({ baseURL, apiKey: 'sk-bench', instrumentations: instrumentationsFor(how) })
  const byHand = how === 'hand' ? new CallsByHand(client, baseURL) : undefined
  const read = async (): Promise<void> => {
    const stream = client.responses.stream({ model: 'mock', input: 'hi' })
    for await (const _ of stream) {
      // The events are read, as an agent reads them.
    }
  }
  const act = byHand === undefined ? read : () => byHand.call()
  const perRun = what === 'call' ? await cpuPer(quick ? 300 : 1000, 300, act) : await cpuPer(1, 1, act)
  await client.close()
  return what === 'call' ? perRun : perRun / events
}

function instrumentationsFor(how: Watched): readonly Instrumentation[] {
  if (how === 'off' || how === 'hand') return []
  if (how === 'recorder') return [recordCalls()]
  return how === 'traced' ? [openTelemetry()] : [openTelemetry(), recordCalls()]
}

/** The real SDK. What it exports is dropped: sending it is the work of an exporter. */
function startSdk(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
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
}
