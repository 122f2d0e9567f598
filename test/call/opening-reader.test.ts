import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerReader } from '../../src/call/answer-reader.ts'
import { EventStreamReader } from '../../src/call/event-stream-reader.ts'
import { openingOf } from '../../src/call/opening.ts'
import { OpeningReader } from '../../src/call/opening-reader.ts'
import type { ReadResult, ResponseReader } from '../../src/call/response-reader.ts'
import { encode, frame, readerContext, shown } from './reader-context.ts'

const STREAM = 'Text/Event-Stream; charset=utf-8'

/** Reads a whole answer as an attempt does: with what takes over, once that is chosen. */
function read(given: Parameters<typeof readerContext>[0], ...pieces: readonly string[]) {
  const opening = new OpeningReader(readerContext(given))
  let reader: ResponseReader = opening
  const chosen: ResponseReader[] = []
  const follow = (verdict: ReadResult): ReadResult => {
    if (verdict.next !== undefined) chosen.push(verdict.next)
    reader = verdict.next ?? reader
    return verdict
  }
  const verdicts = pieces.map((piece) => follow(reader.push(encode(piece))))
  return { verdicts, chosen, end: () => follow(reader.end()) }
}

describe('the first bytes of an answer', () => {
  it.each<[text: string, opening: ReturnType<typeof openingOf>]>([
    ['data: x', 'stream'],
    ['data:', 'stream'],
    ['data\n', 'stream'],
    ['event: x', 'stream'],
    ['id: 1', 'stream'],
    ['retry: 1', 'stream'],
    [': hello', 'stream'],
    ['\n\r\n data: x', 'text'],
    ['\n\r\ndata: x', 'stream'],
    ['\ufeffdata: x', 'stream'],
    ['{"a":1}', 'json'],
    [' \n [', 'json'],
    ['"words"', 'json'],
    ['\ufeff{', 'json'],
    ['<!doctype html>', 'page'],
    ['\n<p>', 'page'],
    ['data center down', 'text'],
    ['identity unknown', 'text'],
    ['events', 'text'],
    ['Blocked', 'text'],
    ['5', 'text'],
    ['', undefined],
    [' \n', undefined],
    ['\ufeff', undefined],
    ['d', undefined],
    ['data', undefined],
    ['retry', undefined],
    ['i', undefined],
  ])('%j look like: %s', (text, opening) => {
    expect(openingOf(encode(text))).toBe(opening)
  })

  it('decide the same however they are cut', () => {
    const beginnings = [
      'data: {}',
      'event: x',
      ': c',
      '{"a":1}',
      '<p>',
      'Blocked',
      'data center',
      '\ufeffid: 1',
      '\n\n[1]',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.array(fc.nat(12), { maxLength: 4 }), (text, at) => {
        const bytes = encode(text)
        const cuts = [...new Set(at)].sort((a, b) => a - b).filter((cut) => cut > 0 && cut < bytes.length)
        let seen: ReturnType<typeof openingOf>
        for (const cut of [...cuts, bytes.length]) seen ??= openingOf(bytes.subarray(0, cut))
        expect(seen).toBe(openingOf(bytes))
      }),
    )
  })
})

describe('an answer that begins', () => {
  it.each<[text: string, type: string | undefined, expected: unknown]>([
    // The bytes say what it is, whatever the label says.
    [frame({ type: 'ping' }), 'application/json', EventStreamReader],
    [frame({ type: 'ping' }), 'text/html', EventStreamReader],
    [frame({ type: 'ping' }), undefined, EventStreamReader],
    ['{"a":1}', STREAM, AnswerReader],
    ['{"a":1}', 'text/plain', AnswerReader],
    ['<p>', STREAM, AnswerReader],
    // They do not: unknown fields are allowed in a stream.
    ['something: else\n\n', STREAM, EventStreamReader],
    ['Blocked', 'text/plain', AnswerReader],
    ['Blocked', undefined, AnswerReader],
  ])('%j with the content-type %s', (text, type, expected) => {
    for (const kind of ['stream', 'json'] as const) {
      for (const pieces of [[text], text.split('')]) {
        const { chosen, verdicts } = read({ kind, type }, ...pieces)
        expect(chosen).toHaveLength(1)
        expect(chosen[0]).toBeInstanceOf(expected)
        const handed = verdicts.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
        expect(handed).toBe(text)
      }
    }
  })

  it('with white space is awaited, up to a limit', () => {
    const { chosen, verdicts } = read({ type: STREAM }, ' '.repeat(4096))
    expect(verdicts.map(shown)).toEqual([{}])
    expect(chosen).toHaveLength(0)
    expect(read({ type: STREAM }, ' '.repeat(4096), ' ').chosen[0]).toBeInstanceOf(EventStreamReader)
    expect(read({}, ' '.repeat(4097)).chosen[0]).toBeInstanceOf(AnswerReader)
  })

  it.each<[what: string, type: string | undefined, kind: 'stream' | 'json', text: string, expected: object]>([
    ['with nothing', STREAM, 'stream', '', { code: 'empty_response' }],
    ['with nothing', undefined, 'stream', '', { code: 'empty_response' }],
    ['with nothing', 'application/json', 'stream', '', { code: 'empty_response' }],
    ['with nothing', undefined, 'json', '', { commit: 'answer', finished: true }],
    ['with white space alone', STREAM, 'stream', '\n', { text: '\n', code: 'stream_incomplete' }],
    ['with white space alone', 'text/plain', 'stream', '\n', { text: '\n', code: 'empty_response', finished: true }],
    ['with half a field', 'text/plain', 'stream', 'dat', { text: 'dat', code: 'unexpected_content', finished: true }],
  ])('%s ends as its content-type says: %s', (_, type, kind, text, expected) => {
    const { end } = read({ type, kind }, ...(text === '' ? [] : [text]))
    expect(shown(end())).toEqual(expected)
  })

  it('after a commit by time is handed over as it comes', () => {
    const opening = new OpeningReader(readerContext({ type: 'text/plain', kind: 'json' }))
    opening.committed()
    const { next } = opening.push(encode('Blocked'))
    expect(next?.end()).toMatchObject({ finished: true })
    expect(next?.end()).not.toHaveProperty('commit')
  })
})

describe('an answer that was handed over before its first byte', () => {
  const opened = (
    type: string,
    text: string,
    isCommitted: boolean,
  ): ResponseReader & { readonly first: ReadResult } => {
    const opening = new OpeningReader(readerContext({ type, kind: 'json' }))
    if (isCommitted) opening.committed()
    const first = opening.push(encode(text))
    return Object.assign(first.next as ResponseReader, { first })
  }

  it('is not handed over again by the progress of its stream', () => {
    const text = frame({ type: 'response.output_text.delta', delta: 'x' })
    const commits = [false, true].map((isCommitted) => opened('text/event-stream', text, isCommitted).first.commit)
    expect(commits).toEqual(['progress', undefined])
  })

  it('is not judged as a whole: its caller has it', () => {
    const ends = [false, true].map((isCommitted) => opened('application/json', '<p>', isCommitted).end().failure?.code)
    expect(ends).toEqual(['unexpected_content', undefined])
  })
})
