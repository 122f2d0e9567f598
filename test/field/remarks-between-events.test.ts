import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { findResilientError } from '../../src/index.ts'
import { RawServer } from '../support/raw-server.ts'
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
const BEGUN = frames(
  { type: 'response.created', response: RESPONSE },
  { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, content: [] } },
  { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Hi' },
)
const DONE = frames({ type: 'response.completed', response: { ...RESPONSE, status: 'completed', output: [MESSAGE] } })

describe('a frame between two events of a response', () => {
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

describe('[DONE] before any event', () => {
  it('is skipped if events follow', async () => {
    await using server = await fieldServer([streamAnswer(`data: [DONE]\n\n${BEGUN}${DONE}`)])
    expect((await playCreate({ baseURL: server.baseURL })).result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['in one piece', (text: string) => [text]],
    ['byte by byte', (text: string) => [...text]],
    ['with CRLF, byte by byte', (text: string) => [...text.replaceAll('\n', '\r\n')]],
    ['behind a comment, cut in the mark', (text: string) => [`: ping\n\n${text.slice(0, 9)}`, text.slice(9)]],
    ['behind a comment, cut behind the mark', (text: string) => [`: ping\n\n${text.slice(0, 14)}`, text.slice(14)]],
  ])('does not end the stream of a host, which sees what follows it: %s', async (_, cut) => {
    await using server = await RawServer.answering(async (_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n')
      for (const piece of cut(`data: [DONE]\n\n${BEGUN}${DONE}`)) {
        connection.write(piece)
        await new Promise<void>((resolve) => systemClock.afterIO(resolve))
      }
      connection.end()
    })
    for (const streamFailure of ['error', 'sse_error'] as const) {
      const options = { baseURL: `${server.url}/v1`, streamFailure }
      const { result } = await playFetch(options)
      expect(result?.text.replaceAll('\r\n', '\n').trimStart()).toBe(`${BEGUN}${DONE}`)
      const hosted = await playOpenAI(options, async (openai) => {
        let text = ''
        for await (const event of await openai.responses.create({ ...ASKED, stream: true }))
          if (event.type === 'response.output_text.delta') text += event.delta
        return text
      })
      expect(hosted.result).toBe('Hi')
    }
  })

  it('without an event is an incomplete stream, and is retried', async () => {
    await using server = await fieldServer([{ ...streamAnswer('data: [DONE]\n\n') }])
    const { error } = await playCreate({ baseURL: server.baseURL, maxRetries: 1 })
    expect(error).toMatchObject({ code: 'stream_incomplete' })
    expect(server.requests).toHaveLength(2)
    const fetched = await playFetch({ baseURL: server.baseURL, maxRetries: 1 })
    expect(findResilientError(fetched.error)).toMatchObject({ code: 'stream_incomplete' })
  })
})
