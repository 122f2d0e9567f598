import { describe, expect, it } from 'vitest'
import type { RequestBody } from '../../../src/transport/transport.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, posting, type RequestPart, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, setup } from './setup.ts'

type Received = { readonly body: Buffer; readonly headers: Map<string, string> }

async function receive(part: RequestPart): Promise<Received> {
  let received: Received | undefined
  const server = await RawServer.answering(({ body, headers }, connection) => {
    received = { body, headers: new Map(headers) }
    connection.answer()
  })
  await using rig = around(server)
  await fetched(rig.transport, rig.url, part)
  return received as Received
}

function streaming(open: () => AsyncIterable<Uint8Array>, length?: number): RequestPart {
  return { method: 'POST', body: { kind: 'stream', replayable: false, length, open } satisfies RequestBody }
}

const PATTERN = Buffer.from(Array.from({ length: 5_000_000 }, (_, n) => (n * 7) % 256))

describe('a request body', () => {
  it('of bytes is sent with its length', async () => {
    const { body, headers } = await receive(posting('{"input":"hi"}'))
    expect(body.toString()).toBe('{"input":"hi"}')
    expect(headers.get('content-length')).toBe('14')
  })

  it('of no bytes is sent with length 0', async () => {
    const { body, headers } = await receive(posting(''))
    expect(body).toHaveLength(0)
    expect(headers.get('content-length')).toBe('0')
  })

  it('of many bytes is sent whole, in pieces', async () => {
    const { body, headers } = await receive(posting(PATTERN))
    expect(headers.get('content-length')).toBe('5000000')
    expect(headers.has('transfer-encoding')).toBe(false)
    expect(body.equals(PATTERN)).toBe(true)
  })

  it('that is a view of a larger buffer is sent as the view alone', async () => {
    const { body } = await receive(posting(new Uint8Array(PATTERN.buffer, PATTERN.byteOffset + 10, 100)))
    expect(body.equals(PATTERN.subarray(10, 110))).toBe(true)
  })

  it('that is a stream of known length is sent with it', async () => {
    const open = async function* () {
      for (let at = 0; at < PATTERN.length; at += 30_000) yield PATTERN.subarray(at, at + 30_000)
    }
    const { body, headers } = await receive(streaming(open, PATTERN.length))
    expect(headers.get('content-length')).toBe('5000000')
    expect(body.equals(PATTERN)).toBe(true)
  })

  it('that is a stream of unknown length is sent chunked', async () => {
    const open = async function* () {
      yield Buffer.from('a')
      await turns(1)
      yield Buffer.from('bc')
    }
    const { body, headers } = await receive(streaming(open))
    expect(headers.get('transfer-encoding')).toBe('chunked')
    expect(body.toString()).toBe('abc')
  })

  it('that is an empty stream is an empty body', async () => {
    const { body } = await receive(streaming(async function* () {}))
    expect(body).toHaveLength(0)
  })

  it('is absent from a GET', async () => {
    const { headers } = await receive({})
    expect([...headers.keys()]).toEqual(['host', 'connection'])
  })

  it('has the framing of the transport, whatever the headers say', async () => {
    const headers = ['content-length', 'transfer-encoding', 'host', 'connection', 'expect', 'upgrade', 'keep-alive']
    const received = await receive({ ...posting('abc'), headers: headers.map((name) => [name, '7'] as const) })
    expect(received.body.toString()).toBe('abc')
    expect(received.headers.get('content-length')).toBe('3')
    expect(received.headers.get('host')).toMatch(/^127\.0\.0\.1:/)
    expect(received.headers.has('transfer-encoding')).toBe(false)
    expect(received.headers.has('expect')).toBe(false)
  })
})

describe('a body that fails while it is read', () => {
  it('is the caller’s failure: the client is not poisoned, the connection is not used again', async () => {
    await using rig = await setup()
    const cause = new Error('disk on fire')
    const open = async function* () {
      yield Buffer.from('half')
      throw cause
    }
    const { recorder } = send(rig.transport, rig.url, streaming(open))
    await recorder.settled()
    expect(recorder.failure).toMatchObject({ code: 'ERR_RESILIENT_BODY', cause })
    expect(recorder.has('sent')).toBe(false)
    const connection = await rig.server.connection()
    await connection.gone()
    expect(connection.received.toString()).not.toContain('\r\n0\r\n')
    const next = send(rig.transport, rig.url)
    await next.recorder.until('connected')
    expect(next.recorder.info).toMatchObject({ generation: 1, reused: false })
  })

  it.each([
    ['fewer', 10],
    ['more', 3],
  ])('has failed, too, with %s bytes than announced', async (_what, announced) => {
    await using rig = await setup()
    const open = async function* () {
      yield Buffer.from('12345')
    }
    const { recorder } = send(rig.transport, rig.url, streaming(open, announced))
    await recorder.settled()
    expect(recorder.failure?.code).toBe('ERR_RESILIENT_BODY')
    await (await rig.server.connection()).gone()
  })
})

describe('a body that can be read once', () => {
  it('is still unread when the connection could not be made', async () => {
    const gone = await RawServer.start()
    await gone.close()
    await using rig = await setup()
    let opened = false
    const open = () => {
      opened = true
      return (async function* () {})()
    }
    const { recorder } = send(rig.transport, gone.url, streaming(open))
    await recorder.settled()
    expect(recorder.failure?.code).toBe('ECONNREFUSED')
    expect(opened).toBe(false)
  })

  it.each(['between two chunks', 'while the next is waited for', 'while the server does not read'])(
    'is released when the exchange is destroyed %s',
    async (when) => {
      await using rig = await setup({}, { paused: true })
      let released = false
      const endless = async function* () {
        try {
          for (;;) {
            yield Buffer.alloc(when === 'while the server does not read' ? 1_000_000 : 10)
            if (when === 'between two chunks') await turns(1)
            if (when === 'while the next is waited for') await new Promise(() => {})
          }
        } finally {
          released = true
        }
      }
      const iterator = endless()
      // A generator that hangs cannot be returned; a stream can be cancelled.
      const open = () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => iterator.next(),
          async return() {
            released = true
            return { done: true as const, value: undefined }
          },
        }),
      })
      const sent = send(rig.transport, rig.url, streaming(open))
      await sent.recorder.until('connected')
      await turns(20)
      sent.destroy()
      await until(() => released, 'the body is let go of')
    },
  )

  it('is released when the endpoint answers without reading it', async () => {
    await using rig = await setup()
    let released = false
    const open = async function* () {
      try {
        for (;;) {
          yield Buffer.alloc(1000)
          await turns(1)
        }
      } finally {
        released = true
      }
    }
    const { recorder } = send(rig.transport, rig.url, streaming(open))
    const connection = await rig.server.connection()
    await connection.until(() => connection.received.includes('\r\n\r\n'), 'the head of the request')
    connection.answer('no', 'HTTP/1.1 401 Unauthorized')
    await recorder.ended()
    expect(recorder.text).toBe('no')
    await until(() => released, 'the body is let go of')
    await connection.gone()
    expect(connection.received.toString('latin1')).not.toContain('\r\n0\r\n')
  })
})
