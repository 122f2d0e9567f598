import { once } from 'node:events'
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Fault, MockResponsesServer, type MockServerOptions } from '../../src/testing/server.ts'
import { failedStream, type JsonObject, textStream, toSSE } from '../../src/testing/streams.ts'
import { SELF_SIGNED } from './self-signed.ts'
import { withServer } from './support/with-server.ts'

const STREAM = { model: 'gpt-5.2', input: 'Hello there', stream: true }
/** Events of the default answer to `STREAM`. */
const EVENTS = 12

describe('the endpoint', () => {
  it('streams an answer with the headers of the real endpoint', () =>
    withServer({}, async (server) => {
      const answer = await post(server, STREAM)
      expect(answer.status).toBe(200)
      expect(answer.headers).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'transfer-encoding': 'chunked',
        'openai-processing-ms': expect.stringMatching(/^\d+$/),
        'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
      })
      const events = parse(answer.text)
      expect(events).toHaveLength(EVENTS)
      expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { id: 'resp_mock_1' } })
      expect(events.filter(({ type }) => type === 'response.output_text.done')).toMatchObject([
        { text: 'You said: Hello there' },
      ])
    }))

  it('answers with one JSON object without a stream, and streams the events of respond', () =>
    withServer({ respond: () => textStream({ id: 'resp_a', text: 'Yes' }) }, async (server) => {
      const result = await post(server, { ...STREAM, stream: false })
      expect(JSON.parse(result.text)).toMatchObject({ id: 'resp_a', object: 'response', status: 'completed' })
      expect((await post(server, STREAM)).text).toBe(toSSE(textStream({ id: 'resp_a', text: 'Yes' })))
    }))

  it.each([
    ['no input', {}],
    ['an input of null', { input: null }],
    ['items without text', { input: [{ type: 'item_reference', id: 'msg_1' }, {}, 5] }],
    ['an item whose text is a number', { input: { text: 5 } }],
  ])('says that nothing was said where the body holds %s', (_, fields) =>
    withServer({}, async (server) => {
      const answer = await post(server, { model: 'gpt-5.2', stream: true, ...fields })
      expect(parse(answer.text).filter(({ type }) => type === 'response.output_text.done')).toMatchObject([
        { text: 'You said: nothing' },
      ])
      server.assertConsumed()
    }),
  )

  it('sends each event in a separate write unless they are merged', async () => {
    for (const [eventsPerWrite, writes] of [
      [1, EVENTS],
      [5, Math.ceil(EVENTS / 5)],
      [Number.POSITIVE_INFINITY, 1],
    ] as const) {
      await withServer({ eventsPerWrite }, async (server) => {
        const client = new RawClient(server)
        client.send(STREAM)
        await client.until(({ events }) => events === EVENTS)
        expect(client.httpChunks).toBe(writes)
        client.socket.destroy()
      })
    }
  })

  it('knows only stored responses as previous ones', () =>
    withServer({}, async (server) => {
      await post(server, STREAM)
      await post(server, { ...STREAM, store: false })
      const ask = (previous_response_id: string) => post(server, { ...STREAM, previous_response_id })
      expect((await ask('resp_mock_1')).status).toBe(200)
      for (const id of ['resp_mock_2', 'resp_unheard_of']) {
        const refusal = await ask(id)
        expect(refusal.status).toBe(400)
        expect(JSON.parse(refusal.text).error).toEqual({
          message: `Previous response with id '${id}' not found.`,
          type: 'invalid_request_error',
          param: 'previous_response_id',
          code: 'previous_response_not_found',
        })
      }
      server.forget()
      expect((await ask('resp_mock_1')).status).toBe(400)
      server.remember('resp_mock_1')
      expect((await ask('resp_mock_1')).status).toBe(200)
    }))

  it('returns a stored response, and 404 for any other', () =>
    withServer({}, async (server) => {
      await post(server, STREAM)
      const found = await get(server, '/responses/resp_mock_1')
      expect(JSON.parse(found.text)).toMatchObject({ id: 'resp_mock_1', status: 'completed' })
      expect((await get(server, '/responses/resp_mock_1?stream=true')).status).toBe(400)
      expect((await get(server, '/responses/resp_other')).status).toBe(404)
      expect((await get(server, '/nothing')).status).toBe(404)
    }))

  it('continues a background response when its stream is lost, and resumes it after any event', () =>
    withServer({ background: 'manual' }, async (server) => {
      server.script([{ at: 'before_event', event: 3, effect: 'reset' }])
      const first = post(server, { ...STREAM, background: true })
      await server.waitFor('event_sent')
      server.produce('resp_mock_1', 2)
      server.produce('resp_mock_1', 1)
      await expect(first).rejects.toMatchObject({ code: 'ECONNRESET' })
      expect(JSON.parse((await get(server, '/responses/resp_mock_1')).text).status).toBe('in_progress')

      const resumed = get(server, '/responses/resp_mock_1?stream=true&starting_after=2')
      await server.waitFor('event_sent', (request) => request.number === 3)
      server.produce('resp_mock_1')
      const events = parse((await resumed).text)
      expect(events.map(({ sequence_number }) => sequence_number)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
      expect(JSON.parse((await get(server, '/responses/resp_mock_1')).text).status).toBe('completed')
      server.assertConsumed({ allowMore: true })
    }))

  it('returns a background response at once without a stream, and cancels it', () =>
    withServer({ background: 'manual' }, async (server) => {
      const queued = await post(server, { ...STREAM, stream: false, background: true })
      expect(JSON.parse(queued.text)).toMatchObject({ id: 'resp_mock_1', status: 'queued' })
      const stream = get(server, '/responses/resp_mock_1?stream=true')
      await server.waitFor('event_sent', ({ method }) => method === 'GET')
      const cancelled = await send(server, { method: 'POST', path: '/responses/resp_mock_1/cancel' })
      expect(JSON.parse(cancelled.text).status).toBe('cancelled')
      expect(parse((await stream).text).at(-1)).toMatchObject({ response: { status: 'cancelled' } })
    }))

  it('produces a background response at its pace, without a reader', () =>
    withServer({ eventDelayMs: 2 }, async (server) => {
      await post(server, { ...STREAM, stream: false, background: true })
      const events = parse((await get(server, '/responses/resp_mock_1?stream=true&starting_after=0')).text)
      expect(events.at(-1)?.type).toBe('response.completed')
    }))

  it('reads encoded, chunked and multipart bodies, and keeps their exact bytes', () =>
    withServer({}, async (server) => {
      const plain = Buffer.from(JSON.stringify(STREAM))
      const encodings = { gzip: gzipSync(plain), br: brotliCompressSync(plain), zstd: zstdCompressSync(plain) }
      for (const [encoding, body] of Object.entries(encodings)) {
        const headers = { 'content-encoding': encoding, 'transfer-encoding': 'chunked' }
        expect((await send(server, { method: 'POST', path: '/responses', headers, body })).status).toBe(200)
        const request = server.requests.at(-1)
        expect(request?.body).toEqual(body)
        expect(request?.json).toEqual(STREAM)
      }
      const form = new FormData()
      form.set('file', new Blob(['x'.repeat(100_000)]), 'a.txt')
      const echoed = await fetch(`${server.baseURL}/files`, { method: 'POST', body: form, keepalive: false })
      expect(await echoed.json()).toMatchObject({ method: 'POST', path: '/v1/files', bodyBytes: expect.any(Number) })
      expect(server.requests.at(-1)?.body.length).toBeGreaterThan(100_000)
    }))

  it('answers chat completions and echoes other calls', () =>
    withServer({}, async (server) => {
      const messages = [{ role: 'user', content: 'Hi' }]
      const whole = await send(server, {
        method: 'POST',
        path: '/chat/completions',
        body: JSON.stringify({ messages }),
      })
      expect(JSON.parse(whole.text).choices[0].message.content).toBe('You said: Hi')
      const body = JSON.stringify({ messages, stream: true })
      const stream = await send(server, { method: 'POST', path: '/chat/completions', body })
      expect(stream.text).toMatch(/data: \[DONE\]\n\n$/)
      const echoed = await send(server, { method: 'GET', path: '/files/f?x=1', headers: { 'x-a': 'b' } })
      expect(JSON.parse(echoed.text)).toMatchObject({ query: { x: '1' }, headers: { 'x-a': 'b' }, bodyBytes: 0 })
    }))

  it('speaks TLS, and lets a fault strike before the handshake', () =>
    withServer({ tls: SELF_SIGNED }, async (server) => {
      expect(server.baseURL).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/v1$/)
      expect((await post(server, STREAM)).status).toBe(200)
      server.script([
        { at: 'accept', effect: 'reset' },
        [
          { at: 'accept', effect: 'stall' },
          { at: 'before_event', event: 1, effect: 'reset' },
        ],
        { at: 'headers', effect: 'half_close' },
      ])
      await expect(post(server, STREAM)).rejects.toMatchObject({ code: 'ECONNRESET' })
      const stalled = post(server, STREAM)
      await server.waitFor('fault', 2)
      expect(server.stats.requests.total).toBe(1)
      server.release()
      await expect(stalled).rejects.toMatchObject({ code: 'ECONNRESET' })
      await expect(post(server, STREAM)).rejects.toMatchObject({ code: 'ECONNRESET' })
      server.assertConsumed()
    }))
})

/** What a client sees on a bare socket: how many whole events, and how the connection ended. */
type Sight = { events: number; end: 'fin' | 'reset' | 'open' }

describe('faults on the wire', () => {
  const NOTHING = 0
  const cases: Array<[Fault, Sight]> = []
  for (const at of ['accept', 'request_body', 'headers'] as const) {
    cases.push(
      [
        { at, effect: 'stall' },
        { events: NOTHING, end: 'open' },
      ],
      [
        { at, effect: 'delay', ms: 5 },
        { events: EVENTS, end: 'open' },
      ],
      [
        { at, effect: 'reset' },
        { events: NOTHING, end: 'reset' },
      ],
      [
        { at, effect: 'half_close' },
        { events: NOTHING, end: 'fin' },
      ],
      [
        { at, effect: 'eof' },
        { events: NOTHING, end: 'fin' },
      ],
      [
        { at, effect: 'garbage' },
        { events: NOTHING, end: 'fin' },
      ],
    )
  }
  const inStream = [
    [{ at: 'before_event', event: 2 }, 2],
    [{ at: 'inside_event', event: 2 }, 2],
    [{ at: 'after_terminal' }, EVENTS],
  ] as const
  for (const [point, events] of inStream) {
    cases.push(
      [
        { ...point, effect: 'stall' },
        { events, end: 'open' },
      ],
      [
        { ...point, effect: 'delay', ms: 5 },
        { events: EVENTS, end: 'open' },
      ],
      [
        { ...point, effect: 'reset' },
        { events, end: 'reset' },
      ],
      [
        { ...point, effect: 'half_close' },
        { events, end: 'fin' },
      ],
      [
        { ...point, effect: 'eof' },
        { events, end: 'open' },
      ],
      [
        { ...point, effect: 'garbage' },
        { events, end: 'fin' },
      ],
    )
  }
  cases.push(
    [
      { at: 'after_response', effect: 'reset' },
      { events: EVENTS, end: 'reset' },
    ],
    [
      { at: 'after_response', effect: 'half_close' },
      { events: EVENTS, end: 'fin' },
    ],
    [
      { at: 'after_response', effect: 'eof' },
      { events: EVENTS, end: 'fin' },
    ],
  )

  it.each(cases)('%o gives %o', (fault, sight) =>
    withServer({}, async (server) => {
      server.script([fault])
      const client = new RawClient(server)
      client.send(STREAM)
      await server.waitFor('fault')
      await client.until(({ events, end }) => end === sight.end && events === sight.events)
      // What must not come has had its chance when the server has done all it will do.
      if (fault.effect === 'delay') await server.waitFor('request_end')
      expect(client.sight).toEqual(sight)
      client.socket.destroy()
      await server.waitFor('connection_closed')
      server.assertConsumed()
    }),
  )

  it('resets even a client that has stopped reading', () =>
    withServer({ respond: () => textStream({ deltas: Array(200).fill('x'.repeat(100_000)) }) }, async (server) => {
      server.script(['ok'])
      const client = new RawClient(server)
      client.socket.pause()
      client.send(STREAM)
      await server.waitFor('event_sent')
      server.dropConnections('reset')
      const request = await server.waitFor('request_end')
      expect(request.outcome).toBe('server_closed')
      client.socket.destroy()
    }))

  it('stops reading a large body, and reads on when released', () =>
    withServer({ respond: () => textStream() }, async (server) => {
      server.script([{ at: 'request_body', effect: 'stall' }])
      const client = new RawClient(server)
      const input = 'x'.repeat(20_000_000)
      client.send({ ...STREAM, input })
      await server.waitFor('fault')
      expect(client.socket.writableLength).toBeGreaterThan(0)
      expect(server.requests[0]?.body).toHaveLength(0)
      expect(server.release()).toBe(1)
      const request = await server.waitFor('request_end')
      expect((request.json as typeof STREAM).input === input).toBe(true)
      client.socket.destroy()
    }))

  it('answers with a status instead of the real answer', () =>
    withServer({}, async (server) => {
      server.script([
        { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '2' } },
        { at: 'request_body', effect: 'status', status: 413 },
        { at: 'headers', effect: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
        { at: 'headers', effect: 'status', status: 503, body: { error: { code: 'slow_down' } } },
        { at: 'headers', effect: 'status', status: 204 },
      ])
      const limited = await post(server, STREAM)
      expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '2' } })
      expect(JSON.parse(limited.text).error.code).toBe('rate_limit_exceeded')
      expect((await post(server, STREAM)).status).toBe(413)
      expect(await post(server, STREAM)).toMatchObject({ headers: { 'content-type': 'text/html' }, text: '<html>' })
      expect(JSON.parse((await post(server, STREAM)).text)).toEqual({ error: { code: 'slow_down' } })
      expect(await post(server, STREAM)).toMatchObject({ status: 204, text: '' })
      server.assertConsumed()
    }))

  it('injects events and raw text, and strikes again at the same point', () =>
    withServer({}, async (server) => {
      const error = failedStream({ code: 'slow_down', errorEvent: 'only' })[2] as JsonObject
      const here = { at: 'before_event', event: 2 } as const
      server.script([
        [
          { ...here, effect: 'event', events: [error], raw: ': note\n\n' },
          { ...here, effect: 'eof' },
        ],
      ])
      const { text } = await post(server, STREAM)
      expect(text.endsWith(`${toSSE([error])}: note\n\n`)).toBe(true)
      expect(parse(text)).toHaveLength(3)
      server.assertConsumed()
    }))

  it('writes hand-made HTTP past every framing', () =>
    withServer({}, async (server) => {
      const bytes = 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort'
      server.script([{ at: 'headers', effect: 'garbage', bytes }])
      await expect(post(server, STREAM)).rejects.toMatchObject({ code: 'ECONNRESET' })
    }))

  it('cuts a JSON answer in the middle', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'inside_event', event: 0, effect: 'eof' }])
      await expect(post(server, { ...STREAM, stream: false })).rejects.toMatchObject({ code: 'ECONNRESET' })
      server.assertConsumed()
    }))

  it('can tell the end of a stream by the end of the connection alone', () =>
    withServer({ framing: 'until_close' }, async (server) => {
      const answer = await post(server, STREAM)
      expect(answer.headers['transfer-encoding']).toBeUndefined()
      expect(parse(answer.text)).toHaveLength(EVENTS)
      server.script([{ at: 'before_event', event: 4, effect: 'eof' }])
      expect(parse((await post(server, STREAM)).text)).toHaveLength(4)
    }))
})

describe('whom a fault strikes', () => {
  it('strikes the next few by count, and those that match', () =>
    withServer({}, async (server) => {
      server.addFaults(
        { at: 'headers', effect: 'status', status: 503, times: 2 },
        { at: 'headers', effect: 'status', status: 401, when: ({ headers }) => headers.authorization !== 'Bearer new' },
      )
      const statuses = []
      for (const authorization of ['old', 'old', 'old', 'Bearer new']) {
        statuses.push((await post(server, STREAM, { authorization })).status)
      }
      expect(statuses).toEqual([503, 503, 401, 200])
      server.assertConsumed()
      server.clearFaults()
      expect((await post(server, STREAM)).status).toBe(200)
    }))

  it('strikes by chance what the seed says, whatever the order of arrival', () =>
    withServer({ seed: 7 }, async (server) => {
      server.addFaults(
        { at: 'headers', effect: 'status', status: 503, probability: 0.3 },
        { at: 'headers', effect: 'status', status: 500, probability: 0.2 },
      )
      const calls = Array.from({ length: 60 }, (_, index) => String(index))
      const answers = await Promise.all(calls.map((call) => post(server, STREAM, { 'x-mock-call': call })))
      const expected = calls.map((call) => {
        const fault = server.chanceFault(call, 1)
        return fault?.effect === 'status' ? fault.status : 200
      })
      expect(answers.map(({ status }) => status)).toEqual(expected)
      expect(new Set(expected)).toEqual(new Set([200, 500, 503]))
    }))

  it('follows the script of each call, beside that for all', () =>
    withServer({}, async (server) => {
      server.script(['ok', { at: 'headers', effect: 'status', status: 500 }])
      server.script([{ at: 'headers', effect: 'status', status: 503 }, 'ok'], { call: 'a' })
      const ask = async (call?: string) => (await post(server, STREAM, call ? { 'x-mock-call': call } : {})).status
      expect([await ask(), await ask('a'), await ask('a'), await ask(), await ask()]).toEqual([200, 503, 200, 500, 200])
      expect(server.requests.map(({ call, attempt }) => [call, attempt])).toEqual([
        [undefined, 1],
        ['a', 1],
        ['a', 2],
        [undefined, 1],
        [undefined, 1],
      ])
    }))

  it('names what was planned and never struck', () =>
    withServer({}, async (server) => {
      server.addFaults({ at: 'headers', effect: 'delay', ms: 1, times: 3, label: 'slow' })
      server.script([{ at: 'before_event', event: 99, effect: 'reset' }])
      server.script([{ at: 'headers', effect: 'stall' }], { call: 'never' })
      await post(server, STREAM)
      await server.waitFor('request_end')
      expect(() => server.assertConsumed()).toThrow(
        [
          'the scripts and the requests differ:',
          '- script 1, entry 1 (before_event 99: reset): request 1 took it, but did not reach that point (complete, 12 events sent)',
          '- script of call "never", entry 1 (headers: stall): not taken',
          '- fault 1 ("slow", headers: delay): 3 of 3 times not taken',
        ].join('\n'),
      )
    }))

  it('can strike a reused connection alone', () =>
    withServer({}, async (server) => {
      server.addFaults({ at: 'headers', effect: 'reset', when: ({ requestOnConnection }) => requestOnConnection > 1 })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      expect((await post(server, STREAM, {}, agent)).status).toBe(200)
      await expect(post(server, STREAM, {}, agent)).rejects.toMatchObject({ code: 'ECONNRESET' })
      agent.destroy()
    }))
})

describe('watching and stepping', () => {
  it('tells which socket carried what', () =>
    withServer({}, async (server) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      await post(server, STREAM, {}, agent)
      await post(server, { ...STREAM, instructions: 'Be brief' }, {}, agent)
      const { localPort } = (await post(server, STREAM)) as Answered
      await server.waitFor('request_end', 3)
      expect(server.requests.map((request) => [request.connectionNumber, request.requestOnConnection])).toEqual([
        [1, 1],
        [1, 2],
        [2, 1],
      ])
      expect(server.requests[2]).toMatchObject({ remotePort: localPort, localPort: server.port, outcome: 'complete' })
      expect(server.stats).toMatchObject({
        requests: { total: 3, pending: 0, byPath: { '/v1/responses': 3 } },
        // 11 bytes of input are 3 tokens, 8 more of instructions make 5.
        inputTokens: 3 + 5 + 3,
      })
      agent.destroy()
      await server.waitFor('connection_closed', 2)
      expect(server.stats.connections).toEqual({ total: 2, open: 0 })
    }))

  it('releases one stall by its label and the others by none', () =>
    withServer({}, async (server) => {
      server.script([
        { at: 'headers', effect: 'stall', label: 'first' },
        { at: 'before_event', event: 3, effect: 'stall' },
      ])
      const first = post(server, STREAM)
      await server.waitFor('fault', ({ fault }) => fault.label === 'first')
      const second = post(server, STREAM)
      const struck = await server.waitFor('fault', 2)
      expect(struck.request?.sentEvents).toBe(3)
      expect(server.release('first')).toBe(1)
      expect((await first).status).toBe(200)
      expect(server.requests[1]?.outcome).toBe('pending')
      expect(server.release()).toBe(1)
      expect(parse((await second).text)).toHaveLength(EVENTS)
    }))

  it('records a client that went away', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'before_event', event: 5, effect: 'stall' }])
      const client = new RawClient(server)
      client.send(STREAM)
      await server.waitFor('event_sent', ({ sentEvents }) => sentEvents === 5)
      client.socket.destroy()
      const request = await server.waitFor('request_end')
      expect(request).toMatchObject({ outcome: 'client_gone', sentEvents: 5, status: 200 })
      expect(await server.waitFor('connection_closed')).toMatchObject({ closedBy: 'client' })
    }))

  it('says what happened when a wait was in vain', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'headers', effect: 'stall' }])
      const client = new RawClient(server)
      client.send(STREAM)
      await server.waitFor('fault')
      await expect(server.waitFor('headers_sent', 1, { waitMs: 5 })).rejects.toThrow(
        /waited 5 ms for headers_sent number 1\.\nSo far: 1 connections \(1 open\), 1 requests\.\n {2}request 1: POST .* no answer, pending, struck by headers: stall/,
      )
      client.socket.destroy()
    }))

  it('closes idle connections when it is told to', () =>
    withServer({ keepAliveMs: 1 }, async (server) => {
      const client = new RawClient(server)
      client.send(STREAM)
      await client.until(({ end }) => end === 'fin')
      expect(client.sight.events).toBe(EVENTS)
      expect(await server.waitFor('connection_closed')).toMatchObject({ closedBy: 'server' })
    }))

  it('refuses connections for a while and accepts them again on the same port', () =>
    withServer({}, async (server) => {
      server.refuseConnections()
      await expect(post(server, STREAM)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await server.acceptConnections()
      expect((await post(server, STREAM)).status).toBe(200)
    }))

  it('ends everything at its own close: stalls, waits, timers, sockets', async () => {
    const server = await MockResponsesServer.start({ faults: [{ at: 'headers', effect: 'stall' }] })
    const client = new RawClient(server)
    client.send(STREAM)
    await server.waitFor('fault')
    const waiting = expect(server.waitFor('headers_sent')).rejects.toThrow('closed while something waited')
    await Promise.all([server.close(), waiting])
    await client.until(({ end }) => end !== 'open')
    expect(server.requests[0]?.outcome).toBe('server_closed')
    expect(server.stats.connections.open).toBe(0)
    await server.close()
  })

  it('brings out what a function of the user threw', () =>
    withServer({ respond: () => Promise.reject(new Error('no idea')) }, async (server) => {
      const { status, text } = await post(server, STREAM)
      expect(status).toBe(500)
      expect(JSON.parse(text).error).toMatchObject({
        code: 'mock_server_failed',
        message: expect.stringContaining('no idea'),
      })
      expect(() => server.assertConsumed()).toThrow('no idea')
    }))
})

describe('mistakes', () => {
  const refuses = (options: object) => MockResponsesServer.start(options as MockServerOptions)

  it.each([
    [{ ttfb: 5 }, 'options: unknown key "ttfb"; accepted: tls, port'],
    [{ ttfbMs: -1 }, 'options.ttfbMs is -1; expected a number from 0, or a function'],
    [{ tls: { key: 'a' } }, "options.tls is { key: 'a' }; expected { key, cert }"],
    [{ faults: [{ at: 'header', effect: 'stall' }] }, "faults[0].at is 'header'; expected one of accept, upgrade"],
    [
      { faults: [{ at: 'accept', effect: 'status', status: 500 }] },
      '"status" cannot strike at "accept"; accepted: stall',
    ],
    [{ faults: [{ at: 'before_event', effect: 'reset' }] }, 'faults[0] needs "event"'],
    [{ faults: [{ at: 'headers', effect: 'delay' }] }, 'faults[0] needs "ms"'],
    [{ faults: [{ at: 'headers', effect: 'stall', event: 1 }] }, 'faults[0]: unknown key "event"'],
    [{ faults: [{ at: 'headers', effect: 'stall', times: 1, probability: 1 }] }, 'cannot be combined'],
    [{ faults: Array(2).fill({ at: 'headers', effect: 'stall', probability: 0.6 }) }, 'add up to 1.2'],
  ])('%o is refused: %s', async (options, message) => {
    await expect(refuses(options)).rejects.toThrow(message)
  })

  it('a script entry that cannot be is refused', () =>
    withServer({}, async (server) => {
      const fault = { at: 'headers', effect: 'stall' } as const
      expect(() => server.script([{ ...fault, times: 2 }])).toThrow('script 1, entry 1: unknown key "times"')
      expect(() => server.script([{ at: 'accept', effect: 'reset' }], { call: 'a' })).toThrow('use at: "request_body"')
      await expect(server.waitFor('headers' as 'request')).rejects.toThrow(
        'unknown step "headers"; accepted: connection',
      )
    }))
})

interface Answered {
  status: number
  headers: IncomingMessage['headers']
  text: string
  localPort: number | undefined
}

interface Sending {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
  agent?: Agent
}

/** One request by `node:http`, on a connection of its own unless there is an agent. */
async function send(server: MockResponsesServer, sending: Sending): Promise<Answered> {
  const { method, path, headers = {}, body, agent } = sending
  const options = { method, headers, agent: agent ?? false, rejectUnauthorized: false }
  const isTls = server.url.startsWith('https:')
  const request: ClientRequest = isTls
    ? httpsRequest(`${server.baseURL}${path}`, { ...options, agent: new HttpsAgent({ keepAlive: false }) })
    : httpRequest(`${server.baseURL}${path}`, options as object)
  // An error after the head is told by the body.
  request.on('error', () => {})
  request.end(body)
  const [message] = (await once(request, 'response')) as [IncomingMessage]
  const localPort = message.socket.localPort
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { status: message.statusCode ?? 0, headers: message.headers, text, localPort }
}

function post(server: MockResponsesServer, json: object, headers: Record<string, string> = {}, agent?: Agent) {
  const sending = { method: 'POST', path: '/responses', body: JSON.stringify(json), headers }
  return send(server, agent ? { ...sending, agent } : sending)
}

function get(server: MockResponsesServer, path: string) {
  return send(server, { method: 'GET', path })
}

function parse(text: string): Array<Record<string, unknown>> {
  return [...text.matchAll(/^data: (\{.*\})\n\n/gm)].map(([, json]) => JSON.parse(json as string))
}

const CHUNK_HEAD = /\r\n[1-9a-f][0-9a-f]*\r\n/g

/** A bare socket, to see what HTTP clients hide. */
class RawClient {
  readonly socket: Socket
  #text = ''
  #end: Sight['end'] = 'open'
  #changed: () => void = () => {}

  constructor(server: MockResponsesServer) {
    this.socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.on('data', (chunk) => this.#see(() => (this.#text += chunk.toString('latin1'))))
    this.socket.on('end', () => this.#see(() => (this.#end = 'fin')))
    this.socket.on('error', () => this.#see(() => (this.#end = 'reset')))
  }

  /** Chunks of the body; a server makes one of each write. */
  get httpChunks(): number {
    return [...this.#text.matchAll(CHUNK_HEAD)].length
  }

  get sight(): Sight {
    const body = this.#text.replaceAll(CHUNK_HEAD, '')
    return { events: [...body.matchAll(/^data: .*\n\n/gm)].length, end: this.#end }
  }

  send(json: object): void {
    const body = JSON.stringify(json)
    const head = ['POST /v1/responses HTTP/1.1', 'host: a', 'content-type: application/json']
    this.socket.write(`${head.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }

  async until(seen: (sight: Sight) => boolean): Promise<void> {
    while (!seen(this.sight)) await new Promise<void>((resolve) => (this.#changed = resolve))
  }

  #see(act: () => void): void {
    act()
    this.#changed()
  }
}
