import { expect, it } from 'vitest'
import { AnswerReading, PassThroughReading } from '../../src/call/answer-reading.ts'
import { OpeningReading } from '../../src/call/opening-reading.ts'
import { headerOf, requestIdOf } from '../../src/call/reading.ts'
import { readingFor } from '../../src/call/reading-for.ts'
import { readingContext } from './reading-context.ts'

it.each([
  // What a successful answer is, its first bytes say.
  ['stream', 200, OpeningReading],
  ['stream', 299, OpeningReading],
  ['json', 200, OpeningReading],
  ['stream', 199, AnswerReading],
  ['stream', 204, AnswerReading],
  ['stream', 400, AnswerReading],
  ['json', 500, AnswerReading],
  // None of ours.
  ['other', 200, PassThroughReading],
  ['other', 500, PassThroughReading],
  ['stream', 300, PassThroughReading],
  ['json', 399, PassThroughReading],
] as const)('a %s call that is answered with %i', (kind, status, expected) => {
  for (const type of ['text/event-stream', 'application/json', undefined]) {
    const { reading, commitAtOnce } = readingFor(readingContext({ kind, status, type }).context)
    expect(reading).toBeInstanceOf(expected)
    expect(commitAtOnce).toBe(expected === PassThroughReading)
  }
})

it('a header is found by its name, and the first of that name counts', () => {
  const head = (...headers: [string, string][]) => ({ status: 200, statusText: '', headers })
  expect(headerOf(head(['a', '1'], ['b', '2'], ['b', '3']), 'b')).toBe('2')
  expect(headerOf(head(['a', '1']), 'b')).toBeUndefined()
  expect(requestIdOf(head(['request-id', '2'], ['x-request-id', '1']))).toBe('1')
  expect(requestIdOf(head(['request-id', '2']))).toBe('2')
  expect(requestIdOf(head())).toBeUndefined()
})
