import zlib from 'node:zlib'
import { expect } from 'vitest'
import { type JsonObject, sseFrame, toSSE } from '../../src/testing/index.ts'
import type { Fault } from '../../src/testing/server.ts'
import { LAST_CHUNK } from '../support/endpoint.ts'
import type { RawConnection } from '../support/raw-server.ts'
import { fault } from './support/fault.ts'
import { ANSWER, FIRST_DELTA } from './support/stage.ts'

const SECRET = 'sk-planted-secret-1234567890'
const answered = (status: number, type: string, body: unknown): Fault => ({
  at: 'headers',
  effect: 'status',
  status,
  headers: { 'content-type': type },
  body,
})

fault('45: 200 with something else than a stream: a page', { options: { maxRetries: 0 } }, async (stage) => {
  stage.server.script([answered(200, 'text/html', `<html><body>Log in, ${SECRET}</body></html>`)])
  const error = stage.expectFailed(await stage.call(), 'unexpected_content')
  expect(error.message).toContain('Log in')
  expect(error.message).not.toContain(SECRET)
})

fault('45: 200 with something else than a stream: a page, then the stream', {}, async (stage) => {
  stage.server.script([answered(200, 'text/html', '<html>Please wait</html>'), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.decisions).toMatchObject([{ code: 'unexpected_content', lane: 'pushback' }])
})

fault('45: 200 with something else than a stream: an error in JSON', {}, async (stage) => {
  stage.server.script([
    answered(200, 'application/json', { error: { code: 'server_is_overloaded', message: 'Later.' } }),
    answered(200, 'application/json', { error: { code: 'insufficient_quota', message: 'Pay.' } }),
  ])
  const { failure, text, error } = await stage.call()
  if (stage.face === 'fetch') {
    expect(error).toBeUndefined()
    expect(text).toContain('insufficient_quota')
  } else expect(failure).toMatchObject({ upstreamCode: 'insufficient_quota' })
  expect(stage.decisions).toMatchObject([{ lane: 'pushback' }, { reason: 'not_retryable' }])
})

const WHOLE = { ...(ANSWER.at(-1) as unknown as { response: JsonObject }).response, padding: 'x'.repeat(6_000_000) }
fault('45: 200 with something else than a stream: a whole response, larger than a prelude', {}, async (stage) => {
  stage.server.script([answered(200, 'application/json', WHOLE), answered(200, 'application/json', WHOLE)])
  const { text, response, error } = await stage.call()
  expect(error).toBeUndefined()
  // A host that asked for a stream gets one made of it, which ends with the response as it came.
  const last = /event: response\.completed\ndata: (.*)\n\n$/.exec(text ?? '')?.[1]
  expect(stage.face === 'fetch' ? JSON.parse(last ?? '').response : response).toMatchObject(WHOLE)
  if (stage.face === 'fetch') await (await stage.client.fetch(`${stage.url}/v1/responses/resp_1`)).arrayBuffer()
  else expect(await stage.client.responses.retrieve(String((WHOLE as JsonObject).id))).toMatchObject(WHOLE)
})

fault('46: an empty answer to a streaming call', {}, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'status', status: 204 }, answered(200, 'text/event-stream', ''), 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['empty_response', 'empty_response'])
})

fault('46: an empty answer to any other call', { faces: ['fetch'] }, async (stage) => {
  stage.server.script([{ at: 'headers', effect: 'status', status: 204 }, answered(200, 'text/plain', '')])
  for (const status of [204, 200]) {
    const response = await stage.client.fetch(`${stage.url}/v1/echo`)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('')
  }
})

/** A head, and each piece in a chunk and a write of its own. */
function inPieces(connection: RawConnection, pieces: Iterable<Uint8Array>, headers = ''): void {
  connection.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n${headers}transfer-encoding: chunked\r\n\r\n`)
  for (const piece of pieces) {
    connection.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
  }
  connection.write(LAST_CHUNK)
}

function* bytesOf(text: string): Generator<Uint8Array> {
  for (const byte of Buffer.from(text)) yield Uint8Array.of(byte)
}

const ENCODERS = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, zstd: zlib.zstdCompressSync }
for (const [coding, encode] of Object.entries(ENCODERS)) {
  const encoded = encode(toSSE(ANSWER))
  const raw = (_request: unknown, connection: RawConnection): void =>
    inPieces(connection, [encoded.subarray(0, 40), encoded.subarray(40)], `content-encoding: ${coding}\r\n`)
  fault(`47: an encoded body: ${coding}`, { raw }, async (stage) => {
    stage.expectWhole(await stage.call())
    expect(stage.codes).toEqual([])
  })
}

fault(
  '48: one line without end',
  {
    options: { limits: { eventBytes: 100_000 } },
    raw: (_request, connection) => inPieces(connection, [Buffer.from(`data: ${'x'.repeat(150_000)}`)]),
  },
  async (stage) => {
    const error = stage.expectFailed(await stage.call(), 'event_too_large')
    expect(error).toMatchObject({ giveUpReason: 'not_retryable', retryable: false })
    expect(stage.raw.connections).toHaveLength(1)
    await stage.raw.connections[0]?.gone()
  },
)

const DELTA = { ...ANSWER[FIRST_DELTA], delta: 'a\u2028b\u{1f642}é\u0000 ' } as JsonObject
const DIFFICULT = ANSWER.map((event, index) => (index === FIRST_DELTA ? DELTA : event))
for (const [name, lineEnd, before] of [
  ['LF', '\n', ''],
  ['CRLF', '\r\n', '\ufeff'],
  ['CR', '\r', ''],
] as const) {
  const bytes = before + toSSE(DIFFICULT).replaceAll('\n', lineEnd)
  const raw = (_request: unknown, connection: RawConnection): void => inPieces(connection, bytesOf(bytes))
  fault(`49: every byte comes alone: ${name}`, { raw }, async (stage) => {
    const { events, text, response, error } = await stage.call()
    expect(error).toBeUndefined()
    if (stage.face === 'stream') expect(events).toEqual(DIFFICULT)
    if (stage.face === 'fetch') expect(`${before}${text}`).toBe(bytes)
    else expect(response).toMatchObject({ status: 'completed' })
  })
}

const BAD_UTF8 = Buffer.concat([
  Buffer.from(toSSE(ANSWER.slice(0, FIRST_DELTA))),
  ...sseFrame({ ...ANSWER[FIRST_DELTA], delta: 'a|b' })
    .split('|')
    .flatMap((part, index) => [...(index > 0 ? [Buffer.of(0xff, 0xc3)] : []), Buffer.from(part)]),
  Buffer.from(toSSE(ANSWER.slice(FIRST_DELTA + 1))),
])
fault(
  '50: bytes that are no UTF-8',
  { raw: (_request, connection) => inPieces(connection, [BAD_UTF8]) },
  async (stage) => {
    const { events, error } = await stage.call()
    expect(error).toBeUndefined()
    if (stage.face !== 'create') expect(events[FIRST_DELTA]).toMatchObject({ delta: 'a\ufffd\ufffdb' })
  },
)

const NO_JSON = 'data: {"type": "response.output_text.delta", "delta\n\n'
fault('50: malformed JSON before the commit', {}, async (stage) => {
  stage.server.script([{ at: 'before_event', event: 2, effect: 'event', raw: NO_JSON }, 'ok'])
  stage.expectWhole(await stage.call())
  expect(stage.codes).toEqual(['malformed_event'])
})

fault('50: malformed JSON after the commit', {}, async (stage) => {
  stage.scriptInterruption({ at: 'before_event', event: FIRST_DELTA + 1, effect: 'event', raw: NO_JSON })
  const outcome = await stage.call()
  if (stage.face === 'create') {
    stage.expectWhole(outcome)
    return
  }
  expect(stage.expectFailed(outcome, 'malformed_event').name).toBe('StreamInterruptedError')
  const heard = toSSE(ANSWER.slice(0, FIRST_DELTA + 1))
  if (stage.face === 'stream') expect(outcome.events).toEqual(ANSWER.slice(0, FIRST_DELTA + 1))
  else expect(outcome.text?.startsWith(heard)).toBe(true)
})

const UNKNOWN: JsonObject[] = [
  { type: 'response.brand_new.thing', sequence_number: 20, nested: { a: [1] } },
  { type: 'response.brand_new.delta', delta: 'x' },
  { type: 'constructor', __proto__x: 1 },
]
const MIXED = [
  ...ANSWER.slice(0, -1),
  ...UNKNOWN,
  { ...ANSWER.at(-1), sequence_number: 21, unknown: true } as JsonObject,
]
fault('51: unknown events and fields', { server: { respond: () => MIXED } }, async (stage) => {
  stage.expectWhole(await stage.call(), MIXED)
})
