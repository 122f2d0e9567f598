import { expect, it } from 'vitest'
import { AnswerReader, PassthroughReader } from '../../src/call/answer-reader.ts'
import { OpeningReader } from '../../src/call/opening-reader.ts'
import { readerFor } from '../../src/call/reader-for.ts'
import { headerOf, requestIdOf } from '../../src/call/response-reader.ts'
import { readerContext } from './reader-context.ts'

it.each([
  // What a successful answer is, its first bytes say.
  ['stream', 200, OpeningReader],
  ['stream', 299, OpeningReader],
  ['json', 200, OpeningReader],
  ['stream', 199, AnswerReader],
  ['stream', 204, AnswerReader],
  ['stream', 400, AnswerReader],
  ['json', 500, AnswerReader],
  // None of ours.
  ['passthrough', 200, PassthroughReader],
  ['passthrough', 500, PassthroughReader],
  ['stream', 300, PassthroughReader],
  ['json', 399, PassthroughReader],
] as const)('a %s call that is answered with %i', (kind, status, expected) => {
  for (const type of ['text/event-stream', 'application/json', undefined]) {
    const { reader, commitAtOnce } = readerFor(readerContext({ kind, status, type }))
    expect(reader).toBeInstanceOf(expected)
    expect(commitAtOnce).toBe(expected === PassthroughReader)
  }
})

it('a header is found by its name, and the first of that name counts', () => {
  const head = (...headers: [string, string][]) => ({ status: 200, statusText: '', headers })
  expect(headerOf(head(['a', '1'], ['b', '2'], ['b', '3']), 'b')).toBe('2')
  expect(headerOf(head(['a', '1']), 'b')).toBeUndefined()
  expect(requestIdOf(head(['request-id', '2'], ['x-request-id', '1']))).toBe('1')
  expect(requestIdOf(head(['x-request-id', 'req_1, 0f3e-aa|b']))).toBe('req_1, 0f3e-aa|b')
  // It may be a part of the request.
  expect(requestIdOf(head(['x-request-id', 'where is the treasure']))).toBeUndefined()
  expect(requestIdOf(head(['request-id', '2']))).toBe('2')
  expect(requestIdOf(head())).toBeUndefined()
})
