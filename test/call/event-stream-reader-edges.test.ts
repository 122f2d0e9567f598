import { describe, expect, it } from 'vitest'
import { EventStreamReader } from '../../src/call/event-stream-reader.ts'
import { encode, frame, readerContext, shown } from './reader-context.ts'

const MARK = 'data: [DONE]\n\n'
const CREATED = frame({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } })
const DELTA = frame({ type: 'response.output_text.delta', delta: 'x' })

const read = (given: Parameters<typeof readerContext>[0], ...pieces: readonly string[]) => {
  const reader = new EventStreamReader(readerContext(given))
  const results = pieces.map((piece) => reader.push(encode(piece)))
  return { results, shown: results.map(shown), reader }
}

describe('an end mark before the first event', () => {
  it('is left out, together with the bytes before it, and the stream continues', () => {
    const { results, shown } = read({}, ': hi\n\n', `${MARK}${CREATED}`, DELTA)
    expect(shown).toEqual([{ text: ': hi\n\n' }, { text: CREATED, drops: true }, { text: DELTA, commit: 'progress' }])
    expect(results[1]?.events.map(({ type }) => type)).toEqual(['response.created'])
  })

  it('by itself leaves nothing to hand over', () => {
    expect(read({}, ': hi\n\n', MARK, CREATED).shown).toEqual([
      { text: ': hi\n\n' },
      { drops: true },
      { text: CREATED },
    ])
  })

  it('also drops the bytes before it from what is held: neither fills the prelude', () => {
    const comment = `: ${'x'.repeat(300)}\n\n`
    const { shown } = read({ maxPreludeBytes: 500 }, comment, `${MARK}${comment}`, comment)
    expect(shown.map((result) => 'commit' in result && result.commit)).toEqual([false, false, 'prelude_full'])
  })

  it('also drops the beginning of a frame that waits for its end', () => {
    const { shown } = read({ wholeFrames: true }, ': a\n\n: b', `\n\n${MARK}${CREATED.slice(0, 9)}`, CREATED.slice(9))
    expect(shown).toEqual([{ text: ': a\n\n' }, { drops: true }, { text: CREATED }])
  })

  it('is passed on if the output is handed over already', () => {
    const reader = new EventStreamReader(readerContext())
    reader.committed()
    expect(shown(reader.push(encode(`${MARK}${CREATED}`)))).toEqual({ text: `${MARK}${CREATED}` })
  })
})

it('a stream of another API is read up to the event by which it is known', () => {
  const { results } = read({}, `${frame({ type: 'ping' })}${frame({ choices: [] })}${frame({ choices: [1] })}`)
  expect(results[0]?.failure?.code).toBe('unexpected_content')
  expect(results[0]?.events.map(({ json }) => json)).toEqual([{ type: 'ping' }, { choices: [] }])
})

it('a failed response is the result of a call that asked for it as JSON, and a failure of every other call', () => {
  const failed = frame({ type: 'response.failed', response: { id: 'resp_1', status: 'failed', error: { code: 'x' } } })
  const last = (kind: 'json' | 'stream') => read({ kind, needsEvents: true }, CREATED, failed).shown[1]
  expect(last('json')).toEqual({ text: failed, commit: 'terminal', finished: true })
  expect(last('stream')).toEqual({ text: failed, code: 'response_failed', finished: true })
})
