import { describe, expect, it } from 'vitest'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { ASKED, playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
}
const BODY = frames(
  { type: 'response.created', response: RESPONSE, sequence_number: 0 },
  { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, content: [] }, sequence_number: 1 },
  {
    type: 'response.output_text.delta',
    output_index: 0,
    item_id: 'msg_1',
    content_index: 0,
    delta: 'Hi',
    sequence_number: 2,
  },
  { type: 'response.output_item.done', output_index: 0, item: MESSAGE, sequence_number: 3 },
  { type: 'response.completed', response: { ...RESPONSE, status: 'completed', output: [MESSAGE] }, sequence_number: 4 },
)

describe('a stream as documented, which shows that the harness of these tests plays every face', () => {
  it('gives its text with one request to the typed stream, create, the drop-in and openai', async () => {
    await using server = await fieldServer([streamAnswer(BODY)])
    const { baseURL } = server

    const streamed = await playStream({ baseURL })
    expect(streamed.error).toBeUndefined()
    expect(streamed.events).toHaveLength(5)
    expect(streamed.result?.output_text).toBe('Hi')

    const created = await playCreate({ baseURL })
    expect(created.result?.output_text).toBe('Hi')

    const fetched = await playFetch({ baseURL })
    expect(fetched.result?.text).toBe(BODY)

    const hosted = await playOpenAI({ baseURL }, async (openai) => {
      let text = ''
      for await (const event of await openai.responses.create({ ...ASKED, stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta
      }
      return text
    })
    expect(hosted.result).toBe('Hi')
    expect(server.requests).toHaveLength(4)
  })
})
