import { tool } from '@openai/agents'
import { describe, expect, it } from 'vitest'
import { createAgent } from '../../examples/agents-js.ts'
import { createChat } from '../../examples/ai-sdk.ts'
import { createToolLoop } from '../../examples/openai-tool-loop.ts'
import { textStream, toolCallStream } from '../../src/testing/index.ts'
import { type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'

const DELTA = 'response.output_text.delta'
const quick = { retry: { baseDelayMs: 1, maxDelayMs: 1 } }

/** The model asks for the weather, and says what the tool said. */
function respond({ json }: MockRequest) {
  const { input } = json as { input: unknown }
  const items = Array.isArray(input) ? (input as Array<{ type?: string; output?: unknown }>) : []
  const output = items.find(({ type }) => type === 'function_call_output')?.output
  if (output !== undefined) return textStream({ text: `It is ${String(output)}.` })
  return toolCallStream({ calls: [{ name: 'get_weather', arguments: { city: 'Paris' } }] })
}

async function collected(pieces: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}

const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }

describe('examples/openai-tool-loop.ts', () => {
  it('runs a tool once, whatever happens to the turns around it', async () => {
    await using server = await MockResponsesServer.start({ respond })
    server.script([{ at: 'before_event', event: 2, effect: 'reset' }, 'ok', { at: 'headers', effect: 'eof' }, 'ok'])
    const cities: unknown[] = []
    const loop = createToolLoop({
      model: 'gpt-5.2',
      baseURL: server.baseURL,
      apiKey: 'any',
      client: quick,
      tools: [
        {
          name: 'get_weather',
          description: 'The weather of a city.',
          parameters,
          run: async (args) => {
            cities.push(args)
            return 'sunny'
          },
        },
      ],
    })
    expect(await loop.ask('How is the weather in Paris?')).toBe('It is sunny.')
    expect(cities).toEqual([{ city: 'Paris' }])
    server.assertConsumed()
    await loop.client.close()
  })
})

describe('examples/ai-sdk.ts', () => {
  it('streams an answer across a break before output, and throws one after it', async () => {
    await using server = await MockResponsesServer.start({ respond: () => textStream({ deltas: ['Hello', ' there'] }) })
    const chat = createChat({ model: 'gpt-5.2', baseURL: server.baseURL, apiKey: 'any', client: quick })
    server.script([{ at: 'before_event', type: DELTA, effect: 'reset' }, 'ok'])
    expect(await collected(chat.answer('Hi'))).toEqual(['Hello', ' there'])
    server.script([{ at: 'before_event', type: 'response.output_text.done', effect: 'reset' }])
    await expect(collected(chat.answer('Hi'))).rejects.toThrow()
    server.assertConsumed()
    await chat.client.close()
  })
})

describe('examples/agents-js.ts', () => {
  it('answers with a tool, although the first turn is refused once', async () => {
    await using server = await MockResponsesServer.start({ respond })
    server.script([{ at: 'headers', effect: 'status', status: 503 }, 'ok', 'ok'])
    const weather = tool({
      name: 'get_weather',
      description: 'The weather of a city.',
      parameters: { ...parameters, additionalProperties: false },
      strict: true,
      execute: async () => 'sunny',
    })
    const agent = createAgent({
      model: 'gpt-5.2',
      instructions: 'Be short.',
      tools: [weather],
      baseURL: server.baseURL,
      apiKey: 'any',
      client: quick,
    })
    expect(await agent.run('How is the weather in Paris?')).toBe('It is sunny.')
    server.assertConsumed()
    await agent.client.close()
  })
})
