import { describe, expect, it } from 'vitest'
import { type Answer, fieldServer, frames } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const RESPONSE = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
}
const DELTA = { type: 'response.output_text.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'Hi' }
const COMPLETED = { ...RESPONSE, status: 'completed', output: [MESSAGE] }
const WHOLE = frames(
  { type: 'response.created', response: RESPONSE },
  { type: 'response.output_item.added', output_index: 0, item: { ...MESSAGE, content: [] } },
  DELTA,
  { type: 'response.completed', response: COMPLETED },
)

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const plain = (body: string, then: NonNullable<Answer['then']>): Answer => ({ bytes: `${HEAD}\r\n${body}`, then })
const tooLong = (body: string, then: NonNullable<Answer['then']>): Answer => ({
  bytes: `${HEAD}content-length: ${body.length + 7}\r\n\r\n${body}`,
  then,
})
const lastChunkMissing = (body: string, then: NonNullable<Answer['then']>): Answer => ({
  bytes: `${HEAD}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`,
  then,
})

describe.each([
  ['without its blank line', WHOLE.slice(0, -1)],
  ['without any line end', WHOLE.slice(0, -2)],
])('a response.completed %s', (_, body) => {
  it.each<[what: string, answer: Answer]>([
    ['and the connection lingers', plain(body, 'keep')],
    ['and a reset', plain(body, 'reset')],
    ['and an end before its content-length', tooLong(body, 'end')],
    ['and an end without the last chunk', lastChunkMissing(body, 'end')],
    ['and chunks that do not end', lastChunkMissing(body, 'keep')],
  ])('%s, completes the response: one request, long before idleMs', async (_, bytes) => {
    await using server = await fieldServer([bytes])
    const { baseURL } = server
    const [created, streamed, fetched] = await Promise.all([
      playCreate({ baseURL }),
      playStream({ baseURL }),
      playFetch({ baseURL }),
    ])
    expect(created.result?.output_text).toBe('Hi')
    expect(streamed.result?.status).toBe('completed')
    // What others need to read the frame is added.
    expect(fetched.result?.text).toBe(`${body}\n\n`)
    expect(server.requests).toHaveLength(3)
  })
})

describe('an incomplete end of a response', () => {
  const CUT = WHOLE.slice(0, WHOLE.indexOf('"completed"'))

  it.each([
    ['half a response.completed', CUT],
    ['a delta without its blank line', frames(DELTA).slice(0, -2)],
  ])('%s is a stream that broke', async (_, body) => {
    await using server = await fieldServer([plain(body, 'reset')])
    await playCreate({ baseURL: server.baseURL, maxRetries: 1 })
    expect(server.requests).toHaveLength(2)
  })
})

const REFUSED =
  'content-type: application/json\r\ncontent-length: 500\r\n\r\n{"error":{"message":"bad","code":"invalid_prompt"'

const refused = (status: number, then: NonNullable<Answer['then']>): Answer => ({
  bytes: `HTTP/1.1 ${status} No\r\n${REFUSED}`,
  then,
})

describe.each([400, 401, 404])('a %i whose body', (status) => {
  it.each(['end', 'reset'] as const)(
    'is cut by the %s of the connection is a final answer after one request',
    async (then) => {
      await using server = await fieldServer([refused(status, then)])
      const { baseURL } = server
      expect((await playCreate({ baseURL })).error).toMatchObject({ code: 'http_status', status, retryable: false })
      expect((await playFetch({ baseURL })).result?.status).toBe(status)
      expect(server.requests).toHaveLength(2)
    },
  )
})

describe('a 503 whose body is cut', () => {
  it('is retried as the 503 that it is', async () => {
    await using server = await fieldServer([refused(503, 'reset')])
    const { error } = await playCreate({ baseURL: server.baseURL, maxRetries: 1 })
    expect(error).toMatchObject({ code: 'http_status', status: 503 })
    expect(server.requests).toHaveLength(2)
  })
})
