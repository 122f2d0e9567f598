import { describe, expect, it } from 'vitest'
import { ClientClosedError, ResilientClient, type ResponseCreateParams } from '../../../src/index.ts'
import { MockResponsesServer } from '../../../src/testing/server.ts'
import { connectProxy } from '../../support/connect-proxy.ts'
import { invalid, standIn } from '../../support/typed.ts'
import { pause, until, within } from '../../support/until.ts'
import { HTTP, INCREMENT, WHOLE, withSockets } from './scene.ts'

const user = (content: string) => ({ type: 'message', role: 'user', content }) as const
const ask = (input: unknown = [user('Hello')]) => standIn<ResponseCreateParams>({ model: 'm', store: false, input })

describe('a client with sockets', () => {
  it('hedges with the whole request on another socket, and the one that loses is closed', () =>
    withSockets({ client: { hedge: { afterMs: 400 }, maxRetries: 1 } }, async (scene) => {
      const { client, server } = scene
      const { output } = await client.responses.create(ask())
      server.script([{ at: 'headers', effect: 'stall' }, 'ok'])
      await client.responses.create(ask([user('Hello'), ...(output ?? []), user('And?')]))
      expect(scene.sent().slice(-2)).toEqual([INCREMENT, { ...WHOLE, wholeBecause: 'hedge' }])
      await server.waitFor('socket_closed')
      expect(server.sockets[0]?.open).toBe(false)
    }))

  it('gives each of several conversations a socket, and each continues on the same one', () =>
    withSockets({}, async (scene) => {
      const { client, server } = scene
      const histories = await Promise.all(
        ['a', 'b', 'c'].map(async (name) => {
          const { output } = await client.responses.create(ask([user(name)]))
          return [user(name), ...(output ?? [])]
        }),
      )
      await Promise.all(histories.map((history) => client.responses.create(ask([...history, user('more')]))))
      expect(server.sockets).toHaveLength(3)
      expect(scene.sent().slice(3)).toEqual(Array(3).fill(INCREMENT))
      for (const request of server.requests.slice(3)) {
        const texts = server.contextOf(request)?.map(({ content }) => JSON.stringify(content))
        const name = /"?(a|b|c)"?$/.exec(texts?.[0] as string)?.[1] as string
        expect(texts?.[1]).toContain(name)
      }
    }))

  it('leaves another conversation of the same caller alone: two that begin alike each get what they sent', () =>
    withSockets({}, async ({ client, server, sent }) => {
      const { output } = await client.responses.create(ask())
      const history = [user('Hello'), ...(output ?? [])]
      const [left, right] = await Promise.all([
        client.responses.create(ask([...history, user('left')])),
        client.responses.create(ask([...history, user('right')])),
      ])
      for (const [response, word] of [
        [left, 'left'],
        [right, 'right'],
      ] as const) {
        const context = JSON.stringify(server.contextOf(response.id as string))
        expect(context).toContain(word)
        expect(context).not.toContain(word === 'left' ? 'right' : 'left')
      }
      expect(sent().slice(1)).toMatchObject([INCREMENT, WHOLE])
    }))

  it('says nothing of its increments to the caller: previous_response_id stays as it was sent', () =>
    withSockets({}, async ({ client, server, sent }) => {
      const { output } = await client.responses.create(ask())
      const body = { ...(ask([user('Hello'), ...(output ?? []), user('And?')]) as object), stream: true }
      const response = await client.fetch(`${server.baseURL}/responses`, { method: 'POST', body: JSON.stringify(body) })
      const text = await response.text()
      expect(server.requests.at(-1)?.json).toMatchObject({ previous_response_id: 'resp_mock_1' })
      expect(text).not.toContain('resp_mock_1')
      expect(text.match(/"previous_response_id":null/g)?.length).toBeGreaterThan(1)
      expect(sent().at(-1)).toEqual(INCREMENT)
    }))

  it('sends every body as it is with incremental: false, on warm sockets', () =>
    withSockets({ client: { webSocket: { incremental: false } } }, async ({ client, server, sent }) => {
      const { output } = await client.responses.create(invalid({ ...(ask() as object), store: true }))
      await client.responses.create(invalid({ ...(ask([user('Hello'), ...(output ?? []), user('And?')]) as object) }))
      expect(sent()).toEqual(Array(2).fill({ ...WHOLE, wholeBecause: 'off' }))
      expect(server.sockets).toHaveLength(1)
    }))

  it('reads bodies that are compressed, and sends codings that it does not know over HTTP', () =>
    withSockets({}, async ({ client, server, seen }) => {
      const { zstdCompressSync } = process.getBuiltinModule('node:zlib')
      const body = zstdCompressSync(Buffer.from(JSON.stringify({ ...(ask() as object), stream: true })))
      for (const coding of ['zstd', 'x-unknown']) {
        const headers = { 'content-type': 'application/json', 'content-encoding': coding }
        await (await client.fetch(`${server.baseURL}/responses`, { method: 'POST', headers, body })).text()
      }
      expect(seen()[0]).toBe('websocket 200')
      expect(server.requests[0]?.json).toMatchObject({ type: 'response.create', model: 'm' })
      expect(server.requests[1]?.transport).toBe('http')
    }))

  it('goes through a proxy with its sockets, as with its connections', async () => {
    await using proxy = await connectProxy('tunnel')
    await withSockets({ client: { proxy: proxy.url } }, async ({ client, server, seen }) => {
      await client.responses.create(ask())
      expect(seen()).toEqual(['websocket 200'])
      expect(proxy.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`CONNECT 127.0.0.1:${server.port}`])
    })
  })

  it('has sockets and connections within maxConnections together: an idle socket gives way', () =>
    withSockets({ client: { maxConnections: 1 } }, async ({ client, server, seen }) => {
      await client.responses.create(ask())
      const post = client.fetch(`${server.baseURL}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: 'm', messages: [] }),
      })
      expect(await (await post).text()).toContain('{')
      await client.responses.create(ask())
      expect(seen()).toEqual(['websocket 200', 'http 200', 'websocket 200'])
      expect(client.stats().connections).toBe(1)
    }))

  it('has sockets to the address of webSocket.url, for the origin of baseURL alone', async () => {
    await using elsewhere = await MockResponsesServer.start()
    await using third = await MockResponsesServer.start()
    const webSocket = { url: `${elsewhere.baseURL.replace('http', 'ws')}/responses` }
    await withSockets({ client: { webSocket } }, async ({ client, server }) => {
      await client.responses.create(ask())
      const init = {
        method: 'POST',
        headers: { authorization: 'Bearer of-the-caller' },
        body: JSON.stringify({ ...(ask() as object), stream: true }),
      }
      await (await client.fetch(`${third.baseURL}/responses`, init)).text()
      expect([server, elsewhere, third].map(({ sockets }) => sockets.length)).toEqual([0, 1, 1])
      expect(third.sockets[0]?.headers.authorization).toBe('Bearer of-the-caller')
    })
  })

  it('closes the idle sockets of a credential that was refused and replaced', async () => {
    let authorization = 'Bearer old'
    const headers = ({ refresh }: { refresh: boolean }) => {
      if (refresh) authorization = 'Bearer new'
      return { authorization }
    }
    await withSockets({ client: { apiKey: undefined, headers } }, async ({ client, server }) => {
      await client.responses.create(ask())
      server.script([{ at: 'headers', effect: 'status', status: 401 }, 'ok'])
      const other = client.responses.create(ask([user('one')]))
      await other
      await until(() => server.sockets.filter(({ open }) => open).length === 1, 'the old sockets to be closed')
      expect(server.sockets.at(-1)).toMatchObject({ open: true, headers: { authorization: 'Bearer new' } })
    })
  })

  it('keeps what one tenant has from another: no socket, no context, whatever they ask for', () =>
    withSockets({}, async ({ client, server, sent }) => {
      const of = (tenant: string) => ({ headers: { authorization: `Bearer ${tenant}` } })
      const { output } = await client.responses.create(ask(), of('a'))
      const same = ask([user('Hello'), ...(output ?? []), user('And?')])
      await client.responses.create(same, of('b'))
      await client.responses.create(same, of('a'))
      expect(server.sockets.map(({ headers }) => headers.authorization)).toEqual(['Bearer a', 'Bearer b'])
      expect(server.requests.map(({ socketNumber }) => socketNumber)).toEqual([1, 2, 1])
      expect(sent()).toMatchObject([WHOLE, { ...WHOLE, wholeBecause: 'no_socket' }, INCREMENT])
    }))

  it.each(['upgrading', 'waiting', 'streaming'] as const)(
    'ends a call that is aborted while %s, and its socket',
    (when) =>
      withSockets({}, async ({ client, server, events }) => {
        const faults = {
          upgrading: { at: 'upgrade', effect: 'stall' },
          waiting: { at: 'headers', effect: 'stall' },
          streaming: { at: 'before_event', event: 3, effect: 'stall' },
        } as const
        server.script([faults[when]])
        const controller = new AbortController()
        const reason = new Error('enough')
        const stream = client.responses.stream(ask(), { signal: controller.signal })
        const ended = stream.finalResponse().catch((error: unknown) => error)
        await server.waitFor('fault')
        controller.abort(reason)
        expect(await within(ended, 'the end of the call')).toBe(reason)
        await server.waitFor('connection_closed')
        expect(events.some(({ type }) => type === 'client_poisoned')).toBe(false)
      }),
  )

  it('pauses the socket of a consumer that does not read, and no ping counts against it', () =>
    withSockets(
      { client: { webSocket: { pingMs: 30 } }, server: { eventsPerWrite: 50 } },
      async ({ client, server }) => {
        const text = 'x'.repeat(100_000)
        const deltas = Array.from({ length: 400 }, () => ({ type: 'response.output_text.delta', delta: text }))
        server.script([{ at: 'before_event', event: 4, effect: 'event', events: deltas }])
        const stream = client.responses.stream(ask())
        const reader = stream[Symbol.asyncIterator]()
        await reader.next()
        await until(() => (server.sockets[0]?.sentMessages ?? 0) >= 4, 'the first of it')
        // Nothing is read for several pings.
        await pause(200)
        expect(server.requests[0]?.outcome).toBe('pending')
        let count = 0
        for (let next = await reader.next(); next.done !== true; next = await reader.next())
          if (next.value.type === 'response.output_text.delta') count++
        expect(count).toBeGreaterThanOrEqual(400)
      },
    ))

  it('drains on close(), and ends what is under way on destroy()', async () => {
    await using server = await MockResponsesServer.start()
    const options = { baseURL: server.baseURL, apiKey: 'k', webSocket: true, maxRetries: 0 } as const
    const closing = new ResilientClient(options)
    server.script([{ at: 'headers', effect: 'stall' }])
    const draining = closing.responses.create(ask())
    await server.waitFor('fault')
    const closed = closing.close()
    server.release()
    expect((await draining).status).toBe('completed')
    await within(closed, 'the client to close')
    expect(closing.stats().connections).toBe(0)
    await server.waitFor('socket_closed')

    const destroyed = new ResilientClient(options)
    server.script([{ at: 'headers', effect: 'stall' }])
    const ended = destroyed.responses.create(ask()).catch((error: unknown) => error)
    await server.waitFor('fault', 2)
    await within(destroyed.destroy(), 'the client to be destroyed')
    expect(await ended).toBeInstanceOf(ClientClosedError)
    expect(destroyed.stats().connections).toBe(0)
    await server.waitFor('socket_closed', 2)
  })

  it('recovers all its calls when the server restarts under them', () =>
    withSockets({ client: { maxRetries: 4 } }, async ({ client, server }) => {
      await Promise.all(Array.from({ length: 20 }, (_, n) => client.responses.create(ask([user(`${n}`)]))))
      server.addFaults({ at: 'headers', effect: 'stall', times: 20 })
      const calls = Array.from({ length: 20 }, (_, n) => client.responses.create(ask([user(`again ${n}`)])))
      await server.waitFor('fault', 20)
      server.dropConnections('reset')
      for (const { status } of await Promise.all(calls)) expect(status).toBe('completed')
    }))

  it('uses one socket for hundreds of turns, and keeps nothing of them', () =>
    withSockets({ server: { eventsPerWrite: Number.POSITIVE_INFINITY } }, async ({ client, server, sent }) => {
      for (let n = 0; n < 300; n++) await client.responses.create(invalid({ ...(ask('Hi') as object), store: true }))
      expect(server.sockets).toHaveLength(1)
      expect(sent().filter(({ transport }) => transport !== HTTP.transport)).toHaveLength(300)
      expect(client.stats()).toMatchObject({ connections: 1, leases: 0 })
    }))
})
