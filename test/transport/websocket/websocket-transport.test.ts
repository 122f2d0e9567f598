import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { ConnectionPlaces } from '../../../src/transport/connection-places.ts'
import { Connector } from '../../../src/transport/undici/connector.ts'
import { socketKeyOf } from '../../../src/transport/websocket/socket-key.ts'
import { WebSocketTransport } from '../../../src/transport/websocket/websocket-transport.ts'
import { wsWires } from '../../../src/transport/websocket/ws-wire.ts'
import type { RawRequest } from '../../support/http-request.ts'
import { RawServer } from '../../support/raw-server.ts'
import { send } from '../../support/recorder.ts'
import { DEFAULT_WEB_SOCKET } from './settings.ts'

/** A transport, and a server whose bytes the test writes. */
async function rig() {
  const server = await RawServer.start()
  const transport = new WebSocketTransport({
    settings: DEFAULT_WEB_SOCKET,
    clock: systemClock,
    places: new ConnectionPlaces(),
    open: wsWires({
      connector: new Connector({}),
      clock: systemClock,
      maxPayload: 1024 * 1024,
      maxHeaderBytes: 65_536,
    }),
  })
  const url = `${server.url}/v1/responses`
  return {
    server,
    transport,
    send() {
      const lease = transport.pool.leaseAny(socketKeyOf(new URL(url), [['authorization', 'Bearer k']]), {
        fresh: false,
        bytes: 2,
      })
      if (lease === undefined) throw new Error('no lease')
      lease.carry({
        bytes: Buffer.from('{}'),
        print: undefined,
        isOnlyCopy: false,
        hiddenPreviousId: undefined,
      })
      return { ...send(transport, url, { connection: { socket: lease, strict: false } }), socket: lease.socket }
    },
    async [Symbol.asyncDispose]() {
      await transport.destroy()
      expect(transport.stats()).toEqual({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
      await server.close()
    },
  }
}

const headerIn = ({ headers }: RawRequest, name: string): string | undefined =>
  headers.find(([known]) => known.toLowerCase() === name)?.[1]

const accept = (key: string | undefined): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

const upgraded = (key: string | undefined, more = ''): string =>
  `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept(key)}\r\n${more}\r\n`

/** One unmasked text frame of fewer than 126 bytes. */
const frame = (text: string): Buffer => Buffer.concat([Buffer.from([0x81, Buffer.byteLength(text)]), Buffer.from(text)])

describe('the transport of sockets', () => {
  it.each([426, 404, 403, 500, 200, 302])('fails with the status that refused an upgrade: %i', async (status) => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    const request = await connection.request()
    expect(headerIn(request, 'upgrade')).toBe('websocket')
    expect(headerIn(request, 'authorization')).toBe('Bearer k')
    connection.answer('no', `HTTP/1.1 ${status} No`)
    await recorder.settled()
    expect(recorder.failure).toMatchObject({ code: 'ERR_RESILIENT_UPGRADE_REFUSED' })
    expect(recorder.failure?.message).toContain(String(status))
    expect(recorder.steps).toEqual(['connecting', 'error'])
    recorder.assertOrderly()
  })

  it.each([401, 429, 503])('passes on a refusal with %i as an answer, with hint and words', async (status) => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    await connection.request()
    connection.answer('{"error":{"code":"x"}}', `HTTP/1.1 ${status} No\r\nretry-after: 3`)
    await recorder.ended()
    expect([recorder.answer?.status, recorder.header('retry-after'), recorder.text]).toEqual([
      status,
      '3',
      '{"error":{"code":"x"}}',
    ])
    expect(recorder.steps).toEqual(['connecting', 'head', 'data', 'end'])
    recorder.assertOrderly()
  })

  it('waits for the body of a refusal for at most a second', async () => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    await connection.request()
    connection.write('HTTP/1.1 503 No\r\ncontent-length: 100\r\n\r\npart')
    await recorder.ended()
    expect(recorder.text).toBe('part')
  })

  it.each<[string, (key: string | undefined) => string]>([
    ['a handshake for another key', () => upgraded('other')],
    ['an extension that was not asked for', (key) => upgraded(key, 'sec-websocket-extensions: permessage-deflate\r\n')],
    ['something else than HTTP', () => '\u0000\u0001 what\r\n\r\n'],
  ])('takes %s for a refusal', async (_what, answer) => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    const request = await connection.request()
    connection.write(answer(headerIn(request, 'sec-websocket-key')))
    await recorder.settled()
    expect(recorder.failure).toMatchObject({ code: 'ERR_RESILIENT_UPGRADE_REFUSED' })
    expect(recorder.has('connected')).toBe(false)
  })

  it('distinguishes a connection without an answer from one that was never made', async () => {
    await using at = await rig()
    const { recorder, socket, destroy } = at.send()
    await (await at.server.connection()).request()
    expect(socket.hasConnected).toBe(true)
    expect(recorder.steps).toEqual(['connecting'])
    destroy()
    const refusing = at.send()
    const port = at.server.url
    await at.server.close()
    expect(port).toContain('127.0.0.1')
    await refusing.recorder.settled()
    expect(refusing.recorder.failure?.code).toMatch(/^ECONN/)
  })

  it('fails with the reset of the connection, and with the error of a frame that breaks the protocol', async () => {
    await using at = await rig()
    const first = at.send()
    const connection = await at.server.connection()
    connection.write(upgraded(headerIn(await connection.request(), 'sec-websocket-key')))
    await first.recorder.until('sent')
    connection.reset()
    await first.recorder.settled()
    expect(first.recorder.failure?.code).toBe('ECONNRESET')

    const second = at.send()
    const other = await at.server.connection(2)
    other.write(upgraded(headerIn(await other.request(), 'sec-websocket-key')))
    await second.recorder.until('sent')
    other.write(Buffer.from([0xf1, 0x00]))
    await second.recorder.settled()
    expect(second.recorder.failure?.code).toMatch(/^WS_ERR_/)
  })

  it('passes on a 429 as an answer although events about the account came before, and passes on those events if a stream follows', async () => {
    await using at = await rig()
    const limits = '{"type":"codex.rate_limits","left":1}'
    const { recorder, drain } = at.send()
    const connection = await at.server.connection()
    connection.write(upgraded(headerIn(await connection.request(), 'sec-websocket-key')))
    await recorder.until('sent')
    connection.write(frame(limits))
    connection.write(frame('{"type":"error","status":429,"error":{"code":"x"}}'))
    await recorder.ended()
    expect([recorder.answer?.status, recorder.text]).toEqual([429, '{"error":{"code":"x"}}'])
    drain()
    await connection.gone()
    const second = at.send()
    const another = await at.server.connection(2)
    another.write(upgraded(headerIn(await another.request(), 'sec-websocket-key')))
    await second.recorder.until('sent')
    another.write(frame(limits))
    another.write(frame('{"type":"response.created","response":{"id":"r"}}'))
    await second.recorder.until(() => second.recorder.text.includes('created'))
    expect(second.recorder.text).toBe(`data: ${limits}\n\ndata: {"type":"response.created","response":{"id":"r"}}\n\n`)
    expect(second.recorder.info).toMatchObject({ reused: false })
  })

  it('closes a socket whose server says that its 60 minutes are over', async () => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    connection.write(upgraded(headerIn(await connection.request(), 'sec-websocket-key')))
    await recorder.until('sent')
    connection.write(frame('{"type":"error","status":400,"error":{"code":"websocket_connection_limit_reached"}}'))
    await recorder.ended()
    await connection.gone()
    expect(at.transport.stats().idleConnections).toBe(0)
  })

  it('ends exchanges under way when it is destroyed, and leaves nothing', async () => {
    await using at = await rig()
    const { recorder } = at.send()
    const connection = await at.server.connection()
    connection.write(upgraded(headerIn(await connection.request(), 'sec-websocket-key')))
    await recorder.until('sent')
    await at.transport.destroy()
    expect(recorder.failure?.code).toBe('UND_ERR_DESTROYED')
    await connection.gone()
  })

  it('refuses leases of other pools', async () => {
    await using at = await rig()
    expect(() => send(at.transport, at.server.url)).toThrow(TypeError)
  })
})
