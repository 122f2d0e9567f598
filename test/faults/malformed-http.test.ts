import { expect } from 'vitest'
import { toSSE } from '../../src/testing/index.ts'
import { CHUNKED_HEAD, chunk, LAST_CHUNK } from '../support/endpoint.ts'
import type { RawConnection } from '../support/raw-server.ts'
import { turns, until } from '../support/until.ts'
import { fault } from './support/fault.ts'
import { ANSWER, FIRST_DELTA, type Stage } from './support/stage.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const BODY = toSSE(ANSWER)
const PRELUDE = toSSE(ANSWER.slice(0, 2))
const WHOLE = CHUNKED_HEAD + chunk(BODY) + LAST_CHUNK

/** The first request meets the fault, every other one is answered. */
const once = (strike: (connection: RawConnection) => void) => (_request: unknown, connection: RawConnection) => {
  if (connection.number === 1) strike(connection)
  else connection.write(WHOLE)
}

async function expectRetried(stage: Stage, codes: RegExp): Promise<void> {
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual([expect.stringMatching(codes)])
  // Ours was destroyed: the peer has been told, and nothing more is read.
  await stage.raw.connections[0]?.gone()
  expect(stage.raw.connections).toHaveLength(2)
}

const FRAMING: ReadonlyArray<readonly [string, string, RegExp]> = [
  ['a chunk size that is too small', `${CHUNKED_HEAD}5\r\n${PRELUDE}\r\n`, /protocol_error/],
  ['a chunk size that is none', `${CHUNKED_HEAD}${chunk(PRELUDE)}zz\r\n`, /protocol_error/],
  ['a chunk that is missing', `${CHUNKED_HEAD}${chunk(PRELUDE)}\r\n${LAST_CHUNK}`, /protocol_error/],
  ['a length that is too short', `${OK}content-length: ${PRELUDE.length}\r\n\r\n${BODY}`, /stream_incomplete/],
]
for (const [what, bytes, codes] of FRAMING) {
  fault(`40: a body whose framing lies: ${what}`, { raw: once((connection) => connection.write(bytes)) }, (stage) =>
    expectRetried(stage, codes),
  )
}

const TOO_LONG = `${OK}content-length: ${BODY.length}\r\n\r\n`
for (const how of ['end', 'reset'] as const) {
  const strike = once((connection) => {
    connection.write(TOO_LONG + PRELUDE)
    connection[how]()
  })
  fault(`40: a body whose framing lies: a length that is too long (${how})`, { raw: strike }, (stage) =>
    expectRetried(stage, /^(?:body_truncated|connection_closed|connection_reset)$/),
  )
}

fault(
  '40: a body whose framing lies, behind output',
  {
    raw: once((connection) =>
      connection.write(`${CHUNKED_HEAD}${chunk(toSSE(ANSWER.slice(0, FIRST_DELTA + 1)))}zz\r\n`),
    ),
  },
  async (stage) => {
    const outcome = await stage.call()
    if (stage.face === 'create') {
      stage.expectWhole(outcome)
      return
    }
    expect(stage.expectFailed(outcome, 'protocol_error').name).toBe('StreamInterruptedError')
    expect(outcome.events).toEqual(ANSWER.slice(0, FIRST_DELTA + 1))
    await stage.raw.connections[0]?.gone()
  },
)

const AMBIGUOUS: ReadonlyArray<readonly [string, string]> = [
  [
    'a length beside chunks',
    `${OK}content-length: ${BODY.length}\r\ntransfer-encoding: chunked\r\n\r\n${chunk(BODY)}${LAST_CHUNK}`,
  ],
  ['a folded header', `${OK}x: a\r\n b\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`],
  ['lines that end with LF alone', `HTTP/1.1 200 OK\ncontent-length: ${BODY.length}\n\n${BODY}`],
  ['two different lengths', `${OK}content-length: ${BODY.length}\r\ncontent-length: 3\r\n\r\n${BODY}`],
  ['a length that is none', `${OK}content-length: 0x3\r\n\r\n${BODY}`],
]
for (const [what, bytes] of AMBIGUOUS) {
  fault(
    `41: an answer that can be read in two ways: ${what}`,
    { raw: once((connection) => connection.write(bytes)) },
    (stage) => expectRetried(stage, /^(?:protocol_error|body_truncated)$/),
  )
}

const LATE = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'
fault(
  '42: bytes of another answer: behind a response, on a socket that is kept',
  { raw: (_request, connection) => connection.write(connection.number === 1 ? WHOLE + LATE : WHOLE) },
  async (stage) => {
    stage.expectWhole(await stage.call())
    await stage.raw.connections[0]?.gone()
    stage.expectWhole(await stage.call())
    expect(stage.raw.connections).toHaveLength(2)
    expect(stage.codes).toEqual([])
  },
)

fault(
  '42: bytes of another answer: the late one of a request that was cancelled',
  {
    time: 'by_hand',
    raw: (request, connection) => {
      if (request.header('x-mock-call') === undefined) connection.write(WHOLE)
    },
  },
  async (stage) => {
    const cancelled = stage.call({}, { headers: { 'x-mock-call': 'late' } })
    const connection = await stage.raw.connection()
    await until(() => stage.telemetry.some(({ type }) => type === 'attempt_connected'), 'connected')
    await turns(5)
    stage.controller.abort('enough')
    expect((await cancelled).error).toBe('enough')
    if (!connection.closed) connection.write(WHOLE)
    stage.renewSignal()
    stage.expectWhole(await stage.call())
    expect(stage.raw.connections).toHaveLength(2)
  },
)

const INTERIM: ReadonlyArray<readonly [string, string]> = [
  ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'],
  ['a thousand of them', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'.repeat(500)],
]
for (const [what, bytes] of INTERIM) {
  fault(
    `43: interim answers: ${what}`,
    { raw: (_request, connection) => connection.write(bytes + WHOLE) },
    async (stage) => {
      stage.expectWhole(await stage.call())
      expect(stage.codes).toEqual([])
    },
  )
}

fault(
  '43: interim answers: a flood without an answer is cut',
  {
    time: 'by_hand',
    raw: once((connection) => connection.write('HTTP/1.1 100 Continue\r\nx: y\r\n\r\n'.repeat(2000))),
  },
  async (stage) => {
    const call = stage.call()
    const connection = await stage.raw.connection()
    await until(() => connection.socket.bytesWritten > 0 && connection.socket.writableLength === 0, 'it was sent')
    await turns(10)
    await stage.clock.pass(45_200)
    stage.expectWhole(await call)
    expect(stage.codes).toEqual(['ttfb_timeout'])
  },
)

for (const [what, headers] of [
  ['one', `x: ${'y'.repeat(70_000)}\r\n`],
  ['many', `x: ${'y'.repeat(100)}\r\n`.repeat(700)],
] as const) {
  fault(
    `44: a header block above the limit: ${what}`,
    { raw: (_request, connection) => connection.write(`${OK}${headers}content-length: 0\r\n\r\n`) },
    async (stage) => {
      stage.expectFailed(await stage.call(), 'headers_too_large')
      expect(stage.raw.connections).toHaveLength(1)
      await stage.raw.connections[0]?.gone()
    },
  )
}
