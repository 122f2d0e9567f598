import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { textStream, VirtualClock } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { turns, until } from '../support/until.ts'
import { refusedUpgrade, TestSocket, user } from './support/client-socket.ts'
import { ask, JSON_HEADERS, stream } from './support/requests.ts'
import { withSidecar } from './support/scene.ts'

const WEB_SOCKET = { webSocket: true } as const

const refused = (status: number, code: string, headers = {}): Fault => ({
  at: 'headers',
  effect: 'status',
  status,
  headers,
  body: { error: { code, message: `refused: ${code}`, type: 'some_type', param: null, resets_in_seconds: 7 } },
})

/** Time stands still, but input arrives. */
function clockOfSockets(): VirtualClock {
  const clock = new VirtualClock()
  clock.afterIO = (callback) => systemClock.afterIO(callback)
  return clock
}

const failedWith = (code: string) => ({
  type: 'response.failed',
  sequence_number: 0,
  response: { id: 'resp_mock_1', object: 'response', status: 'failed', error: { code, message: 'no' }, output: [] },
})

describe('a WebSocket to the sidecar', () => {
  it('carries each request over one WebSocket of the upstream, with the headers of the upgrade', () =>
    withSidecar(
      { ...WEB_SOCKET, token: 'token-of-the-sidecar', maxBodyBytes: 4096 },
      async ({ sidecar, upstream, told }) => {
        const headers = {
          'x-sidecar-token': 'token-of-the-sidecar',
          'session-id': 'session-1',
          'openai-beta': 'responses_websockets=2026-02-06',
        }
        const client = await TestSocket.open(sidecar, { headers, path: '/v1/responses?api-version=1' })
        expect(client.headers['x-codex-websocket-max-message-bytes']).toBe('4096')
        expect(client.headers['sec-websocket-extensions']).toBeUndefined()
        client.create({ field_of_tomorrow: { a: 1 } })
        await client.next('response.created')
        await client.next('response.output_text.delta')
        await client.next('response.completed')
        expect(upstream.requests).toHaveLength(1)
        expect(upstream.requests[0]).toMatchObject({ transport: 'websocket', path: '/v1/responses' })
        expect(upstream.requests[0]?.json).toMatchObject({ type: 'response.create', field_of_tomorrow: { a: 1 } })
        const [socket] = upstream.sockets
        expect(socket?.query.get('api-version')).toBe('1')
        expect(socket?.headers).toMatchObject({
          authorization: 'Bearer key-of-the-client',
          'session-id': 'session-1',
          'openai-beta': 'responses_websockets=2026-02-06',
        })
        expect(JSON.stringify(socket?.headers)).not.toContain('token-of-the-sidecar')
        await until(() => told.length === 1, 'the call is logged')
        expect(told[0]).toMatchObject({
          method: 'WEBSOCKET',
          path: '/v1/responses',
          model: 'gpt-5.2',
          status: 200,
          outcome: 'completed',
          attempts: 1,
        })
        await client.close()
      },
    ))

  it('sends its own key, and takes requests that say nothing of stream', () =>
    withSidecar({ ...WEB_SOCKET, apiKey: 'key-of-the-sidecar' }, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      for (const streams of [undefined, false, null]) {
        await client.turn({ stream: streams })
        expect(upstream.requests.at(-1)?.json).toMatchObject({ stream: true })
      }
      expect(upstream.sockets[0]?.headers.authorization).toBe('Bearer key-of-the-sidecar')
      await client.close()
    }))

  it('passes the bytes of the message on, but for what a WebSocket implies', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      client.send('{"type":"response.create", "model" : "m","input":"\\u00e9", "store":false,"stream":true,"n":1.0}')
      await client.next('response.completed')
      expect(String(upstream.requests[0]?.body)).toBe(
        '{"type":"response.create", "model" : "m","input":"\\u00e9", "store":false,"stream":true,"n":1.0}',
      )
      await client.close()
    }))

  it('changes no number where the type of a message is not its first field', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      client.send('{"model":"m","input":"hi","n":9007199254740993,"type":"response.create","stream":false}')
      await client.next('response.completed')
      expect(String(upstream.requests[0]?.body)).toBe('{"model":"m","input":"hi","n":9007199254740993,"stream":true}')
      await client.close()
    }))

  it('has one WebSocket to the upstream, for continuations and for whole requests', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const [client, other] = [await TestSocket.open(sidecar), await TestSocket.open(sidecar)]
      let id = await client.turn()
      const idOfOther = await other.turn()
      for (let n = 0; n < 3; n++) id = await client.turn({ previous_response_id: id, input: [user(`turn ${n}`)] })
      await client.turn({ input: [user('something else')] })
      await other.turn({ previous_response_id: idOfOther, input: [user('and?')] })
      expect(upstream.requests.map(({ socketNumber }) => socketNumber)).toEqual([1, 2, 1, 1, 1, 1, 2])
      expect(sidecar.stats()).toMatchObject({ sockets: 2, connections: 2 })
      await client.close()
      await until(() => sidecar.stats().connections === 1, 'the WebSocket of the client that left is closed')
      await other.close()
    }))

  it('answers requests one after the other', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      for (let n = 0; n < 4; n++) client.create({ input: [user(`request ${n}`)] })
      const ids: unknown[] = []
      for (let n = 0; n < 4; n++) ids.push(((await client.next('response.completed')).response as { id: string }).id)
      expect(ids).toEqual(upstream.requests.map(({ number }) => `resp_mock_${number}`))
      expect(upstream.sockets).toHaveLength(1)
      await client.close()
    }))

  it('repeats a request whose answer did not begin', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream, told }) => {
      upstream.script([
        { at: 'headers', effect: 'reset' },
        { at: 'before_event', event: 1, effect: 'close', code: 1011 },
        refused(503, 'server_is_overloaded', { 'retry-after-ms': '1' }),
        'ok',
      ])
      const client = await TestSocket.open(sidecar)
      await client.turn()
      expect(client.messages.filter(({ type }) => type === 'response.created')).toHaveLength(1)
      expect(client.messages.map(({ type }) => type)).not.toContain('error')
      await until(() => told.length === 1, 'the call is logged')
      expect(told[0]?.attempts).toBe(upstream.requests.length)
      await client.close()
    }))
})

describe('a response that only a lost WebSocket of the upstream knew', () => {
  it('is not found, and the next whole request works on the same WebSocket of the client', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      const id = await client.turn()
      upstream.closeSockets()
      await until(() => sidecar.stats().connections === 0, 'the WebSocket to the upstream is gone')
      client.create({ previous_response_id: id })
      expect(await client.next('error')).toMatchObject({
        status: 400,
        error: { code: 'previous_response_not_found', type: 'invalid_request_error' },
      })
      expect(upstream.requests).toHaveLength(1)
      await client.turn()
      await client.close()
    }))

  it('is not found where the WebSocket dies during the continuation, which is not repeated', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      const id = await client.turn()
      upstream.script([{ at: 'headers', effect: 'reset' }])
      client.create({ previous_response_id: id })
      expect(await client.next('error')).toMatchObject({ error: { code: 'previous_response_not_found' } })
      expect(upstream.requests).toHaveLength(2)
      await client.close()
    }))

  it("is passed on as the upstream's own word where it is that", () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      client.create({ previous_response_id: 'resp_of_another_day' })
      expect(await client.next('error')).toMatchObject({ status: 400, error: { code: 'previous_response_not_found' } })
      expect(upstream.requests).toHaveLength(1)
      await client.close()
    }))
})

describe('a request on a WebSocket that fails', () => {
  it('gets the refusal of the upstream, with its headers', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      upstream.script([refused(429, 'usage_limit_reached', { 'x-codex-primary-used-percent': '100' })])
      const client = await TestSocket.open(sidecar)
      client.create()
      const error = await client.next('error')
      expect(error).toMatchObject({
        status: 429,
        error: { code: 'usage_limit_reached', type: 'some_type', resets_in_seconds: 7 },
        headers: { 'x-codex-primary-used-percent': '100' },
      })
      expect(Object.keys(error.headers as object)).not.toContain('retry-after')
      await client.turn()
      await client.close()
    }))

  it('is told the cause where the upstream is not there, and when to come back', () =>
    withSidecar({ ...WEB_SOCKET, maxRetries: 0 }, async ({ sidecar, upstream, told }) => {
      upstream.refuseConnections()
      const client = await TestSocket.open(sidecar)
      client.create()
      const error = await client.next('error')
      expect(error).toMatchObject({ status: 502, error: { code: 'upstream_unavailable', type: 'server_error' } })
      expect((error.error as { message: string }).message).toContain('connection_refused')
      expect(Number((error.headers as { 'retry-after': string })['retry-after'])).toBeGreaterThanOrEqual(5)
      await until(() => told.length === 1, 'the call is logged')
      expect(told[0]).toMatchObject({ outcome: 'interrupted', status: 502, code: 'upstream_unavailable' })
      await upstream.acceptConnections()
      await client.close()
    }))

  it.each([
    ['server_is_overloaded', 503],
    ['rate_limit_exceeded', 429],
  ])('gets the status that %s means, where it came as an event', (code, status) =>
    withSidecar({ ...WEB_SOCKET, maxRetries: 0 }, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'before_event', event: 1, effect: 'event', events: [failedWith(code)] }])
      const client = await TestSocket.open(sidecar)
      client.create()
      expect(await client.next('error')).toMatchObject({
        status,
        error: { code },
        headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
      })
      await client.close()
    }),
  )

  it('after output ends the WebSocket, so that a part is not taken for the whole', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream, told }) => {
      upstream.script([{ at: 'before_event', event: 6, effect: 'reset' }])
      const client = await TestSocket.open(sidecar)
      client.create()
      expect(await client.closed).toBe(1011)
      expect(client.messages.map(({ type }) => type)).toContain('response.output_text.delta')
      await until(() => told.length === 1, 'the call is logged')
      expect(told[0]).toMatchObject({ outcome: 'interrupted', code: 'connection_reset' })
    }))

  it('after output ends with an error message, where streamFailure says so', () =>
    withSidecar({ ...WEB_SOCKET, streamFailure: 'sse_error' }, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'before_event', event: 6, effect: 'reset' }])
      const client = await TestSocket.open(sidecar)
      client.create()
      await client.next('error')
      await client.turn()
      await client.close()
    }))

  it.each([
    ['not JSON', 'invalid_message'],
    ['[1]', 'invalid_message'],
    [{ type: 'response.steer', previous_response_id: 'resp_1', input: [] }, 'invalid_message'],
    [{ type: 'response.create', stream_id: 'a', model: 'm', input: 'x' }, 'invalid_stream_id'],
  ])('is refused where the sidecar cannot carry it: %j', (message, code) =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream, told }) => {
      const client = await TestSocket.open(sidecar)
      client.send(message)
      expect(await client.next('error')).toMatchObject({ status: 400, error: { code } })
      await client.turn()
      expect(upstream.requests).toHaveLength(1)
      expect(told[0]).toMatchObject({ outcome: 'refused', code })
      await client.close()
    }),
  )
})

describe('a prewarm (generate: false)', () => {
  const PREWARM = { generate: false, input: [user('the context')], instructions: 'Be brief.' } as const

  it('is answered by the upstream, and its id can be continued', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      const id = await client.turn(PREWARM)
      expect(id).toBe('resp_mock_1')
      await client.turn({ previous_response_id: id, input: [user('go')] })
      expect(
        upstream.requests.map(({ json }) => (json as { previous_response_id?: string }).previous_response_id),
      ).toEqual([undefined, id])
      await client.close()
    }))

  it('that is not answered within 5 s gets an id of the sidecar, and what continues it is sent whole', async () => {
    const clock = clockOfSockets()
    await withSidecar({ ...WEB_SOCKET, clock, keepalive: 'off' }, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'headers', effect: 'stall' }, 'ok', 'ok'])
      const client = await TestSocket.open(sidecar)
      client.create(PREWARM)
      await upstream.waitFor('fault')
      await clock.advance(4999)
      await turns(20)
      expect(client.messages).toHaveLength(0)
      await clock.advance(1)
      expect(await client.next('response.created')).toMatchObject({ response: { status: 'in_progress' } })
      const completed = await client.next('response.completed')
      const { id } = completed.response as { id: string }
      expect(id).toMatch(/^resp_local_/)
      expect(sidecar.stats().bufferedBytes).toBeGreaterThan(0)
      const next = await client.turn({ previous_response_id: id, input: [user('go')], instructions: 'Be brief.' })
      expect(upstream.requests).toHaveLength(2)
      const { json } = upstream.requests[1] as { json: Record<string, unknown> }
      expect(json).toMatchObject({ input: [user('the context'), user('go')], instructions: 'Be brief.' })
      expect(json).not.toHaveProperty('previous_response_id')
      expect(json).not.toHaveProperty('generate')
      await client.turn({ previous_response_id: next, input: [user('on')] })
      await client.close()
    })
  })

  it('that the upstream refuses or loses gets an id of the sidecar: the request that follows will tell', () =>
    withSidecar({ ...WEB_SOCKET, maxRetries: 0 }, async ({ sidecar, upstream }) => {
      upstream.script([refused(500, 'server_error'), 'ok'])
      const client = await TestSocket.open(sidecar)
      const id = await client.turn(PREWARM)
      expect(id).toMatch(/^resp_local_/)
      client.send(
        `{"type":"response.create","model":"gpt-5.2","previous_response_id":"${id}","input":"go","n":9007199254740993}`,
      )
      await client.next('response.completed')
      expect(upstream.requests[1]?.json).toMatchObject({
        input: [user('the context'), { type: 'message', role: 'user', content: 'go' }],
      })
      expect(String(upstream.requests[1]?.body)).toContain('9007199254740993')
      await client.close()
    }))

  it('is not sent over HTTP where the upstream refuses the upgrade for it', () =>
    withSidecar({ ...WEB_SOCKET, server: { webSocket: false } }, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      expect(await client.turn(PREWARM)).toMatch(/^resp_local_/)
      expect(upstream.requests).toHaveLength(0)
      await client.close()
    }))

  it('is not sent over HTTP, where it would be a request', () =>
    withSidecar({ ...WEB_SOCKET, server: { webSocket: false } }, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      await client.turn()
      const id = await client.turn(PREWARM)
      await client.turn({ previous_response_id: id, input: [user('go')] })
      expect(upstream.requests.map(({ transport }) => transport)).toEqual(['http', 'http'])
      expect(upstream.requests[1]?.json).toMatchObject({ input: [user('the context'), user('go')] })
      await client.close()
    }))
})

describe('signs of life on a WebSocket', () => {
  it.each(['data', 'comment'] as const)('come after silence, and no sooner: %s', async (keepalive) => {
    const clock = clockOfSockets()
    await withSidecar({ ...WEB_SOCKET, clock, keepalive }, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'headers', effect: 'stall' }])
      const client = await TestSocket.open(sidecar)
      let pings = 0
      client.ws.on('ping', () => pings++)
      const seen = () => pings + client.messages.filter(({ type }) => type === 'keepalive').length
      client.create()
      await upstream.waitFor('fault')
      await clock.advance(14_999)
      await turns(20)
      expect(seen()).toBe(0)
      await clock.advance(1)
      await until(() => seen() === 1, 'a sign of life')
      await clock.advance(15_000)
      await until(() => seen() === 2, 'another one')
      expect(pings).toBe(keepalive === 'data' ? 0 : 2)
      upstream.release()
      await client.next('response.completed')
      await clock.advance(60_000)
      await turns(20)
      expect(seen()).toBe(2)
      await client.close()
    })
  })

  it('are the answers to pings', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar }) => {
      const client = await TestSocket.open(sidecar)
      const pong = new Promise((resolve) => client.ws.once('pong', resolve))
      client.ws.ping('are you there')
      expect(String(await pong)).toBe('are you there')
      await client.close()
    }))
})

describe('a client that leaves its WebSocket', () => {
  const points: readonly (readonly [string, Fault])[] = [
    ['while the upstream has not upgraded', { at: 'upgrade', effect: 'stall' }],
    ['before the first event', { at: 'headers', effect: 'stall' }],
    ['in the prelude', { at: 'before_event', event: 2, effect: 'stall' }],
    ['during output', { at: 'before_event', event: 6, effect: 'stall' }],
  ]
  for (const [when, fault] of points) {
    for (const how of ['close', 'terminate'] as const) {
      it(`frees the upstream within 100 ms: ${when}, ${how}`, () =>
        withSidecar(WEB_SOCKET, async ({ sidecar, upstream, told }) => {
          // A busy machine may take longer than the sidecar does, but not again and again.
          let took = Infinity
          for (let times = 1; times <= 5 && took >= 100; times++) {
            upstream.script([fault])
            const client = await TestSocket.open(sidecar)
            client.create()
            await until(() => upstream.appliedFaults.length === times, 'the fault')
            client.ws[how]()
            const leftAt = systemClock.now()
            await until(() => upstream.connections.every(({ open }) => !open), 'the connection to be closed')
            took = systemClock.now() - leftAt
            await until(() => told.length === times, 'the call is logged')
            expect(told.at(-1)).toMatchObject({ outcome: 'left' })
          }
          expect(took).toBeLessThan(100)
        }))
    }
  }

  it('frees the upstream between two responses, and what waits is never sent', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      await client.turn()
      client.ws.terminate()
      await upstream.waitFor('socket_closed')
      upstream.script([{ at: 'before_event', event: 3, effect: 'stall' }])
      const other = await TestSocket.open(sidecar)
      for (let n = 0; n < 3; n++) other.create()
      await upstream.waitFor('fault')
      await turns(20)
      other.ws.terminate()
      await until(() => sidecar.stats().clients === 0, 'the client is gone')
      expect(upstream.requests).toHaveLength(2)
    }))
})

describe('the bounds of a WebSocket', () => {
  it('end it at a message above maxBodyBytes, with 1009', () =>
    withSidecar({ ...WEB_SOCKET, maxBodyBytes: 2000 }, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      client.create({ input: 'x'.repeat(2000) })
      expect(await client.closed).toBe(1009)
      expect(upstream.requests).toHaveLength(0)
    }))

  it('end it where the memory for requests is full, with 1013, before the message is complete', () =>
    withSidecar({ ...WEB_SOCKET, maxBodyBytes: 100_000, maxBufferedBytes: 150_000 }, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'headers', effect: 'stall' }])
      const [first, second] = [await TestSocket.open(sidecar), await TestSocket.open(sidecar)]
      first.create({ input: 'x'.repeat(90_000) })
      await upstream.waitFor('fault')
      expect(sidecar.stats().bufferedBytes).toBeGreaterThan(90_000)
      second.ws.send('x'.repeat(90_000), { fin: false })
      expect(await second.closed).toBe(1013)
      upstream.release()
      await first.next('response.completed')
      await until(() => sidecar.stats().bufferedBytes === 0, 'nothing is held')
      await first.close()
    }))

  it('end it at the 18th request while one is under way, with 1008', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      upstream.script([{ at: 'headers', effect: 'stall' }])
      const client = await TestSocket.open(sidecar)
      for (let n = 0; n < 18; n++) client.create()
      expect(await client.closed).toBe(1008)
    }))

  it('stop reading from the upstream while the client does not read', () =>
    withSidecar(
      { ...WEB_SOCKET, server: { respond: () => textStream({ deltas: Array(200).fill('x'.repeat(100_000)) }) } },
      async ({ sidecar, upstream }) => {
        const client = await TestSocket.open(sidecar)
        client.create()
        await client.next('response.created')
        client.ws.pause()
        let before = -1
        await until(() => {
          const sent = upstream.requests[0]?.sentEvents ?? 0
          const isStill = sent === before
          before = sent
          return isStill && sent > 10
        }, 'the upstream to wait')
        expect(upstream.requests[0]?.outcome).toBe('pending')
        const stoodAt = upstream.requests[0]?.sentEvents ?? 0
        client.ws.resume()
        await until(() => (upstream.requests[0]?.sentEvents ?? 0) > stoodAt, 'the upstream to go on')
        // The rest is long, and says nothing more.
        client.ws.terminate()
      },
    ))
})

describe('the end of a sidecar with WebSockets', () => {
  it('sends idle clients away with 1001 at once, others after their response, and takes no new ones', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const idle = await TestSocket.open(sidecar)
      await idle.turn()
      const busy = await TestSocket.open(sidecar)
      upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
      busy.create()
      busy.create()
      await upstream.waitFor('fault')
      const closed = sidecar.close()
      expect(await idle.closed).toBe(1001)
      const answer = await refusedUpgrade(sidecar)
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
      expect(answer.body).toContain('sidecar_draining')
      upstream.release()
      await busy.next('response.completed')
      expect(await busy.closed).toBe(1001)
      await closed
      expect(upstream.requests).toHaveLength(2)
    }))

  it('ends responses under way with 1011 at the second call of close', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream, told }) => {
      upstream.script([{ at: 'before_event', event: 6, effect: 'stall' }])
      const client = await TestSocket.open(sidecar)
      client.create()
      await upstream.waitFor('fault')
      void sidecar.close()
      await sidecar.close()
      expect(await client.closed).toBe(1011)
      expect(told).toMatchObject([{ outcome: 'interrupted', code: 'client_closed' }])
    }))
})

describe('an upgrade', () => {
  it('is refused to strangers, to pages of other origins, without the token, and for other paths', () =>
    withSidecar({ ...WEB_SOCKET, token: 'token-of-the-sidecar' }, async ({ sidecar, upstream }) => {
      const known = { 'x-sidecar-token': 'token-of-the-sidecar' }
      expect(await refusedUpgrade(sidecar, { ...known, host: 'evil.example' })).toMatchObject({ status: 421 })
      expect(await refusedUpgrade(sidecar, { ...known, origin: 'https://evil.example' })).toMatchObject({ status: 403 })
      const withoutToken = await refusedUpgrade(sidecar)
      expect(withoutToken).toMatchObject({ status: 401 })
      expect(JSON.parse(withoutToken.body)).toMatchObject({ error: { code: 'invalid_sidecar_token' } })
      expect(await refusedUpgrade(sidecar, known, '/v1/realtime')).toMatchObject({ status: 426 })
      for (const path of ['/v1//responses', '//v1/responses', '/_live/responses', '/%5flive/responses']) {
        expect(await refusedUpgrade(sidecar, known, path)).toMatchObject({ status: 404 })
      }
      expect(upstream.sockets).toHaveLength(0)
    }))

  it('with an Origin that is the address of the sidecar is let in', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar }) => {
      const client = await TestSocket.open(sidecar, { headers: { origin: sidecar.url } })
      await client.turn()
      await client.close()
    }))

  it('that is not valid is refused, and leaves nothing', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar }) => {
      const headers = {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'no',
        'sec-websocket-version': '13',
      }
      expect(await ask(sidecar, { path: '/v1/responses', headers })).toMatchObject({ status: 400 })
    }))

  it.each([
    [{ 'content-length': '5' }, 400],
    [{ 'transfer-encoding': 'chunked' }, 400],
  ] as const)('with %j is refused with %i', (more, status) =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const answer = await refusedUpgrade(sidecar, more)
      expect(answer.status).toBe(status)
      expect(upstream.sockets).toHaveLength(0)
    }),
  )

  it('with another version of the protocol is told the one that is spoken', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const headers = {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '8',
      }
      const answer = await ask(sidecar, { path: '/v1/responses', headers })
      expect(answer).toMatchObject({ status: 426, headers: { 'sec-websocket-version': '13' } })
      expect(upstream.sockets).toHaveLength(0)
    }))

  it.each([
    [403, {}],
    [401, { apiKey: 'key-of-the-sidecar' }],
  ] as const)('is refused with 426 after the upstream refused the upgrade with %i', (status, more) =>
    withSidecar({ ...WEB_SOCKET, ...more }, async ({ sidecar, upstream }) => {
      upstream.addFaults({ at: 'upgrade', effect: 'status', status })
      const client = await TestSocket.open(sidecar)
      client.create()
      await client.next('response.completed', 'error')
      await client.close()
      expect(await refusedUpgrade(sidecar, { authorization: 'Bearer key-of-the-client' })).toMatchObject({
        status: 426,
      })
    }),
  )

  it('is refused with 426 while the upstream does not upgrade, so that the client uses HTTP', () =>
    withSidecar({ ...WEB_SOCKET, server: { webSocket: false } }, async ({ sidecar, upstream }) => {
      const client = await TestSocket.open(sidecar)
      await client.turn()
      expect(upstream.requests.map(({ transport }) => transport)).toEqual(['http'])
      await client.close()
      expect(await refusedUpgrade(sidecar)).toMatchObject({ status: 426 })
    }))
})

describe('a request over HTTP to a sidecar with webSocket', () => {
  it('goes to the upstream over a WebSocket, and comes back as an event stream, or as JSON if it asks for no stream', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const response = await stream(sidecar)
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      expect(await response.text()).toMatch(/response\.completed/)
      expect(upstream.requests[0]).toMatchObject({ transport: 'websocket' })
      const whole = await fetch(`${sidecar.url}/v1/responses`, {
        method: 'POST',
        headers: JSON_HEADERS,
        body: JSON.stringify({ model: 'gpt-5.2', input: 'hi' }),
      })
      expect(await whole.json()).toMatchObject({ object: 'response', status: 'completed' })
      expect(upstream.requests[1]).toMatchObject({ transport: 'websocket' })
    }))

  it('that sends its history again is sent as an increment', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      const first = await (await stream(sidecar, { input: [user('hi')] })).text()
      const completed = first.split('\n').find((line) => line.includes('"response.completed"')) as string
      const { response } = JSON.parse(completed.slice('data: '.length)) as { response: { output: object[] } }
      await (await stream(sidecar, { input: [user('hi'), ...response.output, user('on')] })).text()
      expect(upstream.requests[1]?.json).toMatchObject({ previous_response_id: 'resp_mock_1', input: [user('on')] })
    }))

  it('that continues what was lost with its WebSocket is not found', () =>
    withSidecar(WEB_SOCKET, async ({ sidecar, upstream }) => {
      await (await stream(sidecar)).text()
      upstream.closeSockets()
      await until(() => sidecar.stats().connections === 0, 'the WebSocket to the upstream is gone')
      const response = await stream(sidecar, { previous_response_id: 'resp_mock_1' })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { code: 'previous_response_not_found' } })
    }))
})
