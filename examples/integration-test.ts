/**
 * An integration test over real sockets, with faults from a script. Copy it as `answer.integration.test.ts`.
 *
 * It waits for steps of the server, never for a time.
 */
import { ResilientClient } from 'resilient-responses'
import { MockResponsesServer } from 'resilient-responses/testing/server'
import { expect, it } from 'vitest'

it('survives a reset before output, and a 503 with a hint', async () => {
  await using server = await MockResponsesServer.start()
  server.script([
    { at: 'before_event', type: 'response.output_text.delta', effect: 'reset' },
    { at: 'headers', effect: 'status', status: 503, headers: { 'retry-after-ms': '10' } },
    'ok',
  ])
  await using client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'any' })

  const response = await client.responses.create({ model: 'gpt-5.2', input: 'Hello' })

  expect(response.output_text).toContain('Hello')
  await server.waitFor('request_end', 3)
  expect(server.requests.map(({ outcome }) => outcome)).toEqual(['cut', 'complete', 'complete'])
  server.assertConsumed()
})

it('frees the connection when the caller stops', async () => {
  await using server = await MockResponsesServer.start()
  server.script([{ at: 'before_event', event: 3, effect: 'stall' }])
  await using client = new ResilientClient({ baseURL: server.baseURL, apiKey: 'any' })
  const stop = new AbortController()

  const stream = client.responses.stream({ model: 'gpt-5.2', input: 'Hello' }, { signal: stop.signal })
  const failed = stream.finalResponse().catch((error: unknown) => error)
  await server.waitFor('fault')
  const reason = new Error('enough')
  stop.abort(reason)

  expect(await failed).toBe(reason)
  await server.waitFor('request_end')
  expect(server.requests[0]?.outcome).toBe('client_gone')
  expect(client.stats().connections).toBe(0)
})
