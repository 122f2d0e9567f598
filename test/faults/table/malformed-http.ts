import { expect } from 'vitest'
import { toSSE } from '../../../src/testing/index.ts'
import { CHUNKED_HEAD, chunk, LAST_CHUNK } from '../../support/endpoint.ts'
import type { RawConnection } from '../../support/raw-server.ts'
import { turns, until } from '../../support/until.ts'
import { ANSWER, FIRST_DELTA } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const BODY = toSSE(ANSWER)
const PRELUDE = toSSE(ANSWER.slice(0, 2))
const WHOLE = CHUNKED_HEAD + chunk(BODY) + LAST_CHUNK
const TO_DELTA = ANSWER.slice(0, FIRST_DELTA + 1)
const FAKES_HAVE_NO_HTTP = { on: 'sockets', because: 'a fake transport has events and no HTTP' } as const

/** The first request meets the fault, every other one is answered. */
function once(strike: (connection: RawConnection) => void) {
  return (_request: unknown, connection: RawConnection): void => {
    if (connection.number === 1) strike(connection)
    else connection.write(WHOLE)
  }
}

function malformed(what: string, strike: string | ((connection: RawConnection) => void), code: RegExp): Case {
  return {
    what,
    only: FAKES_HAVE_NO_HTTP,
    codes: [code],
    sockets: {
      raw: once(typeof strike === 'string' ? (connection) => connection.write(strike) : strike),
      play: async (stage) => {
        stage.expectWhole(await stage.call())
        expect(stage.codes).toEqual([expect.stringMatching(code)])
        // The client destroyed it: the peer has been told, and nothing more is read.
        await stage.raw.connections[0]?.gone()
        expect(stage.raw.connections).toHaveLength(2)
      },
    },
  }
}

function tooLong(how: 'end' | 'reset'): Case {
  const strike = (connection: RawConnection): void => {
    connection.write(`${OK}content-length: ${BODY.length}\r\n\r\n${PRELUDE}`)
    connection[how]()
  }
  const code = /^(?:body_truncated|connection_closed|connection_reset)$/
  return malformed(`a length that is too long (${how})`, strike, code)
}

function interim(what: string, bytes: string): Case {
  return {
    what,
    only: FAKES_HAVE_NO_HTTP,
    codes: [],
    sockets: { raw: (_request, connection) => connection.write(bytes + WHOLE) },
  }
}

function largeHeaders(what: string, headers: string): Case {
  return {
    what,
    only: FAKES_HAVE_NO_HTTP,
    sockets: {
      raw: (_request, connection) => connection.write(`${OK}${headers}content-length: 0\r\n\r\n`),
      play: async (stage) => {
        stage.expectFailed(await stage.call(), 'headers_too_large')
        expect(stage.raw.connections).toHaveLength(1)
        await stage.raw.connections[0]?.gone()
      },
    },
  }
}

const AMBIGUOUS = {
  'a length beside chunks': `${OK}content-length: ${BODY.length}\r\ntransfer-encoding: chunked\r\n\r\n${chunk(BODY)}${LAST_CHUNK}`,
  'a folded header': `${OK}x: a\r\n b\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  'lines that end with LF alone': `HTTP/1.1 200 OK\ncontent-length: ${BODY.length}\n\n${BODY}`,
  'two different lengths': `${OK}content-length: ${BODY.length}\r\ncontent-length: 3\r\n\r\n${BODY}`,
  'a length that is no number': `${OK}content-length: 0x3\r\n\r\n${BODY}`,
}
const LATE = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'

/** What is wrong with the HTTP itself. */
export const MALFORMED_HTTP: Chapter = {
  40: {
    title: 'a body whose framing lies',
    expectation: 'connection destroyed; retried, or an interruption',
    cases: [
      malformed('a chunk size that is too small', `${CHUNKED_HEAD}5\r\n${PRELUDE}\r\n`, /protocol_error/),
      malformed('a chunk size that is no number', `${CHUNKED_HEAD}${chunk(PRELUDE)}zz\r\n`, /protocol_error/),
      malformed('a chunk that is missing', `${CHUNKED_HEAD}${chunk(PRELUDE)}\r\n${LAST_CHUNK}`, /protocol_error/),
      malformed(
        'a length that is too short',
        `${OK}content-length: ${PRELUDE.length}\r\n\r\n${BODY}`,
        /stream_incomplete/,
      ),
      tooLong('end'),
      tooLong('reset'),
      {
        what: 'after output',
        only: FAKES_HAVE_NO_HTTP,
        sees: { interrupted: 'protocol_error', heard: TO_DELTA },
        sockets: {
          raw: once((connection) => connection.write(`${CHUNKED_HEAD}${chunk(toSSE(TO_DELTA))}zz\r\n`)),
        },
      },
    ],
  },
  41: {
    title: 'an answer that can be read in two ways',
    expectation: 'rejected, destroyed',
    cases: Object.entries(AMBIGUOUS).map(([what, bytes]) =>
      malformed(what, bytes, /^(?:protocol_error|body_truncated)$/),
    ),
  },
  42: {
    title: 'bytes of another answer',
    expectation: 'never reach another call',
    cases: [
      {
        what: 'after a response, on a socket that is kept',
        only: FAKES_HAVE_NO_HTTP,
        sockets: {
          raw: (_request, connection) => connection.write(connection.number === 1 ? WHOLE + LATE : WHOLE),
          play: async (stage) => {
            stage.expectWhole(await stage.call())
            await stage.raw.connections[0]?.gone()
            stage.expectWhole(await stage.call())
            expect(stage.raw.connections).toHaveLength(2)
            expect(stage.codes).toEqual([])
          },
        },
      },
      {
        what: 'the late one of a request that was cancelled',
        only: FAKES_HAVE_NO_HTTP,
        time: 'by_hand',
        sockets: {
          raw: (request, connection) => {
            if (request.header('x-mock-call') === undefined) connection.write(WHOLE)
          },
          play: async (stage) => {
            const cancelled = stage.call({}, { headers: { 'x-mock-call': 'late' } })
            const connection = await stage.raw.connection()
            await until(() => stage.count('attempt_connected') > 0, 'connected')
            await turns(5)
            stage.controller.abort('enough')
            expect((await cancelled).error).toBe('enough')
            if (!connection.closed) connection.write(WHOLE)
            stage.renewSignal()
            stage.expectWhole(await stage.call())
            expect(stage.raw.connections).toHaveLength(2)
          },
        },
      },
    ],
  },
  43: {
    title: 'interim answers',
    expectation: 'ignored, bounded',
    cases: [
      interim('100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'),
      interim('103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'),
      interim('a thousand of them', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'.repeat(500)),
      {
        what: 'a flood without an answer is cut',
        only: FAKES_HAVE_NO_HTTP,
        time: 'by_hand',
        sockets: {
          raw: once((connection) => connection.write('HTTP/1.1 100 Continue\r\nx: y\r\n\r\n'.repeat(2000))),
          play: async (stage) => {
            const call = stage.call()
            const { socket } = await stage.raw.connection()
            await until(() => socket.bytesWritten > 0 && socket.writableLength === 0, 'it was sent')
            await turns(10)
            await stage.pass(45_200)
            stage.expectWhole(await call)
            expect(stage.codes).toEqual(['ttfb_timeout'])
          },
        },
      },
    ],
  },
  44: {
    title: 'a header block above the limit',
    expectation: 'typed, final',
    cases: [
      largeHeaders('one header', `x: ${'y'.repeat(70_000)}\r\n`),
      largeHeaders('many headers', `x: ${'y'.repeat(100)}\r\n`.repeat(700)),
    ],
  },
}
