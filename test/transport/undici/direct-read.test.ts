import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../src/core/random.ts'
import { directRead, RECEIVER, type Receiver } from '../../../src/transport/undici/direct-read.ts'
import { testCertificate } from '../../support/certificates.ts'
import { CHUNKED_HEAD, LAST_CHUNK } from '../../support/endpoint.ts'
import { RawServer } from '../../support/raw-server.ts'
import { send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, setup } from './setup.ts'

/** A client's socket that reads directly, and the other side of it. */
async function connected() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = net.connect({
    host: '127.0.0.1',
    port: (server.address() as net.AddressInfo).port,
    onread: directRead,
  })
  const [peer] = (await accepted) as [net.Socket]
  return {
    socket,
    peer,
    async [Symbol.asyncDispose]() {
      socket.destroy()
      peer.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const receiving = (socket: net.Socket, receive: Receiver['receive']): void => {
  Object.assign(socket, { [RECEIVER]: { receive } })
}

describe('a socket that reads directly', () => {
  it('gives its receiver bytes that the next read does not change', async () => {
    await using both = await connected()
    const { socket, peer } = both
    const received: Buffer[] = []
    receiving(socket, (bytes) => received.push(bytes) > 0)
    for (const text of ['one', 'two', 'x'.repeat(9000)]) {
      peer.write(text)
      const length = received.join('').length + text.length
      await until(() => received.join('').length === length, `the arrival of ${length} bytes`)
    }
    expect(received.join('')).toBe(`onetwo${'x'.repeat(9000)}`)
    expect(socket.readableLength).toBe(0)
  })

  it('stops reading when its receiver says so, until the next read()', async () => {
    await using both = await connected()
    const { socket, peer } = both
    const received: string[] = []
    receiving(socket, (bytes) => {
      received.push(String(bytes))
      return false
    })
    peer.write('one')
    await until(() => received.length === 1, 'the first read')
    peer.write('two')
    await turns(20)
    expect(received).toEqual(['one'])
    socket.read()
    await until(() => received.length === 2, 'the second read')
    expect(received).toEqual(['one', 'two'])
  })

  it('has its bytes in its stream if it has no receiver', async () => {
    await using both = await connected()
    const { socket, peer } = both
    peer.end('all of it')
    const read: Buffer[] = []
    for await (const bytes of socket) read.push(bytes)
    expect(Buffer.concat(read).toString()).toBe('all of it')
  })
})

/** 2 MB in which every place is recognised. */
const BODY = Array.from({ length: 250_000 }, (_, n) => n.toString(36).padStart(8, '.')).join('')

describe('a large body', () => {
  const { key, cert } = testCertificate({ hosts: ['localhost', '127.0.0.1'] })

  it.each([
    ['http', 'with its last chunk', {}],
    ['http', 'with its connection', {}],
    ['https', 'with its last chunk', { tls: { key, cert } }],
  ] as const)('over %s that ends %s is read whole, wherever reading pauses', async (_scheme, end, serving) => {
    const random = seededRandom(11)
    const isChunked = end === 'with its last chunk'
    const server = await RawServer.start(serving)
    await using rig = around(server, { tls: { ca: cert } })
    const { recorder, exchange } = send(rig.transport, rig.url)
    const connection = await rig.server.connection()
    await connection.request()
    connection.write(isChunked ? CHUNKED_HEAD : 'HTTP/1.1 200 OK\r\n\r\n')
    for (let at = 0; at < BODY.length; ) {
      const piece = BODY.slice(at, at + 1 + Math.floor(random() ** 3 * 100_000))
      connection.write(isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece)
      at += piece.length
    }
    if (isChunked) connection.write(LAST_CHUNK)
    else connection.end()
    while (!recorder.over) {
      if (random() < 0.5) exchange.pause()
      await turns(1 + Math.floor(random() * 3))
      exchange.resume()
      if (random() < 0.5) await turns(1)
    }
    expect(recorder.failure).toBeUndefined()
    expect(recorder.text === BODY).toBe(true)
  })

  it('stops its sender while reading is paused', async () => {
    await using rig = await setup()
    const { recorder, exchange } = send(rig.transport, rig.url)
    const connection = await rig.server.connection()
    await connection.request()
    connection.write(CHUNKED_HEAD)
    await recorder.until('head')
    exchange.pause()
    const piece = 'x'.repeat(1_000_000)
    for (let n = 0; n < 20; n++) connection.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)
    await turns(50)
    // The system holds some, and the client at most what the stream of its socket holds.
    expect(connection.socket.writableLength).toBeGreaterThan(5_000_000)
    exchange.resume()
    connection.write(LAST_CHUNK)
    await recorder.ended()
    expect(recorder.text.length).toBe(20_000_000)
  })
})
