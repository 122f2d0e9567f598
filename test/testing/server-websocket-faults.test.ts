import { describe, expect, it } from 'vitest'
import { type Fault, MockResponsesServer } from '../../src/testing/server.ts'
import { type JsonObject, textStream } from '../../src/testing/streams.ts'
import { SELF_SIGNED } from './self-signed.ts'
import { SocketClient } from './support/socket-client.ts'
import { withServer } from './support/with-server.ts'

const EVENTS = 12

/** What a plain client sees: events, and how it ended. */
interface Sight {
  readonly events: number
  /** A close code; 1006 where no close frame came. */
  readonly closed: number
  /** What ended it beside. */
  readonly error?: string
}

describe('faults of an upgrade', () => {
  it.each([
    ['any status, with headers and body', { status: 426, headers: { 'x-why': 'old' }, body: 'no' }, 'no'],
    ['an error that fits the status', { status: 503, headers: { 'retry-after': '3' } }, '"server_is_overloaded"'],
    ['a page', { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, '<html>'],
  ])('refuses it with %s', (_, answer, words) =>
    withServer({}, async (server) => {
      server.script([{ at: 'upgrade', effect: 'status', ...answer }, 'ok'])
      using refused = new SocketClient(server)
      await refused.until((client) => client.refused !== undefined)
      expect(refused.refused).toMatchObject({ status: answer.status, headers: answer.headers ?? {} })
      expect(refused.refused?.text).toContain(words)
      expect(server.sockets[0]).toMatchObject({ status: answer.status, open: false })
      expect(server.stats.sockets.refused).toBe(1)
      using client = await SocketClient.open(server)
      expect(await client.ask()).toHaveLength(EVENTS)
      server.assertConsumed()
    }),
  )

  it.each([
    ['plain', {}],
    ['TLS', { tls: SELF_SIGNED }],
  ])('leaves it unanswered until released, or half answered, over %s', (_, options) =>
    withServer(options, async (server) => {
      server.script([
        [
          { at: 'upgrade', effect: 'stall' },
          { at: 'before_event', event: 1, effect: 'close', code: 1012 },
        ],
        { at: 'inside_upgrade', effect: 'stall' },
        { at: 'inside_upgrade', effect: 'reset' },
        'ok',
      ])
      using late = new SocketClient(server)
      await server.waitFor('fault')
      expect(server.sockets[0]).toMatchObject({ status: undefined, open: false })
      expect(server.release()).toBe(1)
      await late.until(({ headers }) => headers !== undefined)
      late.create()
      await late.until(({ closed }) => closed !== undefined)
      expect([late.messages.length, late.closed?.code]).toEqual([1, 1012])

      using half = new SocketClient(server)
      await server.waitFor('fault', 3)
      expect(half.headers).toBeUndefined()
      server.release()
      await half.until(({ headers }) => headers !== undefined)
      using reset = new SocketClient(server)
      await reset.until(({ error }) => error !== undefined)
      expect(reset.error?.code).toBe('ECONNRESET')
      // The upgraded half is still good for a request.
      expect(await half.ask()).toHaveLength(EVENTS)
      server.assertConsumed()
    }),
  )

  it('notices that a client leaves while it waits for its upgrade', async () => {
    for (const at of ['upgrade', 'inside_upgrade', 'upgraded'] as const) {
      await withServer({ faults: [{ at, effect: 'stall' }] }, async (server) => {
        const client = new SocketClient(server)
        await server.waitFor('fault')
        client.ws.terminate()
        if (at === 'upgraded') return
        expect(await server.waitFor('socket_closed')).toMatchObject({ open: false, closeCode: undefined })
        expect(server.connections[0]?.closedBy).toBe('client')
      })
    }
  })

  it('strikes an opened WebSocket before its requests: reads nothing, speaks first, closes', () =>
    withServer({ respond: () => textStream() }, async (server) => {
      server.script([
        { at: 'upgraded', effect: 'stall' },
        { at: 'upgraded', effect: 'event', events: [{ type: 'codex.rate_limits' }] },
        { at: 'upgraded', effect: 'close', code: 1013, reason: 'try later' },
        'ok',
      ])
      using deaf = await SocketClient.open(server)
      deaf.create({ input: 'x'.repeat(15_000_000) })
      await server.waitFor('fault')
      expect(server.requests).toHaveLength(0)
      server.release()
      await server.waitFor('request_end')
      using early = await SocketClient.open(server)
      await early.until(({ messages }) => messages.length === 1)
      expect(early.types).toEqual(['codex.rate_limits'])
      using closed = await SocketClient.open(server)
      await closed.until((client) => client.closed !== undefined)
      expect(closed.closed).toEqual({ code: 1013, reason: 'try later' })
      server.assertConsumed()
    }))
})

describe('faults of a request on a WebSocket', () => {
  const cases: Array<[Fault, Sight]> = []
  for (const [point, events] of [
    [{ at: 'request_body' }, 0],
    [{ at: 'headers' }, 0],
    [{ at: 'before_event', event: 2 }, 2],
    [{ at: 'inside_event', event: 2 }, 2],
    [{ at: 'after_terminal' }, EVENTS],
    [{ at: 'after_response' }, EVENTS],
  ] as const) {
    cases.push(
      [{ ...point, effect: 'reset' } as Fault, { events, closed: 1006, error: 'reset' }],
      [{ ...point, effect: 'half_close' } as Fault, { events, closed: 1006 }],
      [{ ...point, effect: 'eof' } as Fault, { events, closed: 1006 }],
    )
    if (point.at === 'inside_event') continue
    cases.push(
      [{ ...point, effect: 'garbage' } as Fault, { events, closed: 1006, error: 'WS_ERR_INVALID_OPCODE' }],
      [{ ...point, effect: 'close', code: 1011 } as Fault, { events, closed: 1011 }],
      [{ ...point, effect: 'connection_limit', as: 'close' } as Fault, { events, closed: 1001 }],
      [{ ...point, effect: 'connection_limit', as: 'error' } as Fault, { events: events + 1, closed: 1001 }],
    )
  }

  it.each(cases)('%o gives %o', (fault, { events, closed, error }) =>
    withServer({}, async (server) => {
      server.script([fault])
      using client = await SocketClient.open(server)
      client.create()
      await client.until((each) => each.closed !== undefined)
      expect({
        events: client.messages.length,
        closed: client.closed?.code,
        error: client.isReset ? 'reset' : client.error?.code,
      }).toEqual({
        events,
        closed,
        error,
      })
      await server.waitFor('socket_closed')
      expect(server.requests[0]?.outcome).toBe(fault.at === 'after_response' ? 'complete' : 'cut')
      server.assertConsumed()
    }),
  )

  it('stalls at any point, and continues when released', () =>
    withServer({}, async (server) => {
      const points = [
        { at: 'request_body' },
        { at: 'headers' },
        { at: 'before_event', event: 1 },
        { at: 'inside_event', event: 1 },
        { at: 'after_terminal' },
      ] as const
      server.script(points.map((point) => ({ ...point, effect: 'stall' }) as Fault))
      using client = await SocketClient.open(server)
      for (const [index, { at }] of points.entries()) {
        const seen = { request_body: 0, headers: 0, before_event: 1, inside_event: 1, after_terminal: EVENTS }[at]
        client.create()
        await server.waitFor('fault', index + 1)
        await client.until(({ messages }) => messages.length === index * EVENTS + seen)
        server.release()
        await server.waitFor('request_end', index + 1)
        await client.until(({ messages }) => messages.length === (index + 1) * EVENTS)
      }
      server.assertConsumed()
    }))

  it('answers a ping at the end of a frame that was cut inside', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'inside_event', event: 2, effect: 'stall' }])
      using client = await SocketClient.open(server)
      client.create()
      await server.waitFor('fault')
      client.ws.ping('now')
      await server.waitFor('ping')
      server.release()
      await client.until(({ messages, pongs }) => messages.length === EVENTS && pongs.length === 1)
      expect(client.error).toBeUndefined()
    }))

  it('is refused with a status by an error message with the headers', () =>
    withServer({}, async (server) => {
      server.script([
        { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after': '2' } },
        { at: 'request_body', effect: 'status', status: 502, body: 'Bad gateway' },
        'ok',
      ])
      using client = await SocketClient.open(server)
      expect(await client.ask()).toEqual([
        {
          type: 'error',
          status: 429,
          error: expect.objectContaining({ code: 'rate_limit_exceeded', headers: { 'retry-after': '2' } }),
        },
      ])
      expect(await client.ask()).toMatchObject([{ status: 502, error: { message: 'Bad gateway' } }])
      expect(await client.ask()).toHaveLength(EVENTS)
      expect(server.requests.map(({ status, outcome }) => [status, outcome]).slice(0, 2)).toEqual([
        [429, 'complete'],
        [502, 'complete'],
      ])
      server.assertConsumed()
    }))

  it('answers no further ping from a point on, and otherwise continues', () =>
    withServer({}, async (server) => {
      server.script([{ at: 'before_event', event: 1, effect: 'no_pongs' }])
      using client = await SocketClient.open(server)
      client.ws.ping()
      await client.until(({ pongs }) => pongs.length === 1)
      await client.ask()
      client.ws.ping()
      await server.waitFor('ping', ({ receivedPings }) => receivedPings === 2)
      expect(await client.ask()).toHaveLength(EVENTS)
      expect(client.pongs).toHaveLength(1)
      expect(server.sockets[0]).toMatchObject({ receivedPings: 2, sentPongs: 1 })
    }))

  it('sends additional events and raw text messages', () =>
    withServer({}, async (server) => {
      const events = [{ type: 'keepalive' }, { type: 'response.steer.accepted' }]
      server.script([{ at: 'before_event', event: 1, effect: 'event', events, raw: '{"type":' }])
      using client = await SocketClient.open(server)
      client.create({ stream_id: 'a' })
      await client.until(({ messages }) => messages.length === EVENTS + 3)
      const texts = client.messages.map(({ text }) => text)
      expect(texts.slice(1, 4)).toEqual([
        '{"type":"keepalive","stream_id":"a"}',
        '{"type":"response.steer.accepted","stream_id":"a"}',
        '{"type":',
      ])
      expect(server.requests[0]?.sentEvents).toBe(EVENTS)
    }))

  it('sends late events of the previous response, and events under another id', () =>
    withServer({}, async (server) => {
      server.script([
        'ok',
        { at: 'before_event', event: 0, effect: 'earlier_events' },
        { at: 'headers', effect: 'earlier_events', from: -5, to: -3 },
        { at: 'before_event', event: 1, effect: 'other_response', id: 'resp_x' },
      ])
      using client = await SocketClient.open(server)
      const first = await client.ask()
      expect((await client.ask())[0]).toEqual(first.at(-1))
      await client.until(({ messages }) => messages.length === 2 * EVENTS + 1)
      const second = client.events.slice(-EVENTS)
      const third = await client.ask()
      expect(third.slice(0, 2)).toEqual(second.slice(-5, -3))
      expect(third).toHaveLength(EVENTS + 2)
      const ids = (await client.ask()).map(({ response }) => (response as JsonObject | undefined)?.id).filter(Boolean)
      expect(ids).toEqual(['resp_mock_4', 'resp_x', 'resp_x'])
      server.assertConsumed()
    }))

  it('gives events another id over HTTP, too, and refuses effects that exist only on a WebSocket', () =>
    withServer({}, async (server) => {
      server.script([
        { at: 'headers', effect: 'other_response' },
        { at: 'headers', effect: 'no_pongs' },
      ])
      const ask = async () =>
        await (
          await fetch(`${server.baseURL}/responses`, {
            method: 'POST',
            headers: { connection: 'close' },
            body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
          })
        ).text()
      expect((await ask()).match(/"id":"resp_mock_other"/g)).toHaveLength(3)
      await ask()
      expect(() => server.assertConsumed()).toThrow(
        'script 1, entry 2 (headers: no_pongs): request 2 took it, but came over HTTP',
      )
    }))

  it('draws standing faults of WebSockets separately', () =>
    withServer(
      { seed: 3, faults: [{ at: 'upgrade', effect: 'status', status: 503, probability: 0.5 }] },
      async (server) => {
        for (let n = 0; n < 20; n++) {
          using client = new SocketClient(server)
          await client.until(({ refused, headers }) => refused !== undefined || headers !== undefined)
        }
        const refused = server.sockets.map(({ status }) => status === 503)
        expect(refused.filter(Boolean).length).toBeGreaterThan(4)
        expect(refused.filter(Boolean).length).toBeLessThan(16)
      },
    ))
})

describe('frames', () => {
  const DELTA = { type: 'response.output_text.delta', delta: 'Grüße 🎉' }
  const respond = () => [textStream()[0], DELTA, textStream().at(-1)] as JsonObject[]

  it.each([
    ['fragmented', {}],
    ['pings', { pings: ['between', 'between'] }],
    ['binary', { binary: true }],
  ] as const)(
    'come %s: the same event',
    (as, { pings = [], binary = false }: { pings?: readonly string[]; binary?: boolean }) =>
      withServer({ respond }, async (server) => {
        server.script([
          { at: 'before_event', event: 1, effect: 'frame', as },
          { at: 'headers', effect: 'frame', as },
        ])
        using client = await SocketClient.open(server)
        const [, delta] = await client.ask()
        expect(delta).toEqual(DELTA)
        expect(client.pings).toEqual(pings)
        expect(client.messages.map((message) => message.binary)).toEqual([false, binary, false])
        expect(await client.ask()).toHaveLength(3)
        expect(client.messages.slice(3).every((message) => message.binary === binary)).toBe(true)
        expect(client.pings).toHaveLength(4 * pings.length)
        server.assertConsumed()
      }),
  )

  it('can be giant: padded with blanks', () =>
    withServer({ respond }, async (server) => {
      server.script([{ at: 'before_event', event: 1, effect: 'frame', as: 'giant' }])
      using client = await SocketClient.open(server)
      expect((await client.ask())[1]).toEqual(DELTA)
      expect(client.messages[1]?.text).toHaveLength(
        20 * 1024 * 1024 - Buffer.byteLength('Grüße 🎉') + 'Grüße 🎉'.length,
      )
    }))

  it.each([
    ['compressed', {}, 'WS_ERR_UNEXPECTED_RSV_1', 1002],
    ['invalid_utf8', {}, 'WS_ERR_INVALID_UTF8', 1007],
  ] as const)('come %s: a breach of the protocol', (as, options, error, code) =>
    withServer({ respond }, async (server) => {
      server.script([{ at: 'before_event', event: 1, effect: 'frame', as }])
      using client = await SocketClient.open(server, options)
      client.create()
      await client.until(({ closed }) => closed !== undefined)
      expect([client.messages.length, client.error?.code]).toEqual([1, error])
      expect(await server.waitFor('socket_closed')).toMatchObject({ closeCode: code })
    }),
  )

  it('can be invalid UTF-8: the same event with an additional field, readable for a lenient client', () =>
    withServer({ respond }, async (server) => {
      server.script([{ at: 'before_event', event: 1, effect: 'frame', as: 'invalid_utf8' }])
      using client = await SocketClient.open(server, { skipUTF8Validation: true })
      expect((await client.ask())[1]).toEqual({ ...DELTA, mock_text: '\ufffd\ufffd\ufffd' })
    }))
})

describe('commands for open WebSockets', () => {
  it('close, expire, send to and drop all or some between two requests', () =>
    withServer({}, async (server) => {
      using one = await SocketClient.open(server, { headers: { 'x-who': 'one' } })
      using two = await SocketClient.open(server, { headers: { 'x-who': 'two' } })
      using three = await SocketClient.open(server)
      expect(server.sendToSockets([{ type: 'codex.rate_limits' }])).toBe(3)
      await one.until(({ messages }) => messages.length === 1)
      expect(server.closeSockets(1012, ({ headers }) => headers['x-who'] === 'one')).toBe(1)
      await one.until(({ closed }) => closed !== undefined)
      expect(one.closed?.code).toBe(1012)
      await server.waitFor('socket_closed')
      expect(server.expireSockets('error', ({ headers }) => headers['x-who'] === 'two')).toBe(1)
      await two.until(({ closed }) => closed !== undefined)
      expect(two.events.at(-1)).toMatchObject({ error: { code: 'websocket_connection_limit_reached' } })
      server.dropConnections('reset')
      await three.until(({ closed }) => closed !== undefined)
      expect(three.isReset).toBe(true)
      await server.waitFor('socket_closed', 3)
      expect(server.stats.sockets).toMatchObject({ total: 3, open: 0 })
    }))

  it('lead to no further request after the close frame of the server', () =>
    withServer({}, async (server) => {
      server.script(['ok'])
      using client = await SocketClient.open(server)
      server.closeSockets()
      client.create()
      await client.until(({ closed }) => closed !== undefined)
      expect(await server.waitFor('socket_closed')).toMatchObject({ receivedMessages: 1, closeCode: 1001 })
      expect(server.requests).toHaveLength(0)
      using next = await SocketClient.open(server)
      expect(await next.ask()).toHaveLength(EVENTS)
      server.assertConsumed()
    }))

  it('are not needed at the end: server.close() ends all, even pending upgrades and waiting requests', async () => {
    const server = await MockResponsesServer.start()
    server.script([
      { at: 'headers', effect: 'stall' },
      { at: 'upgrade', effect: 'stall' },
    ])
    using client = await SocketClient.open(server)
    client.create()
    client.create()
    await server.waitFor('request', 2)
    await server.waitFor('fault')
    using waiting = new SocketClient(server)
    await server.waitFor('fault', 2)
    await server.close()
    await client.until(({ closed }) => closed !== undefined)
    await waiting.until(({ closed }) => closed !== undefined)
    expect(server.requests.map(({ outcome }) => outcome)).toEqual(['server_closed', 'server_closed'])
    expect(server.stats).toMatchObject({ connections: { open: 0 }, sockets: { open: 0 }, requests: { pending: 0 } })
  })

  it('report the error of a function of the user', () =>
    withServer({ respond: () => Promise.reject(new Error('no idea')) }, async (server) => {
      using client = await SocketClient.open(server)
      client.create()
      await client.until(({ events }) => events.length === 1)
      expect(client.events[0]).toMatchObject({ type: 'error', status: 500, error: { code: 'mock_server_failed' } })
      expect(() => server.assertConsumed()).toThrow('no idea')
    }))
})
