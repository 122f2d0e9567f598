import { metrics } from '@opentelemetry/api'
import type { Histogram } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { seededRandom, textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { type Measured, type Sdk, startSdk } from './rig.ts'

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

const sum = (measured: Measured | undefined, of: Record<string, unknown> = {}): number =>
  (measured?.points ?? [])
    .filter(({ attributes }) => Object.entries(of).every(([name, value]) => attributes[name] === value))
    .reduce((total, { value }) => total + (typeof value === 'number' ? value : value.count), 0)

it('calls are measured by the conventions and by names of the library, with units and buckets', async () => {
  const telemetry = openTelemetry()
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    random: seededRandom(1),
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
    instrumentations: [telemetry],
    label: 'main',
    concurrency: { calls: 1 },
  })
  const end = telemetry.observe(client)
  server.script([
    { at: 'headers', effect: 'status', status: 503 },
    'ok',
    { at: 'headers', effect: 'status', status: 401 },
    'ok',
  ])
  await client.responses.create({ model: 'm', input: 'x' })
  await expect(client.responses.create({ model: 'm', input: 'x' })).rejects.toThrow()
  await Promise.all([0, 1].map(() => client.responses.create({ model: 'm', input: 'x' })))

  const all = await sdk.metrics()
  expect(Object.fromEntries([...all].map(([name, { unit }]) => [name, unit]))).toEqual({
    'gen_ai.client.operation.duration': 's',
    'gen_ai.client.operation.time_to_first_chunk': 's',
    'gen_ai.client.token.usage': '{token}',
    'resilient_responses.active_calls': '{call}',
    'resilient_responses.attempts': '{attempt}',
    'resilient_responses.connections': '{connection}',
    'resilient_responses.give_ups': '{call}',
    'resilient_responses.queue.duration': 's',
    'resilient_responses.retries': '{retry}',
    'resilient_responses.retry_budget': '{retry}',
    'resilient_responses.waiting_calls': '{call}',
  })
  const of = (name: string, attributes?: Record<string, unknown>) => sum(all.get(name), attributes)
  expect(
    of('gen_ai.client.operation.duration', { 'gen_ai.request.model': 'm', 'resilient_responses.label': 'main' }),
  ).toBe(4)
  expect(of('gen_ai.client.operation.duration', { 'error.type': 'http_status' })).toBe(1)
  expect(of('gen_ai.client.operation.time_to_first_chunk')).toBe(3)
  expect(of('gen_ai.client.token.usage', { 'gen_ai.token.type': 'input' })).toBe(3)
  expect(of('resilient_responses.attempts')).toBe(5)
  expect(
    of('resilient_responses.retries', { 'error.type': 'http_status', 'resilient_responses.retry.lane': 'pushback' }),
  ).toBe(1)
  expect(of('resilient_responses.give_ups', { 'resilient_responses.give_up_reason': 'not_retryable' })).toBe(1)
  expect(of('resilient_responses.queue.duration')).toBe(1)
  expect(of('resilient_responses.active_calls')).toBe(0)
  expect(of('resilient_responses.connections')).toBe(client.stats().connections)
  const buckets = (name: string) => (all.get(name)?.points[0]?.value as Histogram | undefined)?.buckets.boundaries
  // Those of the conventions are among them: a dashboard finds what it expects.
  expect(buckets('gen_ai.client.operation.duration')).toEqual(
    expect.arrayContaining([0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]),
  )
  expect(buckets('gen_ai.client.token.usage')).toEqual([
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
  ])
  expect(buckets('gen_ai.client.operation.time_to_first_chunk')).toEqual(
    expect.arrayContaining([0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]),
  )
  end()
  expect(sum((await sdk.metrics()).get('resilient_responses.connections'))).toBe(0)
  await client.close()
})

it.each(['call', 'observe()', 'call that is under way'])(
  'a MeterProvider that is registered after the first %s gets all metrics',
  async (first) => {
    metrics.disable()
    const telemetry = openTelemetry()
    const client = new ResilientClient({
      baseURL: server.baseURL,
      apiKey: 'sk-test',
      instrumentations: [telemetry],
    })
    const create = () => client.responses.create({ model: 'm', input: 'x' })
    telemetry.observe(client)
    if (first === 'call') await create()
    const early = first === 'call that is under way' ? [create()] : []
    metrics.setGlobalMeterProvider(sdk.meterProvider)
    await Promise.all([...early, create(), create()])
    // A connection that is still being given back may close.
    await until(() => client.stats().idleConnections === client.stats().connections, 'the connections are idle')

    const all = await sdk.metrics()
    expect([...all.keys()].sort()).toEqual([
      'gen_ai.client.operation.duration',
      'gen_ai.client.operation.time_to_first_chunk',
      'gen_ai.client.token.usage',
      'resilient_responses.active_calls',
      'resilient_responses.attempts',
      'resilient_responses.connections',
      'resilient_responses.retry_budget',
      'resilient_responses.waiting_calls',
    ])
    expect(sum(all.get('gen_ai.client.operation.duration'))).toBe(2 + early.length)
    expect(sum(all.get('resilient_responses.active_calls'))).toBe(0)
    expect(sum(all.get('resilient_responses.connections'))).toBe(client.stats().connections)
    await client.close()
  },
)

it('a second MeterProvider takes over, and the first one counts no call as under way', async () => {
  const telemetry = openTelemetry()
  const client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'sk-test', instrumentations: [telemetry] })
  telemetry.observe(client)
  const made = client.responses.create({ model: 'm', input: 'x' })
  metrics.disable()
  const second = startSdk()
  await made
  const [before, after] = [await sdk.metrics(), await second.metrics()]
  expect(sum(before.get('resilient_responses.active_calls'))).toBe(0)
  expect(before.has('resilient_responses.connections')).toBe(false)
  expect(sum(after.get('resilient_responses.active_calls'))).toBe(0)
  expect(sum(after.get('gen_ai.client.operation.duration'))).toBe(1)
  expect(sum(after.get('resilient_responses.connections'))).toBe(1)
  await client.close()
  await second.stop()
})
