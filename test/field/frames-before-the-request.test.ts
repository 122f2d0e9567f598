import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { playFetch, QUICK, withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { answered, said, turn } from './support/turns.ts'

// A server, or a proxy that mixes connections up, sends frames together with its 101: before it can know what is asked.

const body = { model: 'gpt-5', store: false } as const

describe('frames that arrive together with the upgrade', () => {
  it('answer no request: the socket is closed, and after a second one the call goes over HTTP', async () => {
    for (const early of [turn('resp_evil', [answered('EARLY')]), turn('resp_evil').slice(0, 1)]) {
      await using server = await socketServer({
        withUpgrade: early,
        onMessage: (socket) => socket.say(...turn('resp_1')),
        overHttp: turn('resp_http'),
      })
      const codes: unknown[] = []
      const onEvent = (event: TelemetryEvent) => {
        if (event.type === 'attempt_end') codes.push(event.record.code)
      }
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0, onEvent }, async (client) => {
        // A second request for the same could do twice what is asked.
        const asking = client.responses.stream({ ...body, input: [said('a')], conversation: 'conv_1' }).finalResponse()
        expect((await asking).id).toBe('resp_http')
        for (const { connection } of server.sockets) await connection.gone()
      })
      expect(codes).toEqual(['wrong_response', 'wrong_response', undefined])
      expect(server.messages).toHaveLength(0)
    }
  })

  it('may be about the account or the socket: the request is sent, and its answer is handed over', async () => {
    for (const aside of [{ type: 'codex.rate_limits', left: 1 }, { type: 'ping' }, { type: 'session.created' }]) {
      await using server = await socketServer({
        withUpgrade: [aside],
        onMessage: (socket) => socket.say(...turn('resp_1')),
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        const { id } = await client.responses.stream({ ...body, input: [said('a')] }).finalResponse()
        expect(id).toBe('resp_1')
      })
    }
  })

  it('may refuse the client: an error frame is the answer of the call, and nothing is sent', async () => {
    const error = { code: 'account_deactivated', message: 'No.' }
    await using server = await socketServer({
      withUpgrade: [{ type: 'error', status: 403, error }],
      onMessage: (socket) => socket.say(...turn('resp_1')),
    })
    const { result } = await playFetch({ ...QUICK, baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
    expect([result?.status, JSON.parse(result?.text ?? '')]).toEqual([403, { error }])
    expect(server.messages).toHaveLength(0)
  })
})
