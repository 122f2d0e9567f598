import { expect, it } from 'vitest'
import { AnswerReading, PassThroughReading } from '../../src/call/answer-reading.ts'
import { headerOf, requestIdOf } from '../../src/call/reading.ts'
import { readingFor } from '../../src/call/reading-for.ts'
import { StreamReading } from '../../src/call/stream-reading.ts'
import { readingContext } from './reading-context.ts'

const STREAM = 'Text/Event-Stream; charset=utf-8'

it.each([
  // A stream was asked for: only a label that cannot be one counts.
  ['stream', 200, STREAM, StreamReading],
  ['stream', 200, undefined, StreamReading],
  ['stream', 200, 'text/plain', StreamReading],
  ['stream', 299, 'application/octet-stream', StreamReading],
  ['stream', 200, 'Application/JSON', AnswerReading],
  ['stream', 200, 'text/HTML', AnswerReading],
  ['stream', 200, 'text/XML', AnswerReading],
  ['stream', 199, STREAM, AnswerReading],
  ['stream', 204, STREAM, AnswerReading],
  ['stream', 400, STREAM, AnswerReading],
  // None was, or nobody knows.
  ['json', 200, STREAM, StreamReading],
  ['json', 200, 'application/json', AnswerReading],
  ['json', 200, undefined, AnswerReading],
  ['json', 500, STREAM, AnswerReading],
  // None of ours.
  ['other', 200, STREAM, PassThroughReading],
  ['other', 500, 'application/json', PassThroughReading],
  ['stream', 300, STREAM, PassThroughReading],
  ['json', 399, 'application/json', PassThroughReading],
] as const)('a %s call that is answered with %i %s', (kind, status, type, expected) => {
  const { reading, commitAtOnce } = readingFor(readingContext({ kind, status, type }).context)
  expect(reading).toBeInstanceOf(expected)
  expect(commitAtOnce).toBe(expected === PassThroughReading)
})

it('a header is found by its name, and the first of that name counts', () => {
  const head = (...headers: [string, string][]) => ({ status: 200, statusText: '', headers })
  expect(headerOf(head(['a', '1'], ['b', '2'], ['b', '3']), 'b')).toBe('2')
  expect(headerOf(head(['a', '1']), 'b')).toBeUndefined()
  expect(requestIdOf(head(['request-id', '2'], ['x-request-id', '1']))).toBe('1')
  expect(requestIdOf(head(['request-id', '2']))).toBe('2')
  expect(requestIdOf(head())).toBeUndefined()
})
