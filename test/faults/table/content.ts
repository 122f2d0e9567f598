import zlib from 'node:zlib'
import { expect } from 'vitest'
import { type JsonObject, sseFrame, toSSE } from '../../../src/testing/index.ts'
import { until } from '../../support/until.ts'
import { ANSWER, FIRST_DELTA, page, sendRaw, stall, status } from '../support/acts.ts'
import { answeringWith } from '../support/raw-body.ts'
import type { Case, Chapter } from '../support/row.ts'

const SECRET = 'sk-planted-secret-1234567890'
const RESPONSE = (ANSWER.at(-1)?.response ?? {}) as JsonObject & { readonly id: string }
const LARGE = { ...RESPONSE, padding: 'x'.repeat(6_000_000) }
const TO_DELTA = ANSWER.slice(0, FIRST_DELTA + 1)
const NO_JSON = 'data: {"type": "response.output_text.delta", "delta\n\n'

const DELTA: JsonObject = { ...ANSWER[FIRST_DELTA], delta: 'a\u2028b\u{1f642}é\u0000 ' }
const DIFFICULT = ANSWER.map((event, index) => (index === FIRST_DELTA ? DELTA : event))

function bytewise(what: string, lineEnd: string, before: string): Case {
  const text = before + toSSE(DIFFICULT).replaceAll('\n', lineEnd)
  return {
    what: `every byte comes alone: ${what}`,
    endpoint: [{ body: Buffer.from(text), pieceBytes: 1 }],
    play: async (stage) => {
      const { events, text: seen, response, error } = await stage.call()
      expect(error).toBeUndefined()
      if (stage.face === 'stream') expect(events).toEqual(DIFFICULT)
      if (stage.face === 'fetch') expect(`${before}${seen}`).toBe(text)
      else expect(response).toMatchObject({ status: 'completed' })
    },
  }
}

function encoded(coding: string, encode: (text: string) => Buffer): Case {
  const body = encode(toSSE(ANSWER))
  return {
    what: coding,
    only: { on: 'sockets', because: 'a fake transport gives the body as it is decoded' },
    codes: [],
    sockets: { raw: answeringWith({ body, pieceBytes: 40 }, `content-encoding: ${coding}\r\n`) },
  }
}

const BAD_UTF8 = Buffer.concat([
  Buffer.from(toSSE(ANSWER.slice(0, FIRST_DELTA))),
  ...sseFrame({ ...ANSWER[FIRST_DELTA], delta: 'a|b' })
    .split('|')
    .flatMap((part, index) => [...(index > 0 ? [Buffer.of(0xff, 0xc3)] : []), Buffer.from(part)]),
  Buffer.from(toSSE(ANSWER.slice(FIRST_DELTA + 1))),
])

const MIXED: JsonObject[] = [
  ...ANSWER.slice(0, -1),
  { type: 'response.brand_new.thing', sequence_number: 20, nested: { a: [1] } },
  { type: 'response.brand_new.delta', delta: 'x' },
  { type: 'constructor', __proto__x: 1 },
  { ...ANSWER.at(-1), sequence_number: 21, unknown: true },
]

/** What is wrong with the body. */
export const CONTENT: Chapter = {
  45: {
    title: '200 with something else than a stream',
    expectation: 'classified; an excerpt without secrets',
    cases: [
      {
        what: 'a page',
        options: { maxRetries: 0 },
        endpoint: [page('text/html', `<html><body>Log in, ${SECRET}</body></html>`)],
        sees: {
          error: 'unexpected_content',
          with: { responseStarted: true, message: expect.stringContaining('Log in') },
        },
        check: (_stage, { failure }) => expect(failure?.message).not.toContain(SECRET),
      },
      {
        what: 'a page, then the stream',
        endpoint: [page('text/html', '<html>Please wait</html>'), 'ok'],
        decisions: [{ code: 'unexpected_content', retry: true, lane: 'pushback' }],
      },
      {
        what: 'an error in JSON',
        endpoint: [
          page('application/json', { error: { code: 'server_is_overloaded', message: 'Later.' } }),
          page('application/json', { error: { code: 'insufficient_quota', message: 'Pay.' } }),
        ],
        play: async (stage) => {
          const { failure, text, error } = await stage.call()
          if (stage.face === 'fetch') {
            expect(error).toBeUndefined()
            expect(text).toContain('insufficient_quota')
          } else expect(failure).toMatchObject({ upstreamCode: 'insufficient_quota' })
          expect(stage.decisions).toMatchObject([
            { code: 'response_failed', retry: true, lane: 'pushback' },
            { retry: false, reason: 'not_retryable' },
          ])
        },
      },
      {
        what: 'a whole response, larger than a prelude',
        endpoint: [page('application/json', LARGE), page('application/json', LARGE)],
        play: async (stage) => {
          const { text, response, error } = await stage.call()
          expect(error).toBeUndefined()
          // A host that asked for a stream gets one made of it, which ends with the response as it came.
          const last = /event: response\.completed\ndata: (.*)\n\n$/.exec(text ?? '')?.[1]
          expect(stage.face === 'fetch' ? JSON.parse(last ?? '').response : response).toMatchObject(LARGE)
          const again = stage.client.responses.retrieve(LARGE.id)
          expect(await again).toMatchObject(LARGE)
        },
      },
    ],
  },
  46: {
    title: 'an empty answer',
    expectation: 'retried where a stream was asked for, else passed on',
    cases: [
      {
        what: 'to a streaming call',
        endpoint: [status(204), page('text/event-stream', ''), 'ok'],
        codes: ['empty_response', 'empty_response'],
      },
      {
        what: 'to any other call',
        faces: ['fetch'],
        endpoint: [status(204), page('text/plain', '')],
        play: async (stage) => {
          for (const expected of [204, 200]) {
            const response = await stage.client.fetch(`${stage.url}/v1/echo`)
            expect(response.status).toBe(expected)
            expect(await response.text()).toBe('')
          }
        },
      },
    ],
  },
  47: {
    title: 'an encoded body',
    expectation: 'decoded; a bomb is bounded',
    cases: [
      encoded('gzip', (text) => zlib.gzipSync(text)),
      encoded('br', (text) => zlib.brotliCompressSync(text)),
      encoded('zstd', (text) => zlib.zstdCompressSync(text)),
    ],
    elsewhere: [['test/security/floods.test.ts', 'a bomb is bounded']],
  },
  48: {
    title: 'one line without end',
    expectation: 'stopped at the bound',
    cases: [
      {
        options: { limits: { eventBytes: 100_000 } },
        endpoint: [[sendRaw(0, `data: ${'x'.repeat(150_000)}`), stall(0)]],
        hangsUp: true,
        sees: {
          error: 'event_too_large',
          with: { giveUpReason: 'not_retryable', retryable: false, attempts: { length: 1 } },
        },
        check: (stage) => until(() => stage.requests[0]?.hungUp === true, 'the endpoint sees the client go'),
      },
    ],
    elsewhere: [['test/security/floods.test.ts', 'a flood is bounded']],
  },
  49: {
    title: 'a stream cut anywhere',
    expectation: 'the same events',
    cases: [bytewise('LF', '\n', ''), bytewise('CRLF', '\r\n', '\ufeff'), bytewise('CR', '\r', '')],
    elsewhere: [
      ['test/sse/tap-cuts.test.ts', 'gives the same events for every cut'],
      ['test/responses/cuts.test.ts', 'however the bytes are cut'],
    ],
  },
  50: {
    title: 'bytes that are no UTF-8, data that is no JSON',
    expectation: 'U+FFFD; retried, or an interruption',
    cases: [
      {
        what: 'bytes that are no UTF-8',
        endpoint: [{ body: BAD_UTF8 }],
        play: async (stage) => {
          const { events, error } = await stage.call()
          expect(error).toBeUndefined()
          if (stage.face !== 'create') expect(events[FIRST_DELTA]).toMatchObject({ delta: 'a\ufffd\ufffdb' })
        },
      },
      {
        what: 'malformed JSON before the commit',
        endpoint: [[sendRaw(2, NO_JSON), stall(2)], 'ok'],
        hangsUp: true,
        codes: ['malformed_event'],
      },
      {
        what: 'malformed JSON after the commit',
        endpoint: [[sendRaw(FIRST_DELTA + 1, NO_JSON), stall(FIRST_DELTA + 1)]],
        hangsUp: true,
        sees: {
          stream: { interrupted: 'malformed_event', heard: TO_DELTA },
          create: { interrupted: 'malformed_event' },
          fetch: { error: 'malformed_event', with: { name: 'StreamInterruptedError', giveUpReason: 'committed' } },
        },
        check: ({ face }, { text }) => {
          if (face === 'fetch') expect(text?.startsWith(toSSE(TO_DELTA))).toBe(true)
        },
      },
    ],
  },
  51: {
    title: 'unknown events and fields',
    expectation: 'passed through',
    cases: [{ answer: MIXED }],
  },
}
