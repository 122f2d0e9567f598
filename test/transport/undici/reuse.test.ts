import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import { CHUNKED_HEAD, chunk, LAST_CHUNK } from '../../support/endpoint.ts'
import { clientSockets } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, posting, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, echoing, setup } from './setup.ts'

describe('a connection whose exchange ended cleanly', () => {
  it('serves the next one, last in first out: prompt caches follow the connection', async () => {
    await using rig = await setup()
    const { transport, server, url } = rig
    const three = [send(transport, `${url}/1`), send(transport, `${url}/2`), send(transport, `${url}/3`)]
    const connections = [await server.connection(1), await server.connection(2), await server.connection(3)]
    const paths = await Promise.all(connections.map(async (connection) => (await connection.request()).path))
    for (const path of ['/2', '/3', '/1']) {
      connections[paths.indexOf(path)]?.answer()
      await three[Number(path[1]) - 1]?.recorder.ended()
    }
    await turns()
    expect(transport.stats()).toMatchObject({ connections: 3, idleConnections: 3, leases: 0 })
    for (const expected of ['/1', '/3', '/2']) {
      const { recorder } = send(transport, `${url}/again`)
      await recorder.until('connected')
      expect(recorder.info?.connectionId).toBe(three[Number(expected[1]) - 1]?.recorder.info?.connectionId)
    }
    expect(server.connections).toHaveLength(3)
  })

  it('serves no exchange that wants a fresh one, and stays idle', async () => {
    await using rig = await echoing()
    const first = await fetched(rig.transport, `${rig.url}/1`)
    await turns()
    const fresh = await fetched(rig.transport, `${rig.url}/2`, { connection: 'fresh' })
    expect(fresh.info).toMatchObject({ reused: false })
    expect(fresh.info?.connectionId).not.toBe(first.info?.connectionId)
    expect(rig.transport.stats().idleConnections).toBe(2)
  })

  it('closes after keepAliveMs', async () => {
    await using rig = await echoing({ keepAliveMs: 40 })
    await fetched(rig.transport, rig.url)
    const connection = await rig.server.connection()
    await connection.gone()
    await until(() => rig.transport.stats().connections === 0, 'the connection is forgotten')
  })

  it('serves no exchange after keepAliveMs, even if a machine that slept has not closed it', async () => {
    const clock = new VirtualClock()
    await using rig = await echoing({ keepAliveMs: 30_000, clock })
    await fetched(rig.transport, rig.url)
    await turns()
    clock.jump(29_999)
    expect((await fetched(rig.transport, rig.url)).info?.reused).toBe(true)
    await turns()
    clock.jump(30_001)
    expect((await fetched(rig.transport, rig.url)).info?.reused).toBe(false)
  })

  it.each([{ keepAliveMs: 0 }, { isolation: 'fresh' as const }])(
    'serves no further exchange with %o',
    async (options) => {
      await using rig = await echoing(options)
      for (let i = 0; i < 3; i++) {
        expect((await fetched(rig.transport, rig.url)).info?.reused).toBe(false)
        await turns()
        expect(rig.transport.stats().idleConnections).toBe(0)
      }
      expect(rig.server.connections).toHaveLength(3)
      await until(() => rig.server.open.length === 0, 'every connection is closed')
    },
  )

  it.each([
    ['connection: close', 'HTTP/1.1 200 OK\r\nconnection: close'],
    ['keep-alive: timeout=1, which is as good as over', 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=1'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK'],
  ])('serves no further exchange when the answer said %s', async (_what, head) => {
    const server = await RawServer.answering((_request, connection) => connection.answer('ok', head))
    await using rig = around(server)
    await fetched(rig.transport, rig.url)
    await turns()
    expect((await fetched(rig.transport, rig.url)).info?.reused).toBe(false)
    await until(() => rig.server.open.length === 0, 'every connection is closed')
  })
})

describe('a pooled connection that the peer has ended (fault 14)', () => {
  it('is closed on our side as soon as its FIN is seen, and serves no exchange', async () => {
    await using rig = await echoing()
    await fetched(rig.transport, rig.url)
    const connection = await rig.server.connection()
    connection.end()
    await connection.gone()
    await until(() => rig.transport.stats().connections === 0, 'the connection is forgotten')
    expect(clientSockets(rig.server.port).CLOSE_WAIT).toBeUndefined()
    expect((await fetched(rig.transport, rig.url)).info).toMatchObject({ generation: 1, reused: false })
  })

  it.each(['FIN', 'RST'] as const)(
    'by a %s that races the next request fails it as a reused connection that closed',
    async (how) => {
      await using rig = await echoing()
      await fetched(rig.transport, rig.url, posting('1'))
      await turns()
      const connection = await rig.server.connection()
      // The kernel has it; our side has had no turn to read it.
      if (how === 'FIN') connection.end()
      else connection.reset()
      const { recorder } = send(rig.transport, rig.url, posting('2'))
      await recorder.settled()
      recorder.assertOrderly()
      expect(recorder.info).toMatchObject({ reused: true })
      expect(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']).toContain(recorder.failure?.code)
      expect(recorder.has('head')).toBe(false)
      const next = await fetched(rig.transport, rig.url, posting('3'))
      expect(next.info).toMatchObject({ generation: 2, reused: false })
    },
  )

  it('between being taken and being written to fails the request as not sent, and never twice', async () => {
    await using rig = await echoing()
    for (let i = 0; i < 30; i++) {
      await fetched(rig.transport, rig.url)
      await turns()
      const connection = await rig.server.connection(rig.server.connections.length)
      const { recorder } = send(rig.transport, rig.url, posting('x'))
      if (i % 2 === 0) await recorder.until('connected')
      connection.end()
      await recorder.settled()
      recorder.assertOrderly()
      if (recorder.failure !== undefined) expect(recorder.failure.code).toMatch(/UND_ERR_SOCKET|ECONNRESET|EPIPE/)
    }
  })

  it('that ends after it has read the request fails the exchange, which counts as reused', async () => {
    await using rig = await setup()
    const first = fetched(rig.transport, rig.url)
    const connection = await rig.server.connection()
    await connection.request()
    connection.answer()
    await first
    await turns()
    const { recorder } = send(rig.transport, rig.url, posting('2'))
    await connection.request()
    connection.end()
    await recorder.settled()
    expect(recorder.info).toMatchObject({ reused: true })
    expect(recorder.failure?.code).toBe('UND_ERR_SOCKET')
  })
})

describe('a poisoned generation (faults 66, 67)', () => {
  it('closes its idle connections at once, lets siblings in flight finish, and is replaced by one new client', async () => {
    await using rig = await setup()
    const { transport, server, url } = rig
    const idle = fetched(transport, `${url}/idle`)
    const idleConnection = await server.connection(1)
    const failing = send(transport, `${url}/failing`)
    const sibling = send(transport, `${url}/sibling`)
    const others = [await server.connection(2), await server.connection(3)]
    for (const connection of [idleConnection, ...others]) {
      const { path } = await connection.request()
      if (path !== '/failing') connection.write(CHUNKED_HEAD + chunk('one'))
      if (path === '/idle') connection.write(LAST_CHUNK)
    }
    await idle
    await sibling.recorder.until('data')
    await turns()
    expect(transport.stats()).toMatchObject({ connections: 3, idleConnections: 1, clients: 1 })

    failing.exchange.poison('ttfb_timeout')
    await idleConnection.gone()
    failing.destroy()
    const next = [send(transport, `${url}/a`), send(transport, `${url}/b`)]
    for (const { recorder } of next) await recorder.until('connected')
    expect(next.map(({ recorder }) => recorder.info)).toMatchObject([
      { generation: 2, reused: false },
      { generation: 2, reused: false },
    ])
    expect(transport.stats().clients).toBe(2)

    const siblingServer = others.find((connection) => !connection.ended && !connection.closed)
    siblingServer?.write(chunk('two') + LAST_CHUNK)
    await sibling.recorder.ended()
    expect(sibling.recorder.text).toBe('onetwo')
    await siblingServer?.gone()
    expect(transport.stats().clients).toBe(1)
  })

  it('by 200 failures at once is one eviction and one new client', async () => {
    await using rig = await setup()
    const { transport, server, url } = rig
    const told: string[] = []
    transport.observe?.(({ type, generation }) => told.push(`${type} ${generation}`))
    const many = Array.from({ length: 200 }, () => send(transport, url))
    for (const [n] of many.entries()) (await server.connection(n + 1)).write(CHUNKED_HEAD + chunk('one'))
    for (const { recorder } of many) await recorder.until('data')
    for (const { socket } of server.connections) socket.resetAndDestroy()
    for (const { recorder } of many) await recorder.settled()
    const again = Array.from({ length: 200 }, () => send(transport, url, { connection: 'fresh' }))
    for (const { recorder } of again) await recorder.until('connected')
    expect(new Set(again.map(({ recorder }) => recorder.info?.generation))).toEqual(new Set([2]))
    expect(told).toEqual([
      'client_created 1',
      'client_poisoned 1',
      'client_evicted 1',
      'client_destroyed 1',
      'client_created 2',
    ])
  })
})

describe('what belongs to one exchange never reaches another (fault 42)', () => {
  it('the late answer of a cancelled request is discarded', async () => {
    await using rig = await setup()
    const cancelled = send(rig.transport, `${rig.url}/a`)
    const first = await rig.server.connection(1)
    await first.request()
    cancelled.destroy()
    first.answer('late answer')
    const next = send(rig.transport, `${rig.url}/b`)
    const second = await rig.server.connection(2)
    await second.request()
    second.answer('right answer')
    await next.recorder.ended()
    expect(next.recorder.text).toBe('right answer')
    await first.gone()
  })

  it('a second answer after the first, in the same packet, is discarded', async () => {
    const evil = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'
    const server = await RawServer.answering(({ path }, connection) => {
      connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}${evil}`)
    })
    await using rig = around(server)
    for (let i = 0; i < 5; i++) {
      const { text, info } = await fetched(rig.transport, `${rig.url}/${i}`)
      expect(text).toBe(`/${i}`)
      expect(info?.reused).toBe(false)
    }
  })

  it.each([
    ['an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'],
    ['the beginning of one', 'HTTP/'],
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['garbage', '\0\r\nhello'],
  ])('%s without a request, on an idle connection', async (_what, bytes) => {
    await using rig = await echoing()
    for (let i = 0; i < 4; i++) {
      await fetched(rig.transport, `${rig.url}/${i}`)
      await turns()
      const connection = await rig.server.connection(rig.server.connections.length)
      connection.write(bytes)
      if (i % 2 === 1) await connection.gone()
      const { recorder } = send(rig.transport, `${rig.url}/next`)
      await recorder.settled()
      recorder.assertOrderly()
      if (recorder.failure === undefined) expect(recorder.text).toBe('/next')
      else expect(recorder.text).toBe('')
    }
  })

  it('a connection whose answer came before the request was read is not used again', async () => {
    await using rig = await setup()
    const body = Buffer.alloc(16 * 1024 * 1024)
    const early = send(rig.transport, rig.url, posting(body))
    const connection = await rig.server.connection()
    await connection.until(() => connection.received.includes('\r\n\r\n'), 'the head of the request')
    connection.socket.pause()
    connection.answer('too large', 'HTTP/1.1 413 Too Large')
    await early.recorder.ended()
    early.recorder.assertOrderly()
    expect(early.recorder.answer?.status).toBe(413)
    expect(early.recorder.has('sent')).toBe(false)
    await turns()
    expect(rig.transport.stats()).toMatchObject({ idleConnections: 0, leases: 0 })
    connection.socket.resume()
    await connection.gone()
  })
})
