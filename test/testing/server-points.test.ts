import { describe, expect, it } from 'vitest'
import { ResilientClient } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { type Fault, MockResponsesServer, type MockServerOptions } from '../../src/testing/server.ts'
import { invalid } from '../support/typed.ts'

const DELTA = 'response.output_text.delta'
const params = { model: 'm', input: 'Hi' }

async function withClient(
  options: MockServerOptions,
  act: (server: MockResponsesServer, client: ResilientClient) => Promise<void>,
): Promise<void> {
  const server = await MockResponsesServer.start(options)
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'any',
    maxRetries: 1,
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
    timeouts: { ttfbMs: 10_000 },
  })
  try {
    await act(server, client)
  } finally {
    await client.close()
    await server.close()
    expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0 })
  }
}

describe('a fault at an event that is named by its type', () => {
  it('strikes before the first such event: the call is retried, because no output came', () =>
    withClient({}, async (server, client) => {
      server.script([{ at: 'before_event', type: DELTA, effect: 'reset' }, 'ok'])
      const stream = client.responses.stream(params)
      await stream.finalResponse()
      expect(stream.attempts).toHaveLength(2)
      // response.created, response.in_progress, output_item.added, content_part.added
      expect(server.requests[0]?.sentEvents).toBe(4)
      server.assertConsumed()
    }))

  it('strikes inside it, and only the first of its type', () =>
    withClient({ respond: () => textStream({ deltas: ['a', 'b', 'c'] }) }, async (server, client) => {
      server.script([{ at: 'inside_event', type: DELTA, effect: 'delay', ms: 1 }])
      expect((await client.responses.create(params)).output_text).toBe('abc')
      expect(server.appliedFaults).toHaveLength(1)
      server.assertConsumed()
    }))

  it('is missed by a stream without such an event, and by JSON', () =>
    withClient({}, async (server, client) => {
      server.script([{ at: 'before_event', type: 'response.refusal.delta', effect: 'reset', label: 'no' }])
      await client.responses.create(params)
      expect(() => server.assertConsumed()).toThrow('before_event response.refusal.delta: reset')
    }))

  it.each([
    ['neither', {}],
    ['both', { event: 1, type: DELTA }],
  ])('is refused with %s of number and type', (_, which) =>
    withClient({}, async (server) => {
      const fault: Fault = invalid({ at: 'before_event', effect: 'reset', ...which })
      expect(() => server.script([fault])).toThrow('needs "event"')
    }),
  )
})

describe('the prefix of a path', () => {
  it.each(['/v1', '/openai/v1', '/backend-api/codex'])('%s is served', (prefix) =>
    withClient({}, async (server) => {
      const client = new ResilientClient({ baseURL: `${server.url}${prefix}`, apiKey: 'any' })
      expect((await client.responses.create(params)).status).toBe('completed')
      await client.close()
    }),
  )

  it.each(['', '/v1/v1', '/api'])('"%s" is a wrong address, and gets 404', (prefix) =>
    withClient({}, async (server) => {
      const client = new ResilientClient({ baseURL: `${server.url}${prefix}`, apiKey: 'any' })
      const failure = expect(client.responses.create(params)).rejects
      await failure.toMatchObject({ status: 404, upstreamMessage: `Invalid URL (POST ${prefix}/responses)` })
      await client.close()
    }),
  )

  it('is one of the option `prefixes`, where that is given; anything without `strict`', async () => {
    await withClient({ prefixes: ['/api', ''] }, async (server) => {
      for (const [prefix, status] of [
        ['/api', 200],
        ['', 200],
        ['/v1', 404],
      ] as const) {
        const answer = await fetch(`${server.url}${prefix}/responses`, {
          method: 'POST',
          headers: { authorization: 'Bearer any' },
          body: JSON.stringify(params),
        })
        await answer.text()
        expect([prefix, answer.status]).toEqual([prefix, status])
      }
    })
    // It answers on any path.
    await withClient({ strict: false }, async (server) => {
      const answer = await fetch(`${server.url}/any/where/responses`, { method: 'POST', body: JSON.stringify(params) })
      await answer.text()
      expect(answer.status).toBe(200)
    })
    await expect(MockResponsesServer.start({ prefixes: ['v1'] })).rejects.toThrow('a list of prefixes')
  })
})

describe('a function of the test that throws', () => {
  const boom = () => {
    throw new Error('boom')
  }

  it.each([
    ['respond', { respond: boom }],
    ['ttfbMs of a JSON answer', { ttfbMs: boom }],
  ])('before the answer is answered with 500, which is not retried: %s', (_, options) =>
    withClient(options, async (server, client) => {
      const body = JSON.stringify({ ...params, stream: false })
      const headers = { authorization: 'Bearer any' }
      const answer = await client.fetch(`${server.baseURL}/responses`, { method: 'POST', headers, body })
      expect(answer.status).toBe(500)
      expect(await answer.json()).toMatchObject({
        error: { code: 'mock_server_failed', message: 'The mock server failed: Error: boom' },
      })
      expect(server.requests.map(({ outcome }) => outcome)).toEqual(['complete'])
      expect(() => server.assertConsumed()).toThrow('boom')
    }),
  )

  it('during an answer closes the connection', () =>
    withClient({ ttfbMs: boom }, async (server, client) => {
      await expect(client.responses.create(params)).rejects.toMatchObject({ attempts: { length: 2 } })
      expect(server.requests.map(({ outcome }) => outcome)).toEqual(['server_closed', 'server_closed'])
      expect(() => server.assertConsumed()).toThrow('boom')
    }))
})
