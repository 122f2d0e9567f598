import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { describe, expect, it } from 'vitest'
import { fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playFetch, playOpenAI, withClient } from './support/play.ts'

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi there', annotations: [] }],
}
const CALL = {
  id: 'fc_1',
  type: 'function_call',
  call_id: 'call_1',
  name: 'look',
  arguments: '{"at":"sky"}',
  status: 'completed',
}
const REASONING = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Because.' }] }
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'gpt-5',
  status: 'completed',
  output: [REASONING, MESSAGE, CALL],
  usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
}

describe.each([
  ['as JSON', jsonAnswer(200, RESPONSE)],
  ['as JSON that is called an event stream', streamAnswer(JSON.stringify(RESPONSE))],
])('a whole response where a host asked for a stream, %s', (_, bytes) => {
  it('is a stream for its reader: events, content type, and no length', async () => {
    await using server = await fieldServer([bytes])
    const { result } = await playFetch({ baseURL: server.baseURL })
    expect(result?.headers.get('content-type')).toBe('text/event-stream')
    expect(result?.headers.get('content-length')).toBeNull()
    const types = result?.text.match(/(?<=^event: ).*/gm)
    expect(types?.[0]).toBe('response.created')
    expect(types?.at(-1)).toBe('response.completed')
    expect(server.requests).toHaveLength(1)
  })

  it('gives openai its text, its call and its end', async () => {
    await using server = await fieldServer([bytes])
    const played = await playOpenAI({ baseURL: server.baseURL }, async (openai) => {
      const stream = openai.responses.stream({ ...ASKED })
      let text = ''
      for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
      return { text, final: await stream.finalResponse() }
    })
    expect(played.error).toBeUndefined()
    expect(played.result?.text).toBe('Hi there')
    expect(played.result?.final.output_text).toBe('Hi there')
    expect(played.result?.final.output[2]).toMatchObject({ name: 'look', arguments: '{"at":"sky"}' })
  })

  it('gives the AI SDK its text and its call', async () => {
    await using server = await fieldServer([bytes])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      const openai = createOpenAI({ apiKey: 'sk-field', baseURL: server.baseURL, fetch: client.fetch })
      const result = streamText({ model: openai.responses('gpt-5'), prompt: 'Hello', maxRetries: 0 })
      const parts: Array<{ type: string; toolName?: string }> = []
      for await (const part of result.fullStream) parts.push(part)
      expect(parts.filter(({ type }) => type === 'error')).toEqual([])
      expect(await result.text).toBe('Hi there')
      expect(parts.find(({ type }) => type === 'tool-call')?.toolName).toBe('look')
    })
  })
})

describe('a failure as JSON in answer to a host that asked for a stream', () => {
  it.each([
    [
      'a failed response',
      { ...RESPONSE, status: 'failed', output: [], error: { code: 'invalid_prompt', message: 'No.' } },
      'response.failed',
    ],
    ['an error', { error: { code: 'invalid_prompt', message: 'No.' } }, 'error'],
  ])('%s is the event that it amounts to', async (_, body, type) => {
    await using server = await fieldServer([jsonAnswer(200, body)])
    const { result } = await playFetch({ baseURL: server.baseURL })
    expect(result?.text).toContain(`event: ${type}\n`)
    expect(result?.text).toContain('No.')
    expect(server.requests).toHaveLength(1)
  })
})
