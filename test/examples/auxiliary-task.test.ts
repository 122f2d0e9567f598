import { expect, it } from 'vitest'
import { createAgent } from '../../examples/auxiliary-task.ts'
import { ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'

it('a compression call that times out is retried once on a new client; the main stream and later calls do not notice', async () => {
  await using server = await MockResponsesServer.start({
    respond: (request) => textStream({ text: `done: ${(request.json as { input: string }).input}` }),
  })
  const events: TelemetryEvent[] = []
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    onEvent: (event) => events.push(event),
  })
  const agent = createAgent(client, { model: 'm', compressionStaleMs: 300 })

  // The main route is in the middle of its stream all the while.
  server.script([
    { at: 'before_event', event: 5, effect: 'stall', label: 'main' },
    { at: 'headers', effect: 'stall' },
  ])
  const answer = agent.answer('question')
  await server.waitFor('fault')

  expect(await agent.compress('history')).toBe('done: history')
  expect(await agent.memorise('one')).toBe('done: one')
  expect(await agent.memorise('two')).toBe('done: two')
  server.release('main')
  expect(await answer).toBe('done: question')

  const [main, cut, retried, ...later] = server.requests
  expect(new Set([main, cut, retried].map((request) => request?.connectionNumber)).size).toBe(3)
  expect(later.every((request) => ![main, cut].some((old) => old?.connectionNumber === request.connectionNumber))).toBe(
    true,
  )
  const generations = events.flatMap((event) => (event.type === 'attempt_connected' ? [event.generation] : []))
  expect(generations).toEqual([1, 1, 2, 2, 2])
  expect(events.filter((event) => event.type === 'client_poisoned')).toHaveLength(1)
  expect(cut?.body).toEqual(retried?.body)
  await client.close()
  expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
  server.assertConsumed({ allowMore: true })
})
