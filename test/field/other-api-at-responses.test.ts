import { describe, expect, it } from 'vitest'
import { findResilientError } from '../../src/index.ts'
import { answer, dataFrames, fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

const chunk = (delta: object, finish: string | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
})
const CHAT = dataFrames(chunk({ role: 'assistant', content: 'Hi' }), chunk({}, 'stop'), '[DONE]')
const MESSAGES = frames(
  { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [] } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
  { type: 'message_stop' },
)
const WHOLE_CHAT = { id: 'chatcmpl-1', object: 'chat.completion', choices: [{ message: { content: 'Hi' } }] }

describe('a call to /responses that is answered in the format of another API', () => {
  it.each([
    ['a Chat Completions stream', 'Chat Completions', streamAnswer(CHAT)],
    ['a Chat Completions stream under a wrong label', 'Chat Completions', answer(200, CHAT)],
    ['an Anthropic Messages stream', 'Anthropic Messages', streamAnswer(MESSAGES)],
    ['a chat completion as a whole', 'Chat Completions', jsonAnswer(200, WHOLE_CHAT)],
  ])('is one request, and the error says what it looks like: %s', async (_, name, given) => {
    await using server = await fieldServer([given])
    const { baseURL } = server
    const played = [await playStream({ baseURL }), await playCreate({ baseURL }), await playFetch({ baseURL })]
    const hosted = await playOpenAI({ baseURL }, async (openai) => {
      for await (const _ of await openai.responses.create({ ...ASKED, stream: true }));
    })
    for (const { error } of [...played, hosted]) {
      const ours = findResilientError(error)
      expect(ours).toMatchObject({ code: 'unexpected_content', retryable: false, giveUpReason: 'not_retryable' })
      expect(ours?.message).toContain(`looks like ${name}`)
      expect(ours?.message).not.toContain('Hi')
    }
    expect(server.requests).toHaveLength(4)
  })
})
