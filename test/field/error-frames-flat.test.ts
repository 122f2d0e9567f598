import { describe, expect, it } from 'vitest'
import { playFetch, withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { answered, said, turn } from './support/turns.ts'

// Endpoints before the ChatGPT backend send error frames with a status whose code and message stand beside it, as in the
// `error` event of a stream (Soju06/codex-lb 775), and not within `error`.

const NOT_FOUND = { type: 'error', status: 400, code: 'previous_response_not_found', message: 'Not found.' }

describe('an error frame whose fields stand beside its status', () => {
  it('can say that the endpoint does not know the previous response: then the whole body is sent', async () => {
    for (const frame of [NOT_FOUND, { ...NOT_FOUND, error: null }, { ...NOT_FOUND, error: {} }]) {
      await using server = await socketServer({
        onMessage: (socket, { previous_response_id }, number) =>
          previous_response_id === undefined ? socket.say(...turn(`resp_${number}`)) : socket.say(frame),
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        const body = { model: 'gpt-5', store: false } as const
        await client.responses.stream({ ...body, input: [said('a')] }).finalResponse()
        const input = [said('a'), answered('Hi'), said('b')]
        const { id } = await client.responses.stream({ ...body, input }).finalResponse()
        expect(id).toBe('resp_3')
      })
      expect(server.messages.map(({ previous_response_id }) => previous_response_id)).toEqual([
        undefined,
        'resp_1',
        undefined,
      ])
    }
  })

  it('is handed over as an answer with its code, message and param', async () => {
    const error = { code: 'context_length_exceeded', message: 'Too long.', param: 'input' }
    for (const [frame, status, body] of [
      [{ ...error, status: 400 }, 400, { error }],
      [{ ...error, status: 400, sequence_number: 3, stream_id: null, headers: { 'x-a': 'b' } }, 400, { error }],
      [{ status: '429', message: 'Slow down.' }, 429, { error: { message: 'Slow down.' } }],
      [{ status: 400, error: 'bad', code: 'invalid' }, 400, { error: 'bad', code: 'invalid' }],
      [{ status: 400, error, message: 'outer' }, 400, { error }],
      [{ status: 400 }, 400, { error: null }],
    ] as const) {
      await using server = await socketServer({ onMessage: (socket) => socket.say({ type: 'error', ...frame }) })
      const { result } = await playFetch({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
      expect(result?.status).toBe(status)
      expect(JSON.parse(result?.text ?? '')).toEqual(body)
    }
  })
})
