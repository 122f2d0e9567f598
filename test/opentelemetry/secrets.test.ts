import { expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { openTelemetry } from '../../src/opentelemetry/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { startSdk } from './rig.ts'

const PLANTED = ['planted-key', 'planted-prompt', 'planted-answer', 'planted-query', 'planted-words', 'planted-tenant']

it('no key, prompt, answer, query, header or message of the endpoint is in a span or a metric', async () => {
  const sdk = startSdk()
  const echo = {
    error: {
      code: 'slow_down',
      type: 'planted-words in a type',
      message: 'planted-words for planted-prompt and sk-planted-key',
    },
  }
  const server = await MockResponsesServer.start({
    respond: () => textStream({ text: 'planted-answer', id: 'resp_1' }),
  })
  const telemetry = openTelemetry()
  const client = new ResilientClient({
    baseURL: `${server.baseURL}?api-version=planted-query`,
    apiKey: 'sk-planted-key',
    headers: { 'x-tenant': 'planted-tenant' },
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
    instrumentations: [telemetry],
  })
  telemetry.observe(client)
  server.script([
    { at: 'headers', effect: 'status', status: 503, headers: { 'x-request-id': 'planted-tenant' }, body: echo },
    'ok',
    { at: 'headers', effect: 'status', status: 400, body: { error: { ...echo.error, code: 'invalid_prompt' } } },
  ])
  const input = 'planted-prompt'
  await client.responses.create({ model: 'm', input })
  await expect(client.responses.create({ model: 'm', input })).rejects.toThrow()
  const seen = sdk.spans.map(({ name, attributes, events, links, status }) => ({
    name,
    attributes,
    events,
    links,
    status,
  }))
  expect(seen.length).toBe(5)
  const text = JSON.stringify([seen, [...(await sdk.metrics())]])
  expect(PLANTED.filter((secret) => text.includes(secret))).toEqual([])
  await client.close()
  await server.close()
  await sdk.stop()
})
