import { describe, expect, it } from 'vitest'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const FLAT = { type: 'invalid_request_error', code: 'context_length_exceeded', message: 'Too long.', param: 'input' }
const named = (data: object): string => `event: error\ndata: ${JSON.stringify(data)}\n\n`

describe('a frame named error whose data has the type of the error', () => {
  it.each([
    ['first of all', ''],
    ['behind the first event', frames(HELLO.created)],
  ])('is an error event, with its code: %s', async (_, before) => {
    const body = before + named(FLAT)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    for (const played of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(played.error).toMatchObject({
        code: 'response_failed',
        upstreamCode: 'context_length_exceeded',
        type: 'invalid_request_error',
        retryable: false,
      })
    }
    expect((await playFetch({ baseURL })).result?.text).toBe(body)
    expect(server.requests).toHaveLength(3)
  })

  it('after output is the last event of the stream, and then the iteration throws', async () => {
    const body = frames(HELLO.created, HELLO.delta) + named(FLAT)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    const { events, error } = await playStream({ baseURL })
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'context_length_exceeded', message: 'Too long.' })
    expect(error).toMatchObject({ upstreamCode: 'context_length_exceeded' })
    expect((await playFetch({ baseURL })).result?.text).toBe(body)
    expect(server.requests).toHaveLength(2)
  })

  it('before output is retried', async () => {
    const overloaded = named({ type: 'overloaded_error', message: 'Overloaded' })
    await using server = await fieldServer([
      streamAnswer(frames(HELLO.created) + overloaded),
      streamAnswer(frames(HELLO.created, HELLO.delta, HELLO.completed)),
    ])
    expect((await playCreate({ baseURL: server.baseURL })).result?.output_text).toBe('Hi')
    expect(server.requests).toHaveLength(2)
  })
})
