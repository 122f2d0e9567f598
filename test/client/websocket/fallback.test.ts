import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../../src/index.ts'
import { RawServer } from '../../support/raw-server.ts'
import { until } from '../../support/until.ts'
import { HTTP, WHOLE, withSockets } from './scene.ts'

const ASK = { model: 'm', input: 'Hello', store: false } as const

describe('an endpoint that does not upgrade', () => {
  it.each([426, 404, 405, 403, 500, 200, 302, 429, 503])(
    'answers the upgrade with %i: HTTP serves in the same call, and for the next ones',
    (status) =>
      withSockets({}, async ({ server, client, sent, seen }) => {
        server.script([{ at: 'upgrade', effect: 'status', status, headers: {}, body: 'no' }])
        for (let n = 0; n < 2; n++) expect((await client.responses.create(ASK)).status).toBe('completed')
        expect(sent()).toEqual([
          { ...WHOLE, wholeBecause: 'no_socket' },
          { ...HTTP, wholeBecause: 'not_upgraded' },
          { ...HTTP, wholeBecause: 'not_upgraded' },
        ])
        expect(seen()).toEqual(['http 200', 'http 200'])
        expect(server.sockets).toHaveLength(1)
      }),
  )

  it('is probed after fallbackMs by one socket beside the calls, and serves the calls after that', () =>
    withSockets({ client: { webSocket: { fallbackMs: 1 } } }, async ({ server, client, sent, seen }) => {
      server.script([{ at: 'upgrade', effect: 'status', status: 426 }])
      await client.responses.create(ASK)
      await until(() => server.sockets.length === 1, 'the refusal')
      // The probe of this call opens a socket, and its own way is HTTP.
      await client.responses.create(ASK)
      await until(() => client.stats().idleConnections === 2, 'the probe to have opened its socket')
      await client.responses.create(ASK)
      expect(seen()).toEqual(['http 200', 'http 200', 'websocket 200'])
      expect(sent().at(-1)).toEqual({ ...WHOLE, wholeBecause: 'no_socket' })
    }))

  it('refuses one credential: callers with another one are upgraded', () =>
    withSockets({}, async ({ server, client, seen }) => {
      server.script([{ at: 'upgrade', effect: 'status', status: 401 }])
      await client.responses.create(ASK)
      await client.responses.create(ASK)
      await client.responses.create(ASK, { headers: { authorization: 'Bearer other' } })
      expect(seen()).toEqual(['http 200', 'http 200', 'websocket 200'])
    }))

  it('answers with 401, and the credential is replaced once: the socket is opened with the new one', async () => {
    const asked: boolean[] = []
    const headers = ({ refresh }: { refresh: boolean }) => {
      asked.push(refresh)
      return { authorization: refresh || asked.includes(true) ? 'Bearer new' : 'Bearer old' }
    }
    await withSockets({ client: { apiKey: undefined, headers } }, async ({ server, client, seen, decisions }) => {
      server.script([{ at: 'upgrade', effect: 'status', status: 401 }])
      await client.responses.create(ASK)
      expect(seen()).toEqual(['websocket 200'])
      expect(server.sockets.map(({ headers: { authorization } }) => authorization)).toEqual([
        'Bearer old',
        'Bearer new',
      ])
      expect(decisions()).toMatchObject([{ decision: { retry: true, transparent: true } }])
    })
  })

  it.each([429, 503])('asks for patience with %i and a hint: the call waits, and goes over a socket', (status) =>
    withSockets({ client: { maxRetries: 1 } }, async ({ server, client, seen, decisions }) => {
      server.script([{ at: 'upgrade', effect: 'status', status, headers: { 'retry-after-ms': '20' } }])
      await client.responses.create(ASK)
      expect(seen()).toEqual(['websocket 200'])
      const decision = { retry: true, lane: 'pushback', delayMs: expect.toSatisfy((ms: number) => ms >= 20) }
      expect(decisions()).toMatchObject([{ code: 'http_status', decision }])
    }),
  )

  it('asks for patience twice in a call: HTTP decides, because a proxy may refuse each upgrade', () =>
    withSockets({ client: { maxRetries: 3 } }, async ({ server, client, seen }) => {
      server.addFaults({ at: 'upgrade', effect: 'status', status: 503, headers: { 'retry-after-ms': '1' } })
      await client.responses.create(ASK)
      expect(seen()).toEqual(['http 200'])
      expect(server.sockets).toHaveLength(2)
    }))

  it('answers with 429 and a hint, and there is no retry: that answer comes out, for SDKs to map', () =>
    withSockets({}, async ({ server, client }) => {
      const body = { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } }
      const refusal = { status: 429, headers: { 'retry-after-ms': '20' }, body } as const
      server.script([
        { at: 'upgrade', effect: 'status', ...refusal },
        { at: 'upgrade', effect: 'status', ...refusal },
      ])
      await expect(client.responses.create(ASK)).rejects.toMatchObject({ status: 429, upstreamCode: body.error.code })
      await expect(client.responses.create(ASK)).rejects.toBeInstanceOf(UpstreamError)
      expect(server.requests).toHaveLength(0)
    }))

  it.each(['stall', 'reset', 'half_close', 'eof'] as const)(
    'does not answer the upgrade (%s): once more, then HTTP, remembered',
    (effect) =>
      withSockets({ client: { timeouts: { connectMs: 100 } } }, async ({ server, client, sent, seen, decisions }) => {
        server.script([
          { at: 'upgrade', effect },
          { at: 'upgrade', effect },
        ])
        await client.responses.create(ASK)
        await client.responses.create(ASK)
        expect(seen()).toEqual(['http 200', 'http 200'])
        expect(sent().map(({ transport }) => transport)).toEqual(['websocket', 'websocket', 'http', 'http'])
        expect(decisions()).toMatchObject([
          { decision: { retry: true, transparent: true } },
          { decision: { retry: true, transparent: true } },
        ])
      }),
  )

  it.each(['stall', 'reset', 'garbage'] as const)('answers half of the upgrade (%s): the same', (effect) =>
    withSockets({ client: { timeouts: { connectMs: 100 } } }, async ({ server, client, seen }) => {
      server.script([
        { at: 'inside_upgrade', effect },
        { at: 'inside_upgrade', effect },
      ])
      await client.responses.create(ASK)
      expect(seen().at(-1)).toBe('http 200')
    }),
  )

  it('is not there at all: no socket is to blame, and the failure is that of the connection', async () => {
    const gone = await RawServer.start()
    const baseURL = gone.url
    await gone.close()
    await withSockets({ client: { baseURL } }, async ({ client, sent }) => {
      await expect(client.responses.create(ASK)).rejects.toMatchObject({ code: 'connection_refused' })
      expect(sent()).toEqual([{ ...WHOLE, wholeBecause: 'no_socket' }])
    })
  })
})

describe('a request that is not for a socket', () => {
  it.each<[string, object, string]>([
    ['in the background', { background: true, store: true }, 'field:background'],
    ['with a field that a message needs for itself', { type: 'x' }, 'field:type'],
    ['with an integer that no parser keeps', {}, 'body'],
  ])('goes over HTTP: %s', (_what, more, wholeBecause) =>
    withSockets({}, async ({ server, client, sent, seen }) => {
      let body = JSON.stringify({ ...ASK, stream: true, ...more })
      if (wholeBecause === 'body') body = body.replace('{', '{"x":12345678901234567890,')
      const response = await client.fetch(`${server.baseURL}/responses`, { method: 'POST', body })
      expect(response.status).toBe(200)
      await response.text()
      expect(sent()).toEqual([{ ...HTTP, wholeBecause }])
      expect(seen()).toEqual(['http 200'])
    }),
  )

  it('goes over HTTP: one that does not stream, a read, and another API', () =>
    withSockets({}, async ({ server, client, seen }) => {
      const post = (path: string, body: object) =>
        client.fetch(`${server.baseURL}${path}`, { method: 'POST', body: JSON.stringify(body) })
      await (await post('/responses', { ...ASK, store: true })).text()
      await (await client.fetch(`${server.baseURL}/responses/resp_mock_1`)).text()
      await (await post('/chat/completions', { model: 'm', messages: [] })).text()
      expect(seen()).toEqual(['http 200', 'http 200', 'http 200'])
      expect(server.sockets).toHaveLength(0)
    }))

  it('goes over HTTP above maxMessageBytes, above what the server announces, and after a close with 1009', async () => {
    const large = { ...ASK, input: 'x'.repeat(3000) }
    await withSockets({ client: { webSocket: { maxMessageBytes: 2000 } } }, async ({ client, seen, sent }) => {
      await client.responses.create(large)
      expect([seen(), sent()]).toEqual([['http 200'], [{ ...HTTP, wholeBecause: 'size' }]])
    })
    const headers = { 'x-codex-websocket-max-message-bytes': '2000' }
    await withSockets({ server: { webSocket: { headers } } }, async ({ client, server, seen }) => {
      await client.responses.create(large)
      await client.responses.create(large)
      expect(seen()).toEqual(['http 200', 'http 200'])
      // The first one has learnt the bound by opening a socket, which serves smaller requests.
      await client.responses.create(ASK)
      expect(seen().at(-1)).toBe('websocket 200')
      expect(server.sockets).toHaveLength(1)
    })
    await withSockets({ server: { webSocket: { maxMessageBytes: 2000 } } }, async ({ client, seen, decisions }) => {
      await client.responses.create(large)
      expect(seen().at(-1)).toBe('http 200')
      expect(decisions()).toMatchObject([{ code: 'socket_closed', decision: { retry: true, transparent: true } }])
    })
  })

  it('goes over HTTP while maxSockets are in use', () =>
    withSockets({ client: { webSocket: { maxSockets: 1 } } }, async ({ server, client, seen }) => {
      server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
      const first = client.responses.create(ASK)
      await server.waitFor('fault')
      await client.responses.create({ ...ASK, input: 'And?' })
      server.release()
      await first
      expect(seen()).toEqual(['websocket 200', 'http 200'])
    }))
})
