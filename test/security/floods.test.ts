import zlib from 'node:zlib'
import { describe, expect, inject, it } from 'vitest'
import type { ResilientClientOptions } from '../../src/index.ts'
import { toSSE } from '../../src/testing/index.ts'
import { FACES, type Face } from '../faults/support/outcome.ts'
import { SocketStage } from '../faults/support/socket-stage.ts'
import { chunk } from '../support/endpoint.ts'
import type { RawConnection } from '../support/raw-server.ts'
import { until } from '../support/until.ts'
import { type Flood, pour } from './support/pour.ts'

const MIB = 1024 * 1024
const FLOOD = 64 * MIB
/** What may be alive beside the bound that stops a flood: buffers of sockets, of streams and of the test itself. */
const SLACK = 24 * MIB
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const FIRST = chunk(toSSE([{ type: 'response.created', sequence_number: 0, response: { id: 'resp_1' } }]))

const frames = (text: string): Uint8Array => Buffer.from(chunk(text.repeat(Math.ceil(65_536 / text.length))))
const COMMENTS = frames(': ping, and nothing else\n\n')
const BEATS = frames('data: {"type":"keepalive"}\n\n')
const NOTES = frames(`data: {"type":"codex.note","text":"${'x'.repeat(200)}"}\n\n`)
const LINE = Buffer.from(chunk('x'.repeat(65_536)))
const HEADER = Buffer.from('x-flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(1000))
const INTERIM = Buffer.from('HTTP/1.1 100 Continue\r\nx: y\r\n\r\n'.repeat(2000))

interface Case {
  readonly head: string
  readonly piece: Uint8Array
  readonly options?: ResilientClientOptions
  /** What ends it: a bound at once, or a deadline when time passes. */
  readonly ends: { readonly code: string; readonly sentAtMost?: number; readonly afterMs?: number }
}

/** Nothing of a flood is silence. */
const BUSY = { timeouts: { idleMs: 0 } }
const SMALL = { limits: { eventBytes: 8 * MIB } }
const BOUNDED = 40 * MIB

const CASES: ReadonlyArray<readonly [string, Case]> = [
  [
    'a header block without end',
    { head: 'HTTP/1.1 200 OK\r\n', piece: HEADER, ends: { code: 'headers_too_large', sentAtMost: BOUNDED } },
  ],
  [
    'one header without end',
    {
      head: 'HTTP/1.1 200 OK\r\nx: ',
      piece: Buffer.alloc(65_536, 'y'),
      ends: { code: 'headers_too_large', sentAtMost: BOUNDED },
    },
  ],
  [
    'one interim answer without end',
    { head: 'HTTP/1.1 103 Early Hints\r\n', piece: HEADER, ends: { code: 'headers_too_large', sentAtMost: BOUNDED } },
  ],
  ['interim answers without end', { head: '', piece: INTERIM, ends: { code: 'ttfb_timeout', afterMs: 45_000 } }],
  [
    'a chunk extension without end',
    { head: `${HEAD}5;`, piece: Buffer.alloc(65_536, 'a'), ends: { code: 'ttfb_timeout', afterMs: 45_000 } },
  ],
  [
    'one line without end',
    {
      head: `${HEAD}${chunk('data: ')}`,
      piece: LINE,
      options: SMALL,
      ends: { code: 'event_too_large', sentAtMost: BOUNDED },
    },
  ],
  [
    'one comment without end',
    { head: `${HEAD}${chunk(': ')}`, piece: LINE, ends: { code: 'ttfb_timeout', afterMs: 45_000 } },
  ],
  [
    'comments without end, before an event',
    { head: HEAD, piece: COMMENTS, ends: { code: 'ttfb_timeout', afterMs: 45_000 } },
  ],
  [
    'comments without end, behind an event',
    { head: HEAD + FIRST, piece: COMMENTS, options: BUSY, ends: { code: 'progress_timeout', afterMs: 900_000 } },
  ],
  [
    'heartbeats without end',
    { head: HEAD + FIRST, piece: BEATS, options: BUSY, ends: { code: 'progress_timeout', afterMs: 900_000 } },
  ],
  [
    'events without end and without output',
    { head: HEAD + FIRST, piece: NOTES, options: BUSY, ends: { code: 'progress_timeout', afterMs: 900_000 } },
  ],
]

/** In full, each flood comes through every face; otherwise one flood through one face, the next through the next. */
function facesFor(flood: number): readonly Face[] {
  return inject('full') ? FACES : [FACES[flood % FACES.length] as Face]
}

describe('a flood is bounded in memory and time', () => {
  for (const [index, [what, { head, piece, options, ends }]] of CASES.entries()) {
    it.each(facesFor(index))(`${what}, through %s`, { timeout: 120_000 }, async (face) => {
      const flood: Flood = { sent: 0, grown: 0 }
      const stage = await SocketStage.open('http', face, {
        time: 'by_hand',
        options: { maxRetries: 0, ...options },
        sockets: {
          raw: (_request, connection) => {
            connection.write(head)
            return pour(connection, piece, FLOOD, flood)
          },
        },
      })
      try {
        const call = stage.call({}, { forget: true })
        if (ends.afterMs !== undefined) {
          await until(() => flood.sent >= FLOOD, 'the whole flood was taken', 100_000)
          await stage.clock.pass(ends.afterMs + 300)
        }
        const { failure } = await call
        expect(failure?.code).toBe(ends.code)
        if (ends.sentAtMost !== undefined) expect(flood.sent).toBeLessThan(ends.sentAtMost)
        expect(flood.grown).toBeLessThan(SLACK + 2 * (options?.limits?.eventBytes ?? 0))
        await stage.nothingIsLeft()
      } finally {
        await stage.end()
      }
    })
  }
})

/** The best quality of brotli takes seconds, and makes the bomb no worse. */
const QUICKLY = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }
const CODINGS = {
  gzip: zlib.gzipSync,
  br: (bytes: Buffer) => zlib.brotliCompressSync(bytes, QUICKLY),
  zstd: zlib.zstdCompressSync,
}
const PADDING = Buffer.alloc(FLOOD, 'x')

describe('a bomb is bounded in memory', () => {
  for (const [coding, encode] of Object.entries(CODINGS)) {
    const bombOf = (opening: string) => encode(Buffer.concat([Buffer.from(opening), PADDING]))
    const ofEvent = bombOf('data: ')
    const answer =
      (head: string, bomb = ofEvent) =>
      (_request: unknown, connection: RawConnection) => {
        connection.write(`${head}\r\ncontent-encoding: ${coding}\r\ncontent-length: ${bomb.length}\r\n\r\n`)
        connection.write(bomb)
      }

    it.each(FACES)(`${coding}, one event of a stream, through %s`, async (face) => {
      const options = { maxRetries: 0, ...SMALL }
      const stage = await SocketStage.open('http', face, { options, sockets: { raw: answer('HTTP/1.1 200 OK') } })
      const { failure } = await stage.call()
      expect(failure?.code).toBe('event_too_large')
      await stage.nothingIsLeft()
    })

    it.each(FACES)(`${coding}, an error answer, through %s`, async (face) => {
      const stage = await SocketStage.open('http', face, {
        options: { maxRetries: 0 },
        sockets: { raw: answer('HTTP/1.1 400 Bad Request') },
      })
      const grown = growth()
      if (face === 'fetch') {
        // The host may read it: at its own pace.
        const response = await stage.client.fetch(`${stage.url}/v1/responses`, {
          method: 'POST',
          body: '{"stream":true}',
        })
        expect(response.status).toBe(400)
        await response.body?.cancel()
      } else stage.expectAnswered(await stage.call(), 400)
      expect(grown()).toBeLessThan(SLACK)
      await stage.nothingIsLeft()
    })

    it.each([
      ['a whole response', '{"id":"resp_1","text":"', 'event_too_large'],
      ['an event stream', 'data: ', 'event_too_large'],
    ])(`${coding}, %s, through retrieve()`, async (_what, opening, code) => {
      const stage = await SocketStage.open('http', 'create', {
        options: { maxRetries: 0, ...SMALL },
        sockets: { raw: answer('HTTP/1.1 200 OK\r\ncontent-type: application/json', bombOf(opening)) },
      })
      const grown = growth()
      await expect(stage.client.responses.retrieve('resp_1')).rejects.toMatchObject({ code })
      expect(grown()).toBeLessThan(SLACK + 2 * SMALL.limits.eventBytes)
      await stage.nothingIsLeft()
    })
  }
})

/** How much more memory the process holds than before, buffers that wait for the collector included. */
function growth(): () => number {
  const { heapUsed, external } = process.memoryUsage()
  return () => {
    const now = process.memoryUsage()
    return now.heapUsed + now.external - heapUsed - external
  }
}
