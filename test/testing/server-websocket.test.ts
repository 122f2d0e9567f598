import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { failedStream, type JsonObject, textStream, toolCallStream } from '../../src/testing/streams.ts'
import { invalid, sentJson } from '../support/typed.ts'
import { SELF_SIGNED } from './self-signed.ts'
import { SocketClient } from './support/socket-client.ts'
import { withServer } from './support/with-server.ts'

/** Events of the default answer. */
const EVENTS = 12
const notFound = (id: string): JsonObject => ({
  type: 'error',
  status: 400,
  error: {
    message: `Previous response with id '${id}' not found.`,
    type: 'invalid_request_error',
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  },
})

describe('a WebSocket of the mock server', () => {
  it.each([
    ['plain', {}],
    ['TLS', { tls: SELF_SIGNED }],
  ])('answers each response.create by one text message an event, over %s', (_, options) =>
    withServer(options, async (server) => {
      using client = await SocketClient.open(server)
      const events = await client.ask({ stream: true })
      expect(events).toHaveLength(EVENTS)
      expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { id: 'resp_mock_1' } })
      expect(client.messages.every(({ binary }) => !binary)).toBe(true)
      expect((await client.ask({ input: 'And now?' })).at(-1)).toMatchObject({ response: { id: 'resp_mock_2' } })
      await server.waitFor('request_end', 2)
      expect(server.requests).toMatchObject([
        { transport: 'websocket', socketNumber: 1, method: 'POST', path: '/v1/responses', requestOnConnection: 1 },
        { transport: 'websocket', socketNumber: 1, requestOnConnection: 2, sentEvents: EVENTS, status: 200 },
      ])
      expect(server.requests[0]?.headers.authorization).toBe('Bearer key')
      expect(server.requests[0]?.json).toMatchObject({ type: 'response.create', stream: true })
    }),
  )

  it('asks for a client certificate if an authority is given', () =>
    withServer({ tls: { ...SELF_SIGNED, ca: SELF_SIGNED.cert } }, async (server) => {
      using stranger = new SocketClient(server)
      await stranger.until(({ error }) => error !== undefined)
      expect(server.sockets).toHaveLength(0)
      using client = await SocketClient.open(server, SELF_SIGNED)
      expect(await client.ask()).toHaveLength(EVENTS)
    }))

  it('gives the headers of the 101 that the options name', () =>
    withServer({ webSocket: { headers: { 'x-codex-websocket-max-message-bytes': '1000' } } }, async (server) => {
      using client = await SocketClient.open(server)
      expect(client.headers).toMatchObject({ 'x-codex-websocket-max-message-bytes': '1000', upgrade: 'websocket' })
    }))

  it('negotiates no subprotocol and no compression', () =>
    withServer({}, async (server) => {
      using client = await SocketClient.open(server, { perMessageDeflate: true })
      expect(client.headers).not.toHaveProperty('sec-websocket-extensions')
      expect(await client.ask()).toHaveLength(EVENTS)
    }))

  it.each([
    ['without a credential', { headers: { authorization: '' } }, { strict: true }, 401, 'Missing bearer'],
    ['on another path', { path: '/models' }, {}, 404, 'Invalid URL (GET /v1/models)'],
    ['where WebSockets are off', {}, { webSocket: false }, 405, 'Not allowed'],
  ])('refuses an upgrade %s', (_, client, options, status, words) =>
    withServer(options, async (server) => {
      server.script(['ok'])
      using refused = new SocketClient(server, client)
      await refused.until((each) => each.refused !== undefined)
      expect(refused.refused).toMatchObject({ status, headers: { connection: 'close' } })
      expect(JSON.parse(refused.refused?.text ?? '').error.message).toContain(words)
      expect(server.sockets).toMatchObject([{ status, open: false, openedAt: undefined }])
      // It was no request: the entry of the script is still there.
      expect(() => server.assertConsumed()).toThrow('entry 1 (ok): not taken')
    }),
  )

  it('keeps the latest response in memory, stored or not, and no other', () =>
    withServer({}, async (server) => {
      using client = await SocketClient.open(server)
      await client.ask({ store: false })
      await client.ask({ store: false, previous_response_id: 'resp_mock_1' })
      expect(server.sockets[0]?.latestResponseId).toBe('resp_mock_2')
      expect(await client.ask({ store: false, previous_response_id: 'resp_mock_1' })).toEqual([notFound('resp_mock_1')])
      expect((await client.ask({ store: false, previous_response_id: 'resp_mock_2' })).at(-1)).toMatchObject({
        type: 'response.completed',
      })
    }))

  it('forgets unstored responses with the connection, and knows stored ones over HTTP and on other WebSockets', () =>
    withServer({}, async (server) => {
      using first = await SocketClient.open(server)
      await first.ask({ store: false })
      using second = await SocketClient.open(server)
      expect(await second.ask({ previous_response_id: 'resp_mock_1' })).toEqual([notFound('resp_mock_1')])
      await first.ask({ store: true })
      expect((await second.ask({ previous_response_id: 'resp_mock_3' })).at(-1)).toMatchObject({
        type: 'response.completed',
      })
      expect(await (await fetch(`${server.baseURL}/responses/resp_mock_3`)).json()).toMatchObject({ id: 'resp_mock_3' })
      const answer = await post(server, { previous_response_id: 'resp_mock_4' })
      expect(await answer.json()).toMatchObject({ id: 'resp_mock_6' })
      expect((await second.ask({ previous_response_id: 'resp_mock_6' })).at(-1)).toMatchObject({
        type: 'response.completed',
      })
    }))

  it.each([
    ['a 4xx', { at: 'headers', effect: 'status', status: 429 }],
    ['a 5xx', { at: 'headers', effect: 'status', status: 503 }],
  ] as const)('forgets the response whose continuation fails with %s', (_, fault) =>
    withServer({}, async (server) => {
      server.script(['ok', fault, 'ok'])
      using client = await SocketClient.open(server)
      await client.ask({ store: false })
      await client.ask({ store: false, previous_response_id: 'resp_mock_1' })
      expect(server.sockets[0]?.latestResponseId).toBeUndefined()
      expect(await client.ask({ store: false, previous_response_id: 'resp_mock_1' })).toEqual([notFound('resp_mock_1')])
    }),
  )

  it('keeps its latest response when another request is refused, but not after a failure', () => {
    const answers = [textStream({ id: 'resp_a' }), failedStream({ id: 'resp_b' })]
    return withServer({ strict: true, respond: () => answers.shift() ?? textStream() }, async (server) => {
      using client = await SocketClient.open(server)
      await client.ask({ store: false })
      expect((await client.ask({ store: false, model: undefined }))[0]).toMatchObject({ status: 400 })
      expect(server.sockets[0]?.latestResponseId).toBe('resp_a')
      await client.ask({ store: false, previous_response_id: 'resp_a' })
      expect(server.sockets[0]?.latestResponseId).toBeUndefined()
    })
  })

  it('prewarms: it generates nothing, and the id can be continued', () =>
    withServer({ strict: true }, async (server) => {
      using client = await SocketClient.open(server)
      const warm = await client.ask({ generate: false, input: [], store: false })
      expect(warm.map(({ type, sequence_number }) => [type, sequence_number])).toEqual([
        ['response.created', 0],
        ['response.completed', 1],
      ])
      expect(warm[1]).toMatchObject({ response: { id: 'resp_mock_1', output: [], status: 'completed' } })
      const next = await client.ask({ store: false, previous_response_id: 'resp_mock_1' })
      expect(next.at(-1)).toMatchObject({
        type: 'response.completed',
        response: { previous_response_id: 'resp_mock_1' },
      })
    }))

  it.each([
    ['no JSON', 'hello', 'We could not parse'],
    ['another type', { type: 'response.cancel' }, "Invalid value for 'type': expected 'response.create'"],
    ['no model', { type: 'response.create', input: 'hi' }, "Missing required parameter: 'model'."],
    ['a wrong kind', { type: 'response.create', model: 5, input: 'hi' }, "Invalid type for 'model'"],
    [
      'background',
      { type: 'response.create', model: 'm', input: 'hi', background: true },
      "'background' is not supported",
    ],
  ])('answers a message with %s by an error message of status 400, and continues', (_, message, words) =>
    withServer({ strict: true }, async (server) => {
      using client = await SocketClient.open(server)
      client.send(message)
      await client.until(({ messages }) => messages.length === 1)
      expect(client.events).toEqual([
        { type: 'error', status: 400, error: expect.objectContaining({ message: expect.stringContaining(words) }) },
      ])
      expect(await client.ask()).toHaveLength(EVENTS)
      expect(server.requests[0]).toMatchObject({ status: 400, outcome: 'complete' })
    }),
  )

  it('answers two requests at once one after the other', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'before_event', event: 3, effect: 'stall' }, 'ok'])
      using client = await SocketClient.open(server)
      client.create()
      client.create()
      await server.waitFor('request', 2)
      await server.waitFor('fault')
      expect(server.requests[1]).toMatchObject({ status: undefined, outcome: 'pending' })
      server.release()
      await client.until(({ messages }) => messages.length === 2 * EVENTS)
      const ids = client.events.map(({ response }) => (response as JsonObject | undefined)?.id).filter(Boolean)
      expect(ids).toEqual([...Array(3).fill('resp_mock_1'), ...Array(3).fill('resp_mock_2')])
    }))

  it('runs lanes in parallel, each with its name on its events and its own latest response', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'before_event', event: 1, effect: 'stall' }])
      using client = await SocketClient.open(server)
      client.create({ stream_id: 'a', store: false })
      await server.waitFor('fault')
      await client.ask({ stream_id: 'b', store: false })
      expect(client.events.slice(1).every(({ stream_id }) => stream_id === 'b')).toBe(true)
      server.release()
      await client.until(({ messages }) => messages.length === 2 * EVENTS)
      const [answer] = await client.ask({ stream_id: 'b', store: false, previous_response_id: 'resp_mock_1' })
      expect(answer).toEqual({ ...notFound('resp_mock_1'), stream_id: 'b' })
      expect(server.sockets[0]?.latestResponseId).toBeUndefined()
    }))

  it('refuses invalid stream ids, too many of them, or all if lanes are off', async () => {
    await withServer({}, async (server) => {
      using client = await SocketClient.open(server)
      expect((await client.ask({ stream_id: 'a b' }))[0]).toMatchObject({ error: { code: 'invalid_stream_id' } })
      for (let n = 0; n < 32; n++) await client.ask({ stream_id: `lane.${n}` })
      expect((await client.ask({ stream_id: 'one.more' }))[0]).toMatchObject({
        stream_id: 'one.more',
        error: { code: 'websocket_stream_limit_reached' },
      })
      server.addFaults({ at: 'headers', effect: 'stall' })
      for (let n = 0; n < 16; n++) client.create({ stream_id: `lane.${n}` })
      await server.waitFor('fault', 16)
      server.clearFaults()
      client.create()
      await client.until(({ events }) => events.at(-1)?.type === 'error')
      expect(client.events.at(-1)).toMatchObject({ error: { code: 'websocket_stream_limit_reached' } })
    })
    await withServer({ webSocket: { lanes: false } }, async (server) => {
      using client = await SocketClient.open(server)
      expect((await client.ask({ stream_id: 'a' }))[0]).toMatchObject({
        status: 400,
        error: { code: 'unknown_parameter' },
      })
      expect(await client.ask()).toHaveLength(EVENTS)
    })
  })

  it('ends after 60 minutes: the next request gets an error message, then comes a close frame', () => {
    let ahead = 0
    const clock = { ...systemClock, now: () => systemClock.now() + ahead }
    return withServer({ clock }, async (server) => {
      using client = await SocketClient.open(server)
      await client.ask()
      ahead = 60 * 60_000
      await client.ask()
      await client.until(({ closed }) => closed !== undefined)
      expect(client.events.at(-1)).toMatchObject({ status: 400, error: { code: 'websocket_connection_limit_reached' } })
      expect(client.closed?.code).toBe(1001)
    })
  })

  it('closes with 1009 for a message above the limit', () =>
    withServer({ webSocket: { maxMessageBytes: 1000 } }, async (server) => {
      using client = await SocketClient.open(server)
      client.create({ input: 'x'.repeat(1000) })
      await client.until(({ closed }) => closed !== undefined)
      expect(client.closed?.code).toBe(1009)
      expect(await server.waitFor('socket_closed')).toMatchObject({ closeCode: 1009, open: false })
      expect(server.connections[0]?.closedBy).toBe('server')
      expect(server.requests).toHaveLength(0)
    }))

  it('answers pings, counts pongs, and records how the client closed', () =>
    withServer({}, async (server) => {
      using client = await SocketClient.open(server)
      client.ws.ping('a')
      await client.until(({ pongs }) => pongs.length === 1)
      expect(client.pongs).toEqual(['a'])
      expect(server.pingSockets()).toBe(1)
      await client.until(({ pings }) => pings.length === 1)
      client.ws.close(1000, 'bye')
      await client.until(({ closed }) => closed !== undefined)
      const socket = await server.waitFor('socket_closed')
      expect(socket).toMatchObject({ receivedPings: 1, sentPongs: 1, sentPings: 1, receivedPongs: 1, closeCode: 1000 })
    }))
})

describe('records of the mock server about WebSockets', () => {
  it('count sockets, messages, bytes and tokens, by transport and by call', () =>
    withServer({}, async (server) => {
      using client = await SocketClient.open(server, { headers: { 'x-mock-call': 'opener' } })
      await client.ask({ metadata: { mock_call: 'a' } })
      await client.ask({ metadata: { mock_call: 'a' }, input: 'x'.repeat(400) })
      await client.ask({})
      await post(server, { input: 'x'.repeat(40), metadata: { mock_call: 'b' } })
      await server.waitFor('request_end', 4)
      const sizes = server.requests.map(({ body }) => body.length)
      const received = sizes[0]! + sizes[1]! + sizes[2]!
      expect(server.stats).toMatchObject({
        sockets: {
          total: 1,
          open: 1,
          refused: 0,
          receivedMessages: 3,
          receivedBytes: received,
          // The text without a blank has one delta less.
          sentMessages: 3 * EVENTS - 1,
        },
        byTransport: {
          websocket: { requests: 3, bodyBytes: received, inputTokens: 106 },
          http: { requests: 1, inputTokens: 10 },
        },
        byCall: { a: { requests: 2, inputTokens: 103 }, opener: { requests: 1 }, b: { requests: 1, sentEvents: 1 } },
        inputTokens: 116,
      })
      const bytes = client.messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
      expect(server.stats.sockets.sentBytes).toBe(bytes)
      expect(JSON.stringify(server.sockets[0])).not.toContain('Bearer key')
    }))

  it('show what the model knew, over HTTP and on WebSockets, even after the server has lost it', () => {
    const answers = [
      textStream({ id: 'resp_a', text: 'Hi' }),
      toolCallStream({ id: 'resp_b' }),
      textStream({ id: 'resp_c' }),
    ]
    const outputs = answers.map(
      (events) => sentJson<{ response: { output: JsonObject[] } }>(events.at(-1)).response.output,
    )
    return withServer({ respond: () => answers.shift() ?? [] }, async (server) => {
      using client = await SocketClient.open(server)
      await client.ask({ store: false, input: 'Hello' })
      const result = [{ type: 'function_call_output', call_id: 'c', output: '5' }]
      await client.ask({ store: true, input: result, previous_response_id: 'resp_a' })
      await post(server, { input: 'Thanks', previous_response_id: 'resp_b' })
      server.forget()
      const whole = [{ role: 'user', content: 'Hello' }, ...outputs[0]!, ...result, ...outputs[1]!]
      expect(server.contextOf('resp_b')).toEqual(whole)
      expect(server.contextOf(server.requests[1]!)).toEqual(whole.slice(0, -outputs[1]!.length))
      expect(server.contextOf('resp_c')).toEqual([...whole, { role: 'user', content: 'Thanks' }, ...outputs[2]!])
      expect(server.contextOf('resp_unheard_of')).toBeUndefined()
    })
  })

  it('can be awaited as steps, and a timeout says what happened so far', () =>
    withServer({ waitMs: 5 }, async (server) => {
      using _ = await SocketClient.open(server)
      expect(await server.waitFor('socket_open')).toMatchObject({ number: 1, status: 101, open: true })
      await expect(server.waitFor('socket_closed')).rejects.toThrow('WebSocket 1 on connection 1: status 101, open')
    }))
})

describe('invalid uses of WebSockets', () => {
  it.each([
    [{ webSocket: { maxAge: 5 } }, 'options.webSocket: unknown key "maxAge"; accepted: maxAgeMs'],
    [{ webSocket: { maxMessageBytes: -1 } }, 'options.webSocket.maxMessageBytes is -1; expected an integer from 0'],
    [{ webSocket: 'on' }, "options.webSocket is 'on'; expected a boolean, or a object"],
    [{ faults: [{ at: 'upgrade', effect: 'close', code: 1000 }] }, '"close" cannot strike at "upgrade"'],
    [{ faults: [{ at: 'headers', effect: 'close', code: 1005 }] }, 'faults[0].code is 1005; expected a close code'],
    [{ faults: [{ at: 'headers', effect: 'frame' }] }, 'faults[0] needs "as"'],
  ])('%o is refused: %s', async (options, message) => {
    await expect(MockResponsesServer.start(invalid(options))).rejects.toThrow(message)
  })

  it('a command with an unsendable code is refused', () =>
    withServer({}, async (server) => {
      expect(() => server.closeSockets(1006)).toThrow('closeSockets(code) is 1006; expected a close code')
      expect(() => server.expireSockets('frame' as 'error')).toThrow("expected 'error' or 'close'")
    }))
})

function post(server: MockResponsesServer, fields: JsonObject) {
  return fetch(`${server.baseURL}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer key', connection: 'close' },
    body: JSON.stringify({ model: 'gpt-5.2', input: 'Hello there', ...fields }),
  })
}
