import { describe, expect, it } from 'vitest'
import { withClient } from './support/play.ts'
import { pingFrame, socketServer } from './support/socket-server.ts'
import { said, turn } from './support/turns.ts'

const ask = { model: 'gpt-5', store: false, input: [said('a')] } as const

describe('a burst of pings', () => {
  it('that is too large to be answered is a failure of the protocol, and not an end that the endpoint chose', async () => {
    await using server = await socketServer({
      onMessage: (socket) => socket.connection.write(Buffer.concat(Array.from({ length: 1000 }, pingFrame))),
    })
    await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
      await expect(client.responses.stream(ask).finalResponse()).rejects.toMatchObject({
        code: 'protocol_error',
        message: expect.stringMatching(/more pings than could be answered/),
      })
    })
  })

  it('of 40 is answered, and the response is handed over', async () => {
    await using server = await socketServer({
      onMessage: (socket) => {
        socket.connection.write(Buffer.concat(Array.from({ length: 40 }, pingFrame)))
        socket.say(...turn('resp_1'))
      },
    })
    await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
      expect((await client.responses.stream(ask).finalResponse()).id).toBe('resp_1')
    })
  })
})
