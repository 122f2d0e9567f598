import { describe, expect, it } from 'vitest'
import { playFetch, withClient } from './support/play.ts'
import { socketServer } from './support/socket-server.ts'
import { answered, said, turn } from './support/turns.ts'

// Endpoints send events of their own types before `response.created` and after the end: timings, metadata, heartbeats
// (icebear0828/codex-proxy 696). Over HTTP they are passed on.

const UNKNOWN = [
  { type: 'responsesapi.websocket_timing', timing: { total: 3 } },
  { type: 'response.metadata', metadata: {} },
  { type: 'response.metadata', response_id: 'resp_1' },
  { type: 'session.created', session: { id: 'sess_1' } },
  { type: 'heartbeat' },
  { type: 'rate_limits.updated', left: 1 },
  { type: 'server.info' },
]

const body = { model: 'gpt-5', store: false } as const

describe('an event of an unknown type', () => {
  it('may come before the response, and is passed on', async () => {
    for (const unknown of UNKNOWN) {
      await using server = await socketServer({ onMessage: (socket) => socket.say(unknown, ...turn('resp_1')) })
      const { result } = await playFetch({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
      expect(result?.text.split('\n\n')[0]).toBe(`data: ${JSON.stringify(unknown)}`)
      expect(result?.text).toContain('response.completed')
    }
  })

  it('may come before an error frame, which is still an answer', async () => {
    for (const unknown of UNKNOWN) {
      const error = { code: 'usage_limit_reached', message: 'No.' }
      await using server = await socketServer({
        onMessage: (socket) => socket.say(unknown, { type: 'error', status: 429, error }),
      })
      const { result } = await playFetch({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
      expect([result?.status, JSON.parse(result?.text ?? '')]).toEqual([429, { error }])
    }
  })

  it('may come repeatedly before the response: each is passed on as it arrives', async () => {
    let say: (() => void) | undefined
    await using server = await socketServer({
      onMessage: (socket) => {
        socket.say({ type: 'heartbeat' }, { type: 'heartbeat' })
        say = () => socket.say(...turn('resp_1'))
      },
    })
    await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
      const response = await client.fetch(`${server.baseURL}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, stream: true, input: 'Hello' }),
      })
      say?.()
      expect(await response.text()).toMatch(/^data: {"type":"heartbeat"}\n\ndata: {"type":"heartbeat"}\n\n.*completed/s)
    })
  })

  it('may come after the response: the next request is an increment on the same socket', async () => {
    for (const unknown of UNKNOWN) {
      await using server = await socketServer({
        onMessage: (socket, _message, number) => socket.say(...turn(`resp_${number}`), unknown),
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        await client.responses.stream({ ...body, input: [said('a')] }).finalResponse()
        const input = [said('a'), answered('Hi'), said('b')]
        await client.responses.stream({ ...body, input }).finalResponse()
      })
      expect(server.messages[1]?.previous_response_id).toBe('resp_1')
      expect(server.sockets).toHaveLength(1)
    }
  })

  it('is refused if it names another response', async () => {
    for (const foreign of [
      { type: 'response.metadata', response_id: 'resp_1' },
      { type: 'response.metadata', response: { id: 'resp_1' } },
    ]) {
      await using server = await socketServer({
        onMessage: (socket, _message, number) =>
          socket.say(...(number === 1 ? turn('resp_1') : [foreign, ...turn(`resp_${number}`)])),
      })
      await withClient({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 }, async (client) => {
        await client.responses.stream({ ...body, input: [said('a')] }).finalResponse()
        const input = [said('a'), answered('Hi'), said('b')]
        await expect(client.responses.stream({ ...body, input }).finalResponse()).rejects.toMatchObject({
          code: 'wrong_response',
          message: expect.stringContaining('response.metadata'),
        })
      })
    }
  })
})

describe('a response whose first event names no response', () => {
  it('is handed over, as over HTTP', async () => {
    for (const first of ['response.created', 'response.in_progress']) {
      const [, ...rest] = turn('resp_1')
      await using server = await socketServer({
        onMessage: (socket) => socket.say({ type: first, response: { object: 'response', output: [] } }, ...rest),
      })
      const { result } = await playFetch({ baseURL: server.baseURL, webSocket: true, maxRetries: 0 })
      expect(result?.text).toContain('response.completed')
    }
  })
})
