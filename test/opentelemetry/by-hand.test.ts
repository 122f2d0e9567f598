import { afterEach, beforeEach, expect, it } from 'vitest'
import { CallsByHand } from '../../bench/probes/telemetry-by-hand.ts'
import { ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { type Sdk, startSdk } from './rig.ts'

let sdk: Sdk
let server: MockResponsesServer
beforeEach(async () => {
  sdk = startSdk()
  const stream = textStream({ text: 'Hello', usage: { inputTokens: 100, outputTokens: 7 } })
  server = await MockResponsesServer.start({ respond: () => stream })
})
afterEach(async () => {
  await server.close()
  await sdk.stop()
})

/** What a call left in the SDK and sent to the server: names, places and numbers, without values that differ from call to call. */
async function traces() {
  const { spans } = sdk
  const [attempt, call] = spans
  const measured = [...(await sdk.metrics())].map(([name, { unit, points }]) => {
    const of = points.map(({ attributes, value }) => [
      attributes,
      typeof value === 'number' ? value : [value.count, value.buckets.boundaries.length],
    ])
    return [name, unit, of] as const
  })
  return {
    spans: spans.map(({ name, kind, attributes, events, ended }) => ({
      name,
      kind,
      ended,
      attributes: Object.keys(attributes).sort(),
      events: events.map((event) => [event.name, Object.keys(event.attributes ?? {})]),
    })),
    attemptBelowCall: attempt?.parentSpanContext?.spanId === call?.spanContext().spanId,
    sentSpan: String(server.requests.at(-1)?.headers.traceparent).split('-')[2] === attempt?.spanContext().spanId,
    metrics: measured.sort(([a], [b]) => a.localeCompare(b)),
  }
}

it('the program by hand, beside which the benchmark measures openTelemetry(), makes the same spans, metrics and header', async () => {
  const options = { baseURL: server.baseURL, apiKey: 'sk-test' }
  const plain = new ResilientClient({ ...options, instrumentations: [] })
  await new CallsByHand(plain, server.baseURL).call()
  await plain.close()
  const byHand = await traces()
  expect(byHand).toMatchObject({
    attemptBelowCall: true,
    sentSpan: true,
    spans: [{ name: 'POST' }, { name: 'chat mock' }],
  })

  await sdk.stop()
  sdk = startSdk()
  const watched = new ResilientClient({ ...options, instrumentations: [openTelemetry()] })
  for await (const _ of watched.responses.stream({ model: 'mock', input: 'hi' })) {
    // The events are read.
  }
  await watched.close()
  expect(byHand).toEqual(await traces())
})
