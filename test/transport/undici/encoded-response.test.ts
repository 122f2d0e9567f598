import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CHUNKED_HEAD, LAST_CHUNK } from '../../support/endpoint.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, setup } from './setup.ts'

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH, ZSTD_e_flush } = zlib.constants
const ENCODERS: Record<string, () => Transform> = {
  gzip: () => zlib.createGzip({ flush: Z_SYNC_FLUSH }),
  deflate: () => zlib.createDeflate({ flush: Z_SYNC_FLUSH }),
  br: () => zlib.createBrotliCompress({ flush: BROTLI_OPERATION_FLUSH }),
  zstd: () => zlib.createZstdCompress({ flush: ZSTD_e_flush }),
}

function headFor(coding: string): string {
  return CHUNKED_HEAD.replace('X-Test', `Content-Encoding: ${coding}\r\nX-Test`)
}

function chunkOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

describe.each(Object.keys(ENCODERS))('a stream coded with %s', (coding) => {
  it('is decoded as it arrives: each event when it was flushed; the connection is kept', async () => {
    await using rig = await setup()
    const { recorder } = send(rig.transport, rig.url)
    const connection = await rig.server.connection()
    await connection.request()
    connection.write(headFor(coding))
    const encoder = (ENCODERS[coding] as () => Transform)()
    encoder.on('data', (bytes: Buffer) => connection.write(chunkOf(bytes)))
    let expected = ''
    for (let n = 0; n < 5; n++) {
      const event = `data: {"n":${n}}\n\n`
      expected += event
      encoder.write(event)
      await recorder.until(() => recorder.text === expected, `event ${n}`)
    }
    encoder.on('end', () => connection.write(LAST_CHUNK))
    encoder.end()
    await recorder.ended()
    recorder.assertOrderly()
    expect(recorder.header('content-encoding')).toBeUndefined()
    expect(recorder.header('x-test')).toBe('Yes')
    await turns()
    expect(rig.transport.stats().idleConnections).toBe(1)
  })

  it('that breaks is handed over up to the break, and then fails', async () => {
    for (const how of ['end', 'reset'] as const) {
      await using rig = await setup()
      const { recorder } = send(rig.transport, rig.url)
      const connection = await rig.server.connection()
      await connection.request()
      const encoder = (ENCODERS[coding] as () => Transform)()
      const parts: Buffer[] = []
      encoder.on('data', (bytes: Buffer) => parts.push(bytes))
      encoder.write('the last words')
      await until(() => parts.length > 0 && encoder.writableLength === 0, 'it is encoded')
      await turns(5)
      connection.write(Buffer.concat([Buffer.from(headFor(coding)), chunkOf(Buffer.concat(parts))]))
      if (how === 'reset') await recorder.until('head')
      connection[how]()
      await recorder.settled()
      recorder.assertOrderly()
      expect(recorder.text).toBe('the last words')
      expect(recorder.failure?.code).toMatch(/UND_ERR_SOCKET|ECONNRESET/)
    }
  })
})

it('an unknown coding is passed on unchanged, with its header', async () => {
  const server = await RawServer.answering((_request, connection) =>
    connection.answer('abc', 'HTTP/1.1 200 OK\r\ncontent-encoding: unheard-of'),
  )
  await using rig = around(server)
  const { text, answer } = await fetched(rig.transport, rig.url)
  expect(text).toBe('abc')
  expect(new Map(answer?.headers).get('content-encoding')).toBe('unheard-of')
})

it('a bomb is read only as far as its consumer reads (fault 47)', async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024))
  const server = await RawServer.answering((_request, connection) => {
    connection.write(headFor('gzip'))
    for (let i = 0; i < 600; i++) connection.write(chunkOf(bomb))
  })
  await using rig = around(server)
  const sent = send(rig.transport, rig.url)
  const { recorder, exchange } = sent
  await recorder.until('data')
  exchange.pause()
  await turns(50)
  const taken = recorder.bytes.length
  expect(taken).toBeLessThan(2_000_000)
  await turns(200)
  expect(recorder.bytes.length).toBe(taken)
  const [connection] = server.connections
  // The rest of some 40 MB waits at the other side.
  expect(connection?.socket.writableLength).toBeGreaterThan(10_000_000)
  exchange.resume()
  await recorder.until(() => recorder.bytes.length > taken, 'more data')
  sent.destroy()
})

it('a coded answer that is drained keeps its connection', async () => {
  await using rig = await setup()
  const sent = send(rig.transport, rig.url)
  const connection = await rig.server.connection()
  await connection.request()
  const whole = zlib.gzipSync('x'.repeat(100_000))
  connection.write(headFor('gzip'))
  connection.write(chunkOf(whole.subarray(0, 60)))
  await sent.recorder.until('head')
  sent.drain()
  connection.write(chunkOf(whole.subarray(60)))
  connection.write(LAST_CHUNK)
  await until(() => rig.transport.stats().leases === 0, 'the lease ends')
  await turns()
  expect(rig.transport.stats()).toMatchObject({ idleConnections: 1 })
})
