import { describe, expect, it } from 'vitest'
import type { UndiciTransportOptions } from '../../../src/transport/undici/undici-transport.ts'
import { CHUNKED_HEAD, chunk, LAST_CHUNK } from '../../support/endpoint.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { type RequestPart, type Sent, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { type Setup, setup } from './setup.ts'

interface Asked extends Sent {
  readonly rig: Setup
  readonly connection: RawConnection
}

/** Sends one request; the test goes on when the server has it. */
async function asking(
  run: (asked: Asked) => Promise<void>,
  part: RequestPart = {},
  options: UndiciTransportOptions = {},
): Promise<void> {
  await using rig = await setup(options)
  const sent = send(rig.transport, rig.url, part)
  const connection = await rig.server.connection()
  await connection.request()
  await run({ ...sent, rig, connection })
  sent.recorder.assertOrderly()
}

describe('what one socket read brings', () => {
  it('comes as one chunk, however many HTTP chunks it holds', async () => {
    await asking(async ({ recorder, connection }) => {
      const events = Array.from({ length: 40 }, (_, n) => `data: {"n":${n}}\n\n`)
      connection.write(CHUNKED_HEAD + events.slice(0, 30).map(chunk).join(''))
      await recorder.until('data')
      await turns()
      expect(recorder.text).toBe(events.slice(0, 30).join(''))
      expect(recorder.count('data')).toBe(1)
      connection.write(events.slice(30).map(chunk).join('') + LAST_CHUNK)
      await recorder.ended()
      expect(recorder.text).toBe(events.join(''))
      expect(recorder.count('data')).toBe(2)
    })
  })

  it('is handed over before an end or a failure in the same read', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(`${CHUNKED_HEAD}${chunk('all')}${chunk(' of it')}zz\r\n`)
      await recorder.settled()
      expect(recorder.text).toBe('all of it')
      expect(recorder.failure?.name).toBe('HTTPParserError')
    })
  })
})

describe('the head of a response', () => {
  it('keeps the order of headers, repeated ones, and bytes above ASCII', async () => {
    await asking(async ({ recorder, connection }) => {
      const head = 'HTTP/1.1 418 Ich bin eine Teekanne\r\nSet-Cookie: a=1\r\nX-Umlaut: ä\r\nset-cookie: b=2\r\n'
      connection.write(Buffer.from(`${head}content-length: 0\r\n\r\n`, 'latin1'))
      await recorder.ended()
      expect(recorder.answer).toEqual({
        status: 418,
        statusText: 'Ich bin eine Teekanne',
        headers: [
          ['set-cookie', 'a=1'],
          ['x-umlaut', 'ä'],
          ['set-cookie', 'b=2'],
          ['content-length', '0'],
        ],
      })
      expect(recorder.has('data')).toBe(false)
    })
  })

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('of an answer to %s with status %i is all there is, whatever it says of a body', async (method, status) => {
    await asking(
      async ({ recorder, connection }) => {
        const length = status === 200 ? 'content-length: 1000\r\n' : ''
        connection.write(`HTTP/1.1 ${status} OK\r\ncontent-encoding: gzip\r\n${length}\r\n`)
        await recorder.ended()
        expect(recorder.header('content-encoding')).toBe('gzip')
        expect(recorder.has('data')).toBe(false)
      },
      { method },
    )
  })

  it.each([
    ['one huge header', (limit: number) => `x: ${'y'.repeat(limit)}\r\n\r\n`],
    ['many headers', (limit: number) => `${'a: bcdefgh\r\n'.repeat(limit / 8)}\r\n`],
    ['a header without end', (limit: number) => `x: ${'y'.repeat(4 * limit)}`],
  ])('above the limit is a typed error (fault 44): %s', async (_what, headers) => {
    await asking(async ({ recorder, connection, rig }) => {
      connection.write(`HTTP/1.1 200 OK\r\n${headers(64 * 1024)}`)
      await recorder.settled()
      expect(recorder.failure?.code).toBe('UND_ERR_HEADERS_OVERFLOW')
      expect(recorder.has('head')).toBe(false)
      await connection.gone()
      // It would come again from any other client: nothing speaks against this one.
      expect(rig.transport.stats().clients).toBe(1)
    })
  })

  it('below the limit is fine, and there is no limit with maxHeaderBytes 0', async () => {
    for (const [bytes, options] of [
      [60_000, {}],
      [4_000_000, { maxHeaderBytes: 0 }],
    ] as const) {
      await asking(
        async ({ recorder, connection }) => {
          connection.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(bytes)}\r\ncontent-length: 0\r\n\r\n`)
          await recorder.ended()
          expect(recorder.header('x')).toHaveLength(bytes)
        },
        {},
        options,
      )
    }
  })
})

describe('interim answers (fault 43)', () => {
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'
  const HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n'
  const FINAL = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

  it.each([
    ['100 Continue that nobody asked for', CONTINUE],
    ['103 Early Hints', HINTS],
    ['102 Processing in HTTP/1.0', 'HTTP/1.0 102 Processing\r\n\r\n'],
    ['several of them', CONTINUE + HINTS + CONTINUE],
    ['a flood of them', HINTS.repeat(20_000)],
  ])('%s: ignored', async (_what, interim) => {
    await asking(async ({ recorder, connection }) => {
      connection.write(interim)
      await turns()
      connection.write(FINAL)
      await recorder.ended()
      expect(recorder.answer?.status).toBe(200)
      expect(recorder.text).toBe('ok')
    })
  })

  it('are ignored in the same packet as the answer, and cut at every byte', async () => {
    const all = Buffer.from(CONTINUE + HINTS + FINAL)
    for (let cut = 0; cut < all.length; cut += 3) {
      await asking(async ({ recorder, connection }) => {
        connection.write(all.subarray(0, cut))
        await turns(1)
        connection.write(all.subarray(cut))
        await recorder.ended()
        expect(recorder.text).toBe('ok')
      })
    }
  })

  it('are ignored each time on a connection that is used again, and it is kept', async () => {
    await asking(async ({ recorder, connection, rig }) => {
      connection.write(CONTINUE + FINAL)
      await recorder.ended()
      await turns()
      const again = send(rig.transport, rig.url)
      await connection.request()
      connection.write(HINTS + CONTINUE + FINAL)
      await again.recorder.ended()
      expect(again.recorder.info?.reused).toBe(true)
    })
  })

  it('above the limit of headers give a typed error', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(`HTTP/1.1 103 Early Hints\r\nlink: ${'y'.repeat(300_000)}`)
      await recorder.settled()
      expect(recorder.failure?.code).toBe('UND_ERR_HEADERS_OVERFLOW')
    })
  })

  it('do not include 101 Switching Protocols: its connection is not used again', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')
      await recorder.settled()
      expect(recorder.failure?.code).toBe('UND_ERR_SOCKET')
    })
  })

  it('a connection that ends within one has ended', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(CONTINUE.slice(0, 10))
      await turns()
      connection.end()
      await recorder.settled()
      expect(recorder.failure?.code).toBe('UND_ERR_SOCKET')
    })
  })
})

describe('a body that ends with its connection', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n'

  it('ends with the FIN, and may be incomplete', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(`${HEAD}half an ev`)
      await recorder.until('data')
      connection.end()
      await recorder.ended()
      expect(recorder.text).toBe('half an ev')
    })
  })

  it('is cut by an RST, although undici counts that as its end (fault 29)', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(`${HEAD}half an ev`)
      await recorder.until('data')
      connection.reset()
      await recorder.settled()
      expect(recorder.text).toBe('half an ev')
      expect(recorder.failure?.code).toBe('ECONNRESET')
    })
  })

  it('that is never read, or paused, leaves no socket in CLOSE_WAIT when it is destroyed', async () => {
    await asking(async ({ recorder, connection, exchange, destroy }) => {
      connection.write(HEAD)
      await recorder.until('head')
      exchange.pause()
      connection.write('x'.repeat(300_000))
      connection.end()
      await turns(10)
      destroy()
      await until(() => connection.closed || connection.ended, 'the connection is closed')
    })
  })
})

describe('an answer that breaks HTTP/1.1 (faults 40, 41)', () => {
  const OK = 'HTTP/1.1 200 OK\r\n'
  it.each([
    ['a chunk size that lies', `${CHUNKED_HEAD}5\r\nabc\r\n0\r\n\r\n`, /HTTPParserError/],
    ['a chunk size that is none', `${CHUNKED_HEAD}3\r\nabc\r\nzz\r\n`, /HTTPParserError/],
    [
      'content-length beside transfer-encoding',
      `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      /UND_ERR_RES_CONTENT_LENGTH_MISMATCH/,
    ],
    [
      'two different lengths',
      `${OK}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`,
      /UND_ERR_RES_CONTENT_LENGTH_MISMATCH/,
    ],
    ['a length that is none', `${OK}content-length: 0x3\r\n\r\nabc`, /HTTPParserError/],
    ['a header without a colon', `${OK}content length\r\n\r\n`, /HTTPParserError/],
    ['a header line that begins with white space', `${OK}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`, /HTTPParserError/],
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', /HTTPParserError/],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n', /HTTPParserError/],
    ['a protocol version that does not exist', 'HTTP/4.2 200 OK\r\n\r\n', /HTTPParserError/],
  ])('%s: an error, and the connection is destroyed', async (_what, bytes, error) => {
    await asking(async ({ recorder, connection, rig }) => {
      connection.write(bytes)
      await recorder.settled()
      expect(`${recorder.failure?.name} ${recorder.failure?.code}`).toMatch(error)
      await connection.gone()
      expect(rig.transport.stats()).toMatchObject({ leases: 0, clients: 0 })
    })
  })

  it.each([
    ['a chunked body', `${CHUNKED_HEAD}${chunk('abc')}`],
    ['a chunk', `${CHUNKED_HEAD}10\r\nabc`],
    ['a body with a length', `${OK}content-length: 10\r\n\r\nabc`],
  ])('%s that ends before its end: what came, then an error', async (_what, bytes) => {
    for (const how of ['end', 'reset'] as const) {
      await asking(async ({ recorder, connection }) => {
        connection.write(bytes)
        await recorder.until('data')
        connection[how]()
        await recorder.settled()
        expect(recorder.text).toBe('abc')
        expect(recorder.failure).toBeInstanceOf(Error)
      })
    }
  })

  it('with a length that is too short is the announced bytes, and its connection is destroyed', async () => {
    await asking(async ({ recorder, connection }) => {
      connection.write(`${OK}content-length: 3\r\n\r\nabcdef`)
      await recorder.ended()
      expect(recorder.text).toBe('abc')
      await connection.gone()
    })
  })

  it('fails with the error of a FIN or an RST that comes in its place', async () => {
    for (const [how, code] of [
      ['end', 'UND_ERR_SOCKET'],
      ['reset', 'ECONNRESET'],
    ] as const) {
      await asking(async ({ recorder, connection }) => {
        connection[how]()
        await recorder.settled()
        expect(recorder.failure?.code).toBe(code)
        expect(recorder.info?.reused).toBe(false)
      })
    }
  })
})
