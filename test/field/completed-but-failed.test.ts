import { describe, expect, it } from 'vitest'
import { ResponseFailedError } from '../../src/index.ts'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playStream, withClient } from './support/play.ts'

const CREATED = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const FAILED = {
  ...CREATED,
  status: 'failed',
  error: { code: 'invalid_prompt', message: 'The prompt is not allowed.' },
}
const SILENT = { ...CREATED, status: 'failed', error: null }

describe.each(['response.completed', 'response.incomplete', 'response.done'])('%s whose response failed', (type) => {
  const answer = streamAnswer(frames({ type: 'response.created', response: CREATED }, { type, response: FAILED }))

  it('is a failure for create and the typed stream, with the failed response', async () => {
    await using server = await fieldServer([answer])
    const { baseURL } = server
    for (const { error } of [await playCreate({ baseURL }), await playStream({ baseURL })]) {
      expect(error).toBeInstanceOf(ResponseFailedError)
      expect(error).toMatchObject({ upstreamCode: 'invalid_prompt', response: { id: 'resp_1', status: 'failed' } })
    }
    expect(server.requests).toHaveLength(2)
  })

  it('is the failed response for upgradeToStream, as from an endpoint that does not stream', async () => {
    await using server = await fieldServer([answer])
    const played = await playFetch(
      { baseURL: server.baseURL, upgradeToStream: true },
      { model: 'gpt-5', input: 'Hello' },
    )
    expect(JSON.parse(played.result?.text ?? '')).toMatchObject({ status: 'failed', error: FAILED.error })
  })
})

describe('a failed response from an endpoint that does not stream', () => {
  it('is a failure for create, with the failed response', async () => {
    await using server = await fieldServer([jsonAnswer(200, FAILED)])
    const { error } = await playCreate({ baseURL: server.baseURL })
    expect(error).toBeInstanceOf(ResponseFailedError)
    expect(error).toMatchObject({ upstreamCode: 'invalid_prompt', response: { id: 'resp_1', status: 'failed' } })
    expect(server.requests).toHaveLength(1)
  })

  it('is retried if it gives no reason, like every failure without a reason', async () => {
    const ok = { ...CREATED, status: 'completed', output: [] }
    await using server = await fieldServer([jsonAnswer(200, SILENT), jsonAnswer(200, ok)])
    expect((await playCreate({ baseURL: server.baseURL })).result).toMatchObject({ status: 'completed' })
    expect(server.requests).toHaveLength(2)
  })

  it('is a result for retrieve', async () => {
    await using server = await fieldServer([jsonAnswer(200, FAILED)])
    await withClient({ baseURL: server.baseURL }, async (client) => {
      expect(await client.responses.retrieve('resp_1')).toMatchObject({ status: 'failed' })
    })
  })
})
