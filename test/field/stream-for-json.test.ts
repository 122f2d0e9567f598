import { describe, expect, it } from 'vitest'
import { fieldServer, frames, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { added, broken, completed, created, delta, KEPT, response } from './support/kept.ts'
import { playStream, withClient } from './support/play.ts'

const events = [created(0), added(1), delta(2, 'hello'), completed(3)]
const stream = streamAnswer(frames(...events))
const failedResponse = response({ status: 'failed', output: [], error: { code: 'server_error', message: 'x' } })

describe('an event stream in place of JSON', () => {
  it.each([
    ['a whole one', stream],
    ['one that says it is JSON', { ...streamAnswer(frames(...events), { 'content-type': 'application/json' }) }],
    ['the terminal event alone', streamAnswer(frames(completed(3)))],
  ])('%s is the answer to retrieve, cancel and create with background', async (_name, answer) => {
    await using server = await fieldServer([answer])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      for (const asked of [
        responses.retrieve('resp_1'),
        responses.cancel('resp_1'),
        responses.create({ model: 'gpt-5', background: true }),
        responses.create(KEPT),
      ])
        expect(await asked).toMatchObject({ id: 'resp_1', status: 'completed', output_text: 'hello' })
    })
    expect(server.requests).toHaveLength(4)
  })

  it('is the state of the response for a poll', async () => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'hel')), jsonAnswer(404, {}), stream])
    const { events: seen, result } = await playStream({ baseURL: server.baseURL }, KEPT)
    expect(result).toMatchObject({ status: 'completed', output_text: 'hello' })
    expect(seen.filter(({ type }) => type === 'response.completed')).toHaveLength(1)
  })

  it('is a result if the response failed, as JSON would be', async () => {
    await using server = await fieldServer([
      streamAnswer(frames(created(0), { type: 'response.failed', sequence_number: 1, response: failedResponse })),
    ])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      expect(await responses.retrieve('resp_1')).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
    })
    expect(server.requests).toHaveLength(1)
  })

  it('that breaks is retried by retrieve', async () => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'hel')), jsonAnswer(200, response())])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      expect(await responses.retrieve('resp_1')).toMatchObject({ status: 'completed', output_text: 'hello' })
    })
    expect(server.requests).toHaveLength(2)
  })

  it('that breaks after the id of a background response is not repeated, and the error has the id', async () => {
    await using server = await fieldServer([broken(created(0), added(1), delta(2, 'hel'))])
    await withClient({ baseURL: server.baseURL }, async ({ responses }) => {
      const error = await responses.create(KEPT).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'stream_incomplete', responseId: 'resp_1' })
    })
    expect(server.requests).toHaveLength(1)
  })
})
