import { describe, expect, it } from 'vitest'
import { AnswerReader, failureOf, looksLikeResponse, PassthroughReader } from '../../src/call/answer-reader.ts'
import type { ReadResult } from '../../src/call/response-reader.ts'
import { failure } from '../../src/errors/failure.ts'
import { encode, readerContext, shown } from './reader-context.ts'

type Given = Parameters<typeof readerContext>[0]
type More = Partial<ReturnType<typeof readerContext>>

function judged(given: Given, text: string, more: More = {}): ReadResult {
  const reading = new AnswerReader({ ...readerContext(given), ...more })
  reading.push(encode(text))
  return reading.end()
}

const reset = failure('connection_reset')

describe('an answer that breaks off', () => {
  const reading = (given: Given) => new AnswerReader(readerContext(given))

  it('of a passthrough call fails as its head says, until it was handed over', () => {
    const passthrough = reading({ kind: 'passthrough', status: 503 })
    expect(passthrough.brokenOff(reset)).toMatchObject({ code: 'http_status', status: 503, lane: 'pushback' })
    passthrough.committed()
    expect(passthrough.brokenOff(reset)).toBe(reset)
    expect(failureOf(readerContext({ status: 429 }))).toMatchObject({ status: 429, refused: true })
  })

  it('of any other call fails as the transport says', () => {
    expect(reading({ kind: 'json', status: 503 }).brokenOff(reset)).toBe(reset)
  })
})

describe('an error whose body does not end in time', () => {
  it('is judged by the bytes that came', () => {
    const reading = new AnswerReader(readerContext({ status: 429 }))
    reading.push(encode('{"error":{"code":"insufficient_quota"}}'))
    const result = reading.lingered()
    expect(shown(result)).toEqual({ code: 'http_status', finished: true })
    expect(result.failure).toMatchObject({ upstreamCode: 'insufficient_quota', lane: undefined })
  })

  it('reports nothing more once it was handed over', () => {
    const reading = new AnswerReader(readerContext({ status: 400 }))
    reading.push(encode('{"error":'))
    reading.committed()
    expect(shown(reading.lingered())).toEqual({})
  })
})

describe('an answer that is judged as a whole', () => {
  it('is reported as one', () => {
    expect(new AnswerReader(readerContext()).readsWhole).toBe(true)
  })

  it('of a passthrough call is handed over if it is too large', () => {
    const reading = new AnswerReader(readerContext({ kind: 'passthrough', status: 503 }))
    const text = 'x'.repeat(501)
    expect(shown(reading.push(encode(text)))).toEqual({ text, commit: 'answer' })
  })

  it('of another response fails, and its connection is not used again', () => {
    const asked: More = { expects: ['resp_1'] }
    expect(shown(judged({ kind: 'json' }, '{"id":"resp_2"}', asked))).toEqual({ code: 'wrong_response' })
    expect(shown(judged({ kind: 'json' }, '{"id":"resp_1"}', asked))).toEqual({ commit: 'answer', finished: true })
  })

  it('of status 300 is handed over unread', () => {
    expect(shown(judged({ kind: 'json', status: 300 }, 'Choose.'))).toEqual({ commit: 'answer', finished: true })
  })

  it('reports no ids without a need, and no ids of a failure', () => {
    const body = '{"id":"resp_1"}'
    const json = { kind: 'json', type: 'application/json' } as const
    expect(judged(json, body).ids).toEqual(['resp_1'])
    expect(judged(json, body, { wantsIds: false }).ids).toBeUndefined()
    expect(judged({ ...json, type: 'text/plain' }, body).ids).toBeUndefined()
    expect(judged({ ...json, status: 500 }, body).ids).toBeUndefined()
  })

  it('that names a failed status is a failure, even without other fields', () => {
    expect(judged({}, '{"status_code":429}').failure).toMatchObject({ code: 'response_failed', statusInStream: 429 })
  })

  it('shows ten of its fields', () => {
    const body = Object.fromEntries([...'abcdefghijkl'].map((name) => [name, 1]))
    expect(judged({}, JSON.stringify(body)).failure?.message).toMatch(/an object with a, b, c, d, e, f, g, h, i, j, …$/)
    expect(judged({}, '{"id":').failure?.message).toMatch(/: broken JSON$/)
  })

  it('is kept unchanged on the error', () => {
    expect(judged({ status: 500 }, '{"x":1}').failure?.answer?.body).toEqual({ x: 1 })
    expect(judged({ status: 500 }, 'Down').failure?.answer?.body).toBe('Down')
  })

  it('counts as a response by its status `failed` alone, but not in the format of another API', () => {
    expect(looksLikeResponse({ status: 'failed' })).toBe(true)
    expect(looksLikeResponse({ id: 'c', object: 'chat.completion' })).toBe(false)
  })
})

describe('advice about the address', () => {
  const said = (text: string, type?: string, status = 404) => judged({ status, type }, text).failure

  it.each([
    ['a page', '<p>Nothing here</p>', 'text/html'],
    ['nothing', '', undefined],
    ['JSON that says no more', '{"detail":"Not Found"}', 'application/json'],
  ])('is given for a 404 that is %s', (_, text, type) => {
    const failed = said(text, type)
    expect(failed?.advice).toMatch(/^The address was api\.test\/v1\/responses\. baseURL may be wrong/)
    expect(failed?.message.endsWith(`. ${failed.advice}`)).toBe(true)
  })

  it.each([
    ['JSON', '{"error":{"code":"model_not_found","message":"No such model."}}', 'application/json'],
    ['an event', 'data: {"type":"error","code":"model_not_found"}\n\n', 'text/event-stream'],
    ['a lost conversation', '{"error":{"code":"previous_response_not_found"}}', 'application/json'],
    ['a lost conversation in words', "Previous response with id 'resp_1' not found.", 'text/plain'],
  ])('is not given for a 404 of the API itself: %s', (_, text, type) => {
    expect(said(text, type)?.advice).toBeUndefined()
  })

  it('is not given for an answer that is too large to be parsed', () => {
    const reading = new AnswerReader(readerContext({ status: 404, type: 'text/plain' }))
    expect(shown(reading.push(encode('x'.repeat(501))))).toEqual({ text: 'x'.repeat(501), commit: 'answer' })
    expect(said('<p>x</p>', 'text/html', 500)?.advice).toBeUndefined()
  })
})

it('an error status with events none of which is an error says no more than its status', () => {
  const text = 'data: {"type":"response.note","code":"other","message":"m"}\n\n'
  const { failure: failed } = judged({ status: 500, type: 'text/event-stream' }, text)
  expect(failed).toMatchObject({ message: 'api.test answered 500', upstreamCode: undefined })
})

describe('an answer that is passed on', () => {
  it('reports its ids once: when enough has come, or at its end', () => {
    const json = readerContext({ kind: 'passthrough', type: 'application/json' })
    const short = new PassthroughReader(json)
    expect(short.push(encode('{"id":"resp_1"}')).ids).toBeUndefined()
    expect(short.end().ids).toEqual(['resp_1'])
    expect(short.end().ids).toBeUndefined()
    const long = new PassthroughReader(json)
    const results = [`{"id":"resp_1","x":"`, ...Array.from({ length: 80 }, () => 'x'.repeat(1000))].map((text) =>
      long.push(encode(text)),
    )
    expect(results.filter(({ ids }) => ids !== undefined).map(({ ids }) => ids)).toEqual([['resp_1']])
  })
})
