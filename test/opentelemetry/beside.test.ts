import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { type Sdk, startSdk, treeOf } from './rig.ts'

let sdk: Sdk
let server: MockResponsesServer
let undici: UndiciInstrumentation
beforeEach(async () => {
  sdk = startSdk()
  undici = new UndiciInstrumentation()
  undici.setTracerProvider(sdk.tracerProvider)
  server = await MockResponsesServer.start({ respond: () => textStream({ text: 'Hello' }) })
})
afterEach(async () => {
  undici.disable()
  await server.close()
  await sdk.stop()
})

async function agentTurn(options: ResilientClientOptions): Promise<string[]> {
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
    ...options,
  })
  server.script([
    'ok',
    { at: 'headers', effect: 'status', status: 503 },
    'ok',
    { at: 'headers', effect: 'reset' },
    'ok',
  ])
  const tracer = sdk.tracerProvider.getTracer('agent')
  await tracer.startActiveSpan('turn', async (turn) => {
    for (let call = 0; call < 3; call++) {
      await client.responses.create({ model: 'm', input: 'x' })
      // What the caller does between its calls is seen, wherever the answer came from.
      tracer.startSpan('tool').end()
    }
    turn.end()
  })
  await client.close()
  return treeOf(sdk.spans, ({ name, instrumentationScope }) => `${name} (${instrumentationScope.name})`)
}

it('beside the instrumentation of undici each attempt has one span and sends one traceparent', async () => {
  const call = (attempts: number) => [
    '  chat m (resilient-responses)',
    ...Array.from({ length: attempts }, () => '    POST (resilient-responses)'),
    '  tool (agent)',
  ]
  expect(await agentTurn({ instrumentations: [openTelemetry()] })).toEqual([
    'turn (agent)',
    ...call(1),
    ...call(2),
    ...call(2),
  ])
  expect(server.requests).toHaveLength(5)
  for (const { headers } of server.requests) expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

it('a client without openTelemetry() is left to the instrumentation of undici', async () => {
  const tree = await agentTurn({})
  expect(tree.filter((line) => line.includes('instrumentation-undici'))).toHaveLength(5)
  expect(tree.filter((line) => line.includes('resilient-responses'))).toEqual([])
})
