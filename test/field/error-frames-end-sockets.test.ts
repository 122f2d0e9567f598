import { describe, expect, it } from 'vitest'
import { withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { said, turn } from './support/turns.ts'

// The ChatGPT backend does not answer what comes on a socket after an error frame; the socket dies 2.7 s later
// (anomalyco/opencode 47973).

const BAD = { code: 'invalid_prompt', message: 'Bad.' }
const [CREATED] = turn('resp_bad')
const FAILED = { type: 'response.failed', response: { id: 'resp_bad', status: 'failed', error: BAD, output: [] } }

describe('a socket on which an error frame arrived', () => {
  it('is closed, and the next call uses another one', async () => {
    for (const frames of [
      [{ type: 'error', status: 400, error: BAD }],
      [{ type: 'error', status: 429, error: { code: 'usage_limit_reached', message: 'No.' } }],
      [{ type: 'error', status: 503, error: { code: 'x', message: 'No.' } }],
      [{ type: 'error', ...BAD }],
      [CREATED, { type: 'error', error: BAD }, FAILED],
      [CREATED, { type: 'error', error: BAD }, ...turn('resp_bad').slice(1)],
    ]) {
      await using server = await socketServer({
        onMessage: (socket, _message, number) => {
          if (number === 1) socket.say(...frames)
          else if (socket.number > 1) socket.say(...turn('resp_good'))
        },
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        const call = (text: string) =>
          client.responses.stream({ model: 'gpt-5', store: false, input: [said(text)] }).finalResponse()
        await call('bad').catch(() => {})
        await server.sockets[0]?.connection.gone()
        expect((await call('good')).id).toBe('resp_good')
      })
      expect(server.sockets).toHaveLength(2)
      expect(server.messages).toHaveLength(2)
    }
  })
})
