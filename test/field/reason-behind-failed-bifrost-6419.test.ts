import { describe, expect, it } from 'vitest'
import { ResilientError } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { HELLO } from './support/hello.ts'
import { playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

/** maximhq/bifrost#6419, Azure: the failed response gives no reason, and the `error` behind it does. */
const FAILED = { type: 'response.failed', response: { ...HELLO.created.response, status: 'failed', error: null } }
const ERROR = {
  type: 'error',
  code: 'context_length_exceeded',
  message: 'Your input exceeds the context window of this model.',
  param: 'input',
}
const NESTED = { type: 'error', error: { type: 'invalid_request_error', code: ERROR.code, message: ERROR.message } }

describe('response.failed without a reason, followed by an error with the reason', () => {
  it.each([
    ['at the top level', ERROR],
    ['in an object', NESTED],
  ])('is one request, and the reason comes out: %s', async (_, error) => {
    const body = frames(HELLO.created, FAILED, error)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server

    for (const played of [await playStream({ baseURL }), await playCreate({ baseURL })]) {
      expect(played.error).toBeInstanceOf(ResilientError)
      expect(played.error).toMatchObject({
        code: 'response_failed',
        upstreamCode: 'context_length_exceeded',
        retryable: false,
        message: expect.stringContaining('exceeds the context window'),
      })
    }
    // The endpoint's own words, as they came.
    expect((await playFetch({ baseURL })).result?.text).toBe(body)
    expect(server.requests).toHaveLength(3)
  })

  it('is final for openai, which reads the reason', async () => {
    await using server = await fieldServer([streamAnswer(frames(HELLO.created, FAILED, NESTED))])
    const { error } = await playOpenAI({ baseURL: server.baseURL }, async (openai) => {
      for await (const _ of await openai.responses.create({ model: 'gpt-5', input: 'Hello', stream: true }));
    })
    expect(error).toMatchObject({ code: 'context_length_exceeded' })
    expect(server.requests).toHaveLength(1)
  })

  it('is reported after output, too, and not retried', async () => {
    const body = frames(HELLO.created, HELLO.added, HELLO.delta, FAILED, ERROR)
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    const { error, events } = await playStream({ baseURL })
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['response.failed', 'error'])
    expect(error).toMatchObject({ code: 'response_failed', upstreamCode: 'context_length_exceeded' })
    const fetched = await playFetch({ baseURL })
    expect(fetched.result?.text).toBe(body)
    expect(server.requests).toHaveLength(2)
  })
})
