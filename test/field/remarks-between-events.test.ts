import { describe, expect, it } from 'vitest'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { playCreate, playStream } from './support/play.ts'

const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
}
const BEGUN = frames(
  { type: 'response.created', response: RESPONSE },
  { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, content: [] } },
  { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Hi' },
)
const DONE = frames({ type: 'response.completed', response: { ...RESPONSE, status: 'completed', output: [MESSAGE] } })

describe('a frame between the events of a response', () => {
  it.each([
    'event: heartbeat\ndata: alive\n\n',
    'event: heartbeat\ndata: 1764340000\n\n',
    'event: heartbeat\ndata: {}\n\n',
    'event: keep-alive\ndata: ok\n\n',
    'event: status\ndata: still working\n\n',
  ])('%j does not end it, before output and after', async (remark) => {
    await using server = await fieldServer([streamAnswer(`${remark}${BEGUN}${remark}${DONE}`)])
    const { baseURL } = server
    expect((await playCreate({ baseURL })).result?.output_text).toBe('Hi')
    expect((await playStream({ baseURL })).result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(2)
  })

  it.each([
    'event: response.output_text.delta\ndata: broken\n\n',
    'data: broken\n\n',
    'event: status\ndata: {"cut":\n\n',
  ])('%j breaks it: an event may be lost', async (broken) => {
    await using server = await fieldServer([streamAnswer(`${BEGUN}${broken}${DONE}`)])
    expect((await playStream({ baseURL: server.baseURL })).error).toMatchObject({ code: 'malformed_event' })
  })
})

describe('the mark [DONE] before any event', () => {
  it('is skipped where events follow', async () => {
    await using server = await fieldServer([streamAnswer(`data: [DONE]\n\n${BEGUN}${DONE}`)])
    expect((await playCreate({ baseURL: server.baseURL })).result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(1)
  })

  it('by itself is a stream that is not complete, and is retried', async () => {
    await using server = await fieldServer([{ ...streamAnswer('data: [DONE]\n\n') }])
    const { error } = await playCreate({ baseURL: server.baseURL, maxRetries: 1 })
    expect(error).toMatchObject({ code: 'stream_incomplete' })
    expect(server.requests).toHaveLength(2)
  })
})
