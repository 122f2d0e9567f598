import { expect, it } from 'vitest'
import { ConfigurationError, ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { FakeTransport, fake, textStream } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'

it('observe() refuses what is not a client', () => {
  for (const given of [null, undefined, 5, {}, { stats: 1 }]) {
    expect(() => openTelemetry().observe(invalid(given))).toThrow(ConfigurationError)
    expect(() => openTelemetry().observe(invalid(given))).toThrow(/^client: got .*accepted: a ResilientClient\.$/)
  }
})

it('a provider that throws breaks neither openTelemetry() nor a call', async () => {
  const broken = () => {
    throw new Error('no tracer')
  }
  const telemetry = openTelemetry({ tracerProvider: { getTracer: broken }, meterProvider: { getMeter: broken } })
  const transport = new FakeTransport([fake.respond(textStream({ text: 'hi' }))])
  const client = new ResilientClient({ transport, instrumentations: [telemetry] })
  expect((await client.responses.create({ model: 'm', input: 'hi' })).output_text).toBe('hi')
  await client.close()
})
