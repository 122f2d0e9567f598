import * as provider from '@ai-sdk/openai'
import * as agents from '@openai/agents'
import * as ai from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { MockRequest } from '../../../src/testing/server.ts'
import { type JsonObject, textStream, toolCallStream } from '../../../src/testing/streams.ts'
import { invalid } from '../../support/typed.ts'
import { type SocketScene, withSockets } from './scene.ts'

/** A model that calls its tool in every odd turn, and answers in every even one. */
function respond({ number }: MockRequest): readonly JsonObject[] {
  const id = `resp_${number}`
  return number % 2 === 1
    ? toolCallStream(invalid({ id, calls: [{ name: 'look', arguments: { at: number } }] }))
    : textStream(invalid({ id, text: `Answer ${number}.` }))
}

/** What stands in an item, however it is written. */
function essence(item: JsonObject): string {
  const { type = 'message', role, content, call_id, name, output, arguments: args } = item as Record<string, unknown>
  const text =
    typeof content === 'string' ? content : (content as JsonObject[] | undefined)?.map((part) => part.text).join('')
  return JSON.stringify({ type, role, text, call_id, name, output, args })
}

/** What the model was given for each request is what the host would have sent over HTTP: its whole input. */
function expectWholeContext({ server }: SocketScene, inputs: readonly JsonObject[][]): void {
  expect(server.requests).toHaveLength(inputs.length)
  for (const [n, request] of server.requests.entries())
    expect(server.contextOf(request)?.map(essence)).toEqual(inputs[n]?.map(essence))
}

/** The bodies that a host hands to its fetch: what it would have sent without sockets. */
function recording(fetch: typeof globalThis.fetch): {
  readonly fetch: typeof globalThis.fetch
  readonly inputs: JsonObject[][]
} {
  const inputs: JsonObject[][] = []
  return {
    inputs,
    fetch: (input, init) => {
      const { input: items } = JSON.parse(String(init?.body)) as { input: JsonObject[] }
      inputs.push(items)
      return fetch(input, init)
    },
  }
}

const TURNS = 4

describe.each<[string, string[], (scene: SocketScene, fetch: typeof globalThis.fetch) => Promise<void>]>([
  [
    'openai',
    ['incremental', 'incremental', 'incremental'],
    async ({ server }, fetch) => {
      const openai = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch, maxRetries: 0 })
      const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Begin.' }]
      for (let turn = 0; turn < TURNS; turn++) {
        const stream = await openai.responses.create({ model: 'm', store: false, stream: true, input: [...input] })
        for await (const event of stream) {
          if (event.type !== 'response.completed') continue
          input.push(...(event.response.output as OpenAI.Responses.ResponseInputItem[]))
        }
        const last = input.at(-1)
        if (last?.type === 'function_call')
          input.push({ type: 'function_call_output', call_id: last.call_id, output: 'seen' })
        else input.push({ role: 'user', content: `Turn ${turn}.` })
      }
    },
  ],
  [
    'AI SDK',
    // It sends an answer back as a bare text.
    ['incremental', 'incremental', 'incremental'],
    async ({ server }, fetch) => {
      const model = provider.createOpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch }).responses('m')
      const look = ai.tool({ inputSchema: ai.jsonSchema<unknown>({ type: 'object' }), execute: async () => 'seen' })
      const messages: ai.ModelMessage[] = [{ role: 'user', content: 'Begin.' }]
      for (let turn = 0; turn < TURNS / 2; turn++) {
        const result = ai.streamText({
          model,
          messages: [...messages],
          tools: { look },
          stopWhen: ai.stepCountIs(2),
          providerOptions: { openai: { store: false } },
        })
        await result.consumeStream()
        const steps = await result.steps
        messages.push(...steps.flatMap(({ response }) => response.messages), { role: 'user', content: `Turn ${turn}.` })
      }
    },
  ],
  [
    'agents-js',
    ['incremental', 'incremental', 'incremental'],
    async ({ server }, fetch) => {
      const openai = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, fetch, maxRetries: 0 })
      const modelProvider = new agents.OpenAIProvider({ openAIClient: invalid(openai), useResponses: true })
      const look = agents.tool({
        name: 'look',
        description: 'Looks.',
        strict: false,
        parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
        execute: () => 'seen',
      })
      const agent = new agents.Agent({ name: 'Tester', model: 'm', tools: [look], modelSettings: { store: false } })
      const runner = new agents.Runner({ modelProvider, tracingDisabled: true })
      let history: agents.AgentInputItem[] = [{ role: 'user', content: 'Begin.' }]
      for (let turn = 0; turn < TURNS / 2; turn++) {
        const result = await runner.run(agent, history, { stream: true })
        await result.completed
        history = [...result.history, { role: 'user', content: `Turn ${turn}.` }]
      }
    },
  ],
])('%s', (_name, then, talk) => {
  it('has its conversation on sockets, in increments, and the model is given what the host sends', () =>
    withSockets({ server: { respond } }, async (scene) => {
      const { fetch, inputs } = recording(scene.client.fetch as typeof globalThis.fetch)
      await talk(scene, fetch)
      expect(inputs).toHaveLength(TURNS)
      expectWholeContext(scene, inputs)
      expect(scene.sent().map(({ sent, wholeBecause }) => wholeBecause ?? sent)).toEqual(['no_socket', ...then])
    }))
})
