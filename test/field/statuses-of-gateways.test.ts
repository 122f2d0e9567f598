import { describe, expect, it } from 'vitest'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { playFetch, playStream } from './support/play.ts'

const DONE = frames({
  type: 'response.completed',
  response: { id: 'resp_1', object: 'response', status: 'completed', output: [] },
})

describe('a status by which a server or a gateway says that it failed', () => {
  it.each([
    408, 409, 425, 429, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 525, 526, 527, 529, 530, 561, 598, 599,
  ])('%i is retried, as hosts retry it', async (status) => {
    await using server = await fieldServer([
      jsonAnswer(status, { error: { message: 'upstream' } }),
      streamAnswer(DONE),
      jsonAnswer(status, {}),
      streamAnswer(DONE),
    ])
    const { baseURL } = server
    expect((await playStream({ baseURL })).error).toBeUndefined()
    expect((await playFetch({ baseURL })).result?.text).toBe(DONE)
    expect(server.requests).toHaveLength(4)
  })

  it.each([408, 409, 425, 429, 500, 502, 503, 504, 520, 524, 529])(
    '%i is retried, also with the type invalid_request_error, by which OpenAI labels every 4xx',
    async (status) => {
      const refused = { error: { message: 'm', type: 'invalid_request_error', param: null, code: null } }
      await using server = await fieldServer([
        jsonAnswer(status, refused),
        streamAnswer(DONE),
        jsonAnswer(status, refused),
        streamAnswer(DONE),
      ])
      const { baseURL } = server
      expect((await playStream({ baseURL })).error).toBeUndefined()
      expect((await playFetch({ baseURL })).result?.text).toBe(DONE)
      expect(server.requests).toHaveLength(4)
    },
  )

  it.each([400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 451])('%i is final', async (status) => {
    await using server = await fieldServer([jsonAnswer(status, { error: { message: 'no' } })])
    expect((await playStream({ baseURL: server.baseURL })).error).toMatchObject({
      status,
      giveUpReason: 'not_retryable',
    })
    expect(server.requests).toHaveLength(1)
  })
})
