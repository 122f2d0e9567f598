import zlib from 'node:zlib'
import type { RawConnection } from '../../support/raw-server.ts'
import { all, type Case, outcomeOf } from '../support/scene.ts'

const EMPTY = 'content-length: 0\r\n'

/** Answers whose whole is compared: the head as it stands on the wire, and the body. */
const ANSWERS: ReadonlyArray<readonly [name: string, wire: string | (() => Buffer[]), init?: RequestInit]> = [
  ['a reason phrase', 'HTTP/1.1 200 Very well indeed\r\ncontent-length: 2\r\n\r\nok'],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok'],
  ['a reason phrase beyond ASCII', 'HTTP/1.1 200 Gr\u00fc\u00df\r\ncontent-length: 2\r\n\r\nok'],
  ['an empty body', `HTTP/1.1 200 OK\r\n${EMPTY}\r\n`],
  ...[204, 205, 304].map((status) => [`${status}`, `HTTP/1.1 ${status} X\r\n${EMPTY}\r\n`] as const),
  ...[201, 299, 300, 400, 404, 418, 500, 599].map(
    (status) => [`${status}`, `HTTP/1.1 ${status} X\r\ncontent-length: 2\r\n\r\nok`] as const,
  ),
  ['600', 'HTTP/1.1 600 X\r\ncontent-length: 2\r\n\r\nok'],
  ['999', 'HTTP/1.1 999 X\r\ncontent-length: 2\r\n\r\nok'],
  ['103 before 200', `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`],
  ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\ncontent-type: a/b\r\n\r\n', { method: 'HEAD' }],
  ['HEAD with 404', 'HTTP/1.1 404 X\r\ncontent-length: 99\r\n\r\n', { method: 'HEAD' }],
  [
    'headers of all kinds',
    'HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-Empty:\r\nX-Space:   a  b  \r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\ncontent-length: 0\r\n\r\n',
  ],
  ['a header value beyond ASCII', `HTTP/1.1 200 OK\r\nx-a: \u00e9\u00ff\r\n${EMPTY}\r\n`],
  ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'],
  ['trailers', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-t: 1\r\n\r\n'],
  ['a byte order mark', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\u00ef\u00bb\u00bfa'],
  ['bytes that are no UTF-8', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na\u00ffb'],
  ['gzip', () => encoded('gzip', zlib.gzipSync('text'))],
  ['x-gzip', () => encoded('x-gzip', zlib.gzipSync('text'))],
  ['deflate', () => encoded('deflate', zlib.deflateSync('text'))],
  ['raw deflate', () => encoded('deflate', zlib.deflateRawSync('text'))],
  ['br', () => encoded('br', zlib.brotliCompressSync('text'))],
  ['gzip in br', () => encoded('gzip, br', zlib.brotliCompressSync(zlib.gzipSync('text')))],
  ['an unknown encoding', () => encoded('made-up', Buffer.from('text'))],
  ['identity', () => encoded('identity', Buffer.from('text'))],
  ['broken gzip', () => encoded('gzip', Buffer.from('no gzip at all'))],
  ['an empty body that says gzip', () => encoded('gzip', Buffer.alloc(0))],
  ['HEAD that says gzip', `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n${EMPTY}\r\n`, { method: 'HEAD' }],
  ['404 in gzip', () => encoded('gzip', zlib.gzipSync('text'), '404 X')],
]

function encoded(encoding: string, body: Buffer, status = '200 OK'): Buffer[] {
  return [
    Buffer.from(`HTTP/1.1 ${status}\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`),
    body,
  ]
}

/** Connections that end where they should not. A POST: ours asks again for a GET. */
const BROKEN: ReadonlyArray<readonly [name: string, strike: (connection: RawConnection) => void]> = [
  ['a reset before the head', (connection) => connection.reset()],
  ['an end before the head', (connection) => connection.end()],
  [
    'an end within the head',
    (connection) => {
      connection.write('HTTP/1.1 200 OK\r\nx-')
      connection.end()
    },
  ],
  ['an answer that is no HTTP', (connection) => connection.write('SMTP ready\r\n\r\n')],
  ['a header that is none', (connection) => connection.write(`HTTP/1.1 200 OK\r\nbad name: x\r\n${EMPTY}\r\n`)],
  [
    'two lengths',
    (connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
  ],
  [
    'an end before the length is reached',
    (connection) => {
      connection.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\npart')
      connection.end()
    },
  ],
  [
    'an end before the last chunk',
    (connection) => {
      connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n')
      connection.end()
    },
  ],
  [
    'a chunk that is none',
    (connection) => connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
  ],
  [
    'a body that ends with its connection',
    (connection) => {
      connection.write('HTTP/1.1 200 OK\r\n\r\nall of it')
      connection.end()
    },
  ],
]

export const ANSWERS_OF_ALL_KINDS: readonly Case[] = [
  ...ANSWERS.map(
    ([name, wire, init]): Case => ({
      name: `the answer ${name}`,
      serve(_request, connection) {
        for (const part of typeof wire === 'string' ? [Buffer.from(wire, 'latin1')] : wire()) connection.write(part)
      },
      run: async ({ fetch, at }) => all(await fetch(at('/'), init)),
    }),
  ),
  ...BROKEN.flatMap(([name, strike]) =>
    ['POST', 'GET'].map(
      (method): Case => ({
        name: `${method}, ${name}`,
        serve: (_request, connection) => strike(connection),
        run: async ({ fetch, at }) => all(await fetch(at('/'), { method })),
      }),
    ),
  ),
  {
    name: 'nobody listens',
    client: { maxRetries: 0 },
    // A port of ours for a moment ago would do, too; this one nobody may listen on.
    run: async ({ fetch }) => all(await fetch('http://127.0.0.1:2/')),
  },
  {
    name: 'the cause of a failure',
    serve: (_request, connection) => connection.reset(),
    client: { maxRetries: 0 },
    run: ({ fetch, at }) =>
      fetch(at('/'), { method: 'POST' }).then(all, (error) => {
        const codes = []
        for (let link = error.cause; link instanceof Error; link = link.cause)
          codes.push((link as { code?: string }).code)
        return codes
      }),
  },
  {
    name: 'what a Response is',
    async run({ fetch, at }) {
      const response = await fetch(at('/#part'))
      const { type, headers } = response
      return {
        type,
        isResponse: response instanceof Response,
        constructor: response.constructor.name,
        tag: Object.prototype.toString.call(response),
        keys: Object.keys(response),
        headersAre: headers instanceof Headers,
        'headers.set()': await outcomeOf((async () => headers.set('a', 'b') ?? 'done')()),
        bodyIs: response.body instanceof ReadableStream,
        text: await response.text(),
      }
    },
  },
]
