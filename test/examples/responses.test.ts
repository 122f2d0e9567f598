import { describe, expect, it, vi } from 'vitest'
import { startAnswer } from '../../examples/abort-button.ts'
import { createHedged } from '../../examples/hedging.ts'
import { createFailover } from '../../examples/two-endpoints.ts'
import { streamAnswer } from '../../examples/typed-stream.ts'
import { ResilientClient } from '../../src/index.ts'
import { textStream, toolCallStream } from '../../src/testing/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../src/testing/server.ts'

const params = { model: 'gpt-5.2', input: 'Hi' }

async function start(options: MockServerOptions = {}) {
  const server = await MockResponsesServer.start(options)
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'any',
    retry: { baseDelayMs: 1, maxDelayMs: 1 },
  })
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close()
      expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, leases: 0 })
      await server.close()
    },
  }
}

describe('examples/typed-stream.ts', () => {
  it('streams the text, runs the tools of a turn once, and gives their results to the next turn', async () => {
    await using at = await start({
      respond: ({ json }) => {
        const items = (json as { input: Array<{ type?: string; output?: string }> }).input
        const results = items.filter(({ type }) => type === 'function_call_output')
        return results.length === 0 ? toolCallStream() : textStream({ text: `It is ${results[0]?.output}.` })
      },
    })
    // The connection of the first turn is lost, and the turn is sent again.
    at.server.script([{ at: 'headers', effect: 'reset' }, 'ok', 'ok'])
    const ran: unknown[] = []
    const pieces: string[] = []
    const tools = [
      {
        name: 'get_weather',
        description: 'The weather of a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        run: async (args: unknown) => {
          ran.push(args)
          return 'sunny'
        },
      },
    ]
    const answer = await streamAnswer(at.client, { ...params, tools }, (delta) => pieces.push(delta))
    expect(answer).toEqual({ text: 'It is sunny.' })
    expect([ran, pieces.join('')]).toEqual([[{ city: 'Paris' }], 'It is sunny.'])
    expect(at.server.requests[1]?.json).toMatchObject({ tools: [{ type: 'function', name: 'get_weather' }] })
    at.server.assertConsumed()
  })

  it('ends after the last turn that it may take', async () => {
    await using at = await start({ respond: () => toolCallStream() })
    await expect(streamAnswer(at.client, { ...params, maxTurns: 2 })).rejects.toThrow('no answer after 2 turns')
    expect(at.server.requests).toHaveLength(2)
  })

  it('gives the text so far and the reason, where the stream breaks', async () => {
    await using at = await start({ respond: () => textStream({ deltas: ['Hel', 'lo'] }) })
    at.server.script([{ at: 'before_event', type: 'response.output_text.done', effect: 'reset' }])
    const pieces: string[] = []
    const answer = await streamAnswer(at.client, params, (delta) => pieces.push(delta))
    expect(answer).toMatchObject({ text: 'Hello', problem: expect.stringContaining('attempt 1') })
    expect(pieces).toEqual(['Hel', 'lo'])
  })
})

describe('examples/abort-button.ts', () => {
  it('keeps the text so far, frees the connection, and is no error', async () => {
    await using at = await start({ respond: () => textStream({ deltas: ['Hel', 'lo'] }) })
    at.server.script([{ at: 'before_event', type: 'response.output_text.done', effect: 'stall' }])
    const answer = startAnswer(at.client, params)
    await at.server.waitFor('fault')
    await vi.waitUntil(() => answer.text() === 'Hello')
    answer.stop()
    expect(await answer.done).toEqual({ text: 'Hello', stopped: true })
    expect((await at.server.waitFor('request_end')).outcome).toBe('client_gone')
  })

  it('has the whole text where it is not pressed', async () => {
    await using at = await start()
    expect(await startAnswer(at.client, params).done).toMatchObject({ stopped: false, text: expect.any(String) })
  })
})

describe('examples/hedging.ts', () => {
  it('answers from the second attempt, and sends the other call exactly once', async () => {
    await using at = await start()
    const options = { baseURL: at.server.baseURL, apiKey: 'any' }
    const { client, answer, charge } = createHedged(options, 20)
    at.server.script([{ at: 'headers', effect: 'stall' }, 'ok', { at: 'headers', effect: 'reset' }])
    expect((await answer('Hi')).status).toBe('completed')
    await expect(charge('Pay.')).rejects.toMatchObject({ attempts: { length: 1 } })
    at.server.assertConsumed()
    await client.close()
  })
})

describe('examples/two-endpoints.ts', () => {
  it('answers while one endpoint is down, and continues a conversation where it began', async () => {
    await using first = await start()
    await using second = await start()
    first.server.addFaults({ at: 'headers', effect: 'status', status: 503, times: 1 })
    const stored = new Map<string, string>()
    const owners = {
      get: async (id: string) => stored.get(id),
      set: async (id: string, endpoint: string) => void stored.set(id, endpoint),
    }
    const begin = () =>
      createFailover(
        [
          { baseURL: first.server.baseURL, apiKey: 'one' },
          { baseURL: second.server.baseURL, apiKey: 'two', weight: 0.000001 },
        ],
        owners,
        { retry: { baseDelayMs: 1, maxDelayMs: 1 } },
      )
    const { client, say } = begin()
    const answer = await say('Hello')
    await say('And then?', answer.id)
    await client.close()
    const restarted = begin()
    await restarted.say('And then?', answer.id)
    await restarted.client.close()
    const keysOf = ({ server }: typeof first) => server.requests.map(({ headers }) => headers.authorization)
    expect(keysOf(first)).toEqual(['Bearer one'])
    expect(keysOf(second)).toEqual(['Bearer two', 'Bearer two', 'Bearer two'])
    expect(new Set(stored.values())).toEqual(new Set([second.server.baseURL]))
  })
})
