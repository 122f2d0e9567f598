import { context, metrics, trace } from '@opentelemetry/api'
import { expect, it, vi } from 'vitest'
import { createTracedAgent, startTracing } from '../../examples/opentelemetry.ts'
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

it('prints the spans and the metrics of a turn, with the SDK that the example starts', async () => {
  const print = vi.spyOn(console, 'dir').mockImplementation(() => {})
  const server = await MockResponsesServer.start({ respond: () => textStream({ text: 'Hello' }) })
  const stop = startTracing()
  const agent = createTracedAgent({ baseURL: server.baseURL, apiKey: 'sk-test' })
  expect(await agent.turn('question')).toBe('Hello')
  await agent.client.close()
  await stop()
  const printed = print.mock.calls.map(([each]) => each as { name?: string; descriptor?: { name: string } })
  expect(printed.flatMap(({ name = [] }) => name).sort()).toEqual(['POST', 'chat gpt-5', 'turn'])
  expect(printed.flatMap(({ descriptor }) => descriptor?.name ?? [])).toEqual(
    expect.arrayContaining(['agent.turns', 'gen_ai.client.operation.duration', 'resilient_responses.attempts']),
  )
  for (const api of [trace, metrics, context]) api.disable()
  print.mockRestore()
  await server.close()
})
