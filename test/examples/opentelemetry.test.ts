import { expect, it } from 'vitest'
import { createTracedAgent } from '../../examples/opentelemetry.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { startSdk, treeOf } from '../opentelemetry/rig.ts'

it('a turn of the agent is a span, with its call and the attempts below, and its metrics are collected', async () => {
  const sdk = startSdk()
  const server = await MockResponsesServer.start({ respond: () => textStream({ text: 'Hello' }) })
  const agent = createTracedAgent({
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
  })
  server.script([{ at: 'headers', effect: 'status', status: 503 }, 'ok'])
  expect(await agent.turn('question')).toBe('Hello')
  expect(treeOf(sdk.spans, ({ name }) => name)).toEqual(['turn', '  chat gpt-5', '    POST', '    POST'])
  const names = [...(await sdk.metrics()).keys()]
  expect(names).toEqual(
    expect.arrayContaining(['agent.turns', 'gen_ai.client.operation.duration', 'resilient_responses.connections']),
  )
  await agent.client.close()
  await server.close()
  await sdk.stop()
})
