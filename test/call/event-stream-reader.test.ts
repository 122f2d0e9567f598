import { describe, expect, it } from 'vitest'
import { EventStreamReader } from '../../src/call/event-stream-reader.ts'
import type { ReadResult } from '../../src/call/response-reader.ts'
import { encode, frame, readerContext, shown } from './reader-context.ts'

const CREATED = frame({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } })
const QUEUED = frame({ type: 'response.queued' })
const DELTA = frame({ type: 'response.output_text.delta', delta: 'x' })
const COMPLETED = frame({ type: 'response.completed', response: { id: 'resp_1', status: 'completed' } })

/** Reads these pieces, as an attempt does: a verdict that commits is told back. What it told of each, end included. */
function read(given: Parameters<typeof readerContext>[0], ...pieces: readonly (string | 'END')[]) {
  const reading = new EventStreamReader(readerContext(given))
  const verdicts = pieces.map((piece) => {
    const verdict = piece === 'END' ? reading.end() : reading.push(encode(piece))
    if (verdict.commit !== undefined) reading.committed()
    return verdict
  })
  const events = verdicts.flatMap((verdict) => verdict.events)
  return { verdicts, shown: verdicts.map(shown), events, reading, last: verdicts.at(-1) }
}

describe('the commit', () => {
  it('comes with the first progress, and once', () => {
    expect(read({}, CREATED, QUEUED, DELTA, DELTA, COMPLETED).shown).toEqual([
      { text: CREATED },
      { text: QUEUED },
      { text: DELTA, commit: 'progress' },
      { text: DELTA },
      { text: COMPLETED, commit: 'terminal', finished: true },
    ])
  })

  it('comes with the first event if that is wanted, heartbeats included', () => {
    const ping = frame({ type: 'keepalive' })
    expect(read({ commitAt: 'first_event' }, ': hi\n\n', ping).shown).toEqual([
      { text: ': hi\n\n' },
      { text: ping, commit: 'first_event' },
    ])
    expect(read({ commitAt: 'first_event' }, DELTA).shown).toEqual([{ text: DELTA, commit: 'progress' }])
  })

  it('comes with the id of the response if the caller needs it', () => {
    expect(read({ commitWithId: true }, QUEUED, CREATED).shown).toEqual([
      { text: QUEUED },
      { text: CREATED, commit: 'first_event' },
    ])
  })

  it('comes when the prelude exceeds its limit', () => {
    const half = `: ${'x'.repeat(246)}\n\n`
    expect(half).toHaveLength(250)
    expect(read({}, half, half).shown).toEqual([{ text: half }, { text: half }])
    expect(read({}, half, half, ':').shown[2]).toEqual({ text: ':', commit: 'prelude_full' })
    // Progress in the same piece says more.
    expect(read({}, half, half + DELTA).shown[1]).toEqual({ text: half + DELTA, commit: 'progress' })
    // Behind the commit nothing is counted.
    expect(read({}, DELTA, half, half, half).shown[3]).toEqual({ text: half })
  })

  it('does not come with a reported failure, but with every result', () => {
    for (const type of ['response.failed', 'response.error']) {
      const text = frame({ type, response: { error: { code: 'server_error' } } })
      expect(read({}, text).shown).toEqual([{ text, finished: true, code: 'response_failed' }])
    }
    const done = (type: string, status?: string) => frame({ type, message: 'why', response: { status } })
    for (const [text, isResult] of [
      [done('response.completed'), true],
      [done('response.completed', 'failed'), false],
      [done('response.incomplete', 'failed'), false],
      [done('response.done'), true],
      [done('response.done', 'cancelled'), true],
      [done('response.done', 'failed'), false],
    ] as const) {
      const expected = isResult ? { commit: 'terminal' } : { code: 'response_failed' }
      expect(read({}, text).shown).toEqual([{ text, finished: true, ...expected }])
    }
  })

  it('does not come with a failure as the first event', () => {
    const failed = frame({ type: 'response.failed', message: 'why' })
    const expected = { text: failed, finished: true, code: 'response_failed' }
    expect(read({ commitAt: 'first_event' }, failed).shown).toEqual([expected])
  })

  it('does not come twice', () => {
    const { shown, reading } = read({ commitAt: 'first_event', commitWithId: true }, DELTA, CREATED, QUEUED)
    expect(shown.slice(1)).toEqual([{ text: CREATED }, { text: QUEUED }])
    expect(reading.push(encode(COMPLETED)).finished).toBe(true)
  })
})

describe('the end', () => {
  it.each<[what: string, pieces: readonly string[], expected: object]>([
    ['of nothing', ['END'], { code: 'empty_response' }],
    ['of an unfinished stream', [CREATED, 'END'], { code: 'stream_incomplete' }],
    ['of comments', [': hi\n\n', 'END'], { code: 'stream_incomplete' }],
    ['that is marked too soon', [CREATED, 'data: [DONE]\n\n'], { text: 'data: [DONE]\n\n', code: 'stream_incomplete' }],
    [
      'within the terminal frame',
      [COMPLETED.slice(0, -1), 'END'],
      { text: '\n\n', commit: 'terminal', finished: true },
    ],
    ['within another frame', [DELTA.slice(0, -1), 'END'], { code: 'stream_incomplete' }],
  ])('%s', (_, pieces, expected) => {
    expect(read({}, ...pieces).shown.at(-1)).toEqual(expected)
  })

  it('drops the bytes after it', () => {
    expect(read({}, `${COMPLETED}${DELTA}: more`).shown).toEqual([
      { text: COMPLETED, commit: 'terminal', finished: true },
    ])
  })

  it('that fails names its response, and takes hints from the headers', () => {
    const other = frame({ type: 'response.queued', response: { id: 'resp_2' } })
    const failed = frame({ type: 'response.failed', response: { error: { code: 'slow_down' } } })
    const head = { status: 200, statusText: '', headers: [['retry-after-ms', '1500']] as const }
    expect(read({ head }, failed).last?.failure).toMatchObject({ hintMs: 1500, upstreamCode: 'slow_down' })
    const named = frame({ type: 'response.failed', response: { id: 'resp_3', error: { message: 'hunter2hunter2' } } })
    const { failure } = read({ secret: 'hunter2hunter2' }, other, named).last ?? {}
    expect(failure?.responseId).toBe('resp_3')
    expect(failure?.message).not.toContain('hunter2')
  })
})

describe('an error event', () => {
  const ERROR = frame({ type: 'error', code: 'slow_down', message: 'first' })
  const ERROR_CODE = frame({ type: 'error', code: 'slow_down' })
  const WORDS = frame({ type: 'error', message: 'first' })
  const failed = (error: object | null): string => frame({ type: 'response.failed', response: { id: 'resp_1', error } })

  it('waits for an event that may follow, and decides if none does', () => {
    const { shown: told, reading } = read({}, ERROR)
    expect(told).toEqual([{ text: ERROR, linger: true }])
    expect(reading.lingered()).toMatchObject({ finished: true, failure: { upstreamCode: 'slow_down' } })
  })

  it.each<[what: string, follows: string, expected: object]>([
    ['the bytes end', 'END', { finished: true }],
    ['the end is marked', 'data: [DONE]\n\n', { text: 'data: [DONE]\n\n', finished: true }],
    ['what cannot be read', 'data: {"type":\n\n', { finished: true }],
    ['progress, which is none any more', DELTA, { text: DELTA, linger: undefined }],
  ])('decides when after it %s', (_, follows, expected) => {
    const { verdicts } = read({}, ERROR, follows)
    const last = verdicts.at(-1) as ReadResult
    if (!('finished' in expected)) expect(last).toMatchObject({ linger: false })
    else expect(last).toMatchObject({ finished: true, failure: { upstreamCode: 'slow_down' } })
    expect(shown(last)).toMatchObject({ ...('text' in expected && { text: expected.text }) })
  })

  it('and the failed response after it are one report, and the one with more detail decides', () => {
    const last = (...pieces: readonly string[]) => read({}, ...pieces).last?.failure
    expect(last(ERROR, failed({ code: 'insufficient_quota', message: 'second' }))).toMatchObject({
      upstreamCode: 'insufficient_quota',
      message: expect.stringContaining('second'),
      responseId: 'resp_1',
    })
    // Without a code it adds what the first did not say, and takes nothing back.
    expect(last(ERROR, failed({ message: 'second', type: 'kind' }))).toMatchObject({
      upstreamCode: 'slow_down',
      upstreamType: 'kind',
      message: expect.stringContaining('first'),
    })
    expect(last(ERROR, frame({ type: 'response.failed' }))).toMatchObject({ upstreamCode: 'slow_down' })
    expect(last(frame({ type: 'error' }), failed({ message: 'second' }))?.message).toContain('second')
    expect(last(ERROR + failed({ code: 'insufficient_quota' }))?.upstreamCode).toBe('insufficient_quota')
  })

  type Expected = {
    readonly upstreamCode: string
    readonly responseId?: string
    readonly has?: string
    readonly hasNot?: string
  }
  it.each<[what: string, first: string, second: string, expected: Expected]>([
    ['a reason behind none', failed(null), ERROR, { upstreamCode: 'slow_down', responseId: 'resp_1' }],
    ['words behind a code', ERROR_CODE, failed({ message: 'second' }), { upstreamCode: 'slow_down', has: 'second' }],
    ['words before the same code', ERROR, failed({ code: 'slow_down' }), { upstreamCode: 'slow_down', has: 'first' }],
    ['words before a code', WORDS, failed({ code: 'slow_down' }), { upstreamCode: 'slow_down', has: 'first' }],
    ['another cause', ERROR, failed({ code: 'server_error' }), { upstreamCode: 'server_error', hasNot: 'first' }],
  ])('adds missing fields to the other report: %s', (_, first, second, { has, hasNot, ...facts }) => {
    const { failure } = read({}, first, second).last ?? {}
    expect(failure).toMatchObject(facts)
    if (has !== undefined) expect(failure?.message).toContain(has)
    if (hasNot !== undefined) expect(failure?.message).not.toContain(hasNot)
  })

  it('without a reason after a failure without one ends the wait', () => {
    const { shown: told } = read({}, failed(null), frame({ type: 'error' }))
    expect(told).toEqual([
      { text: failed(null), linger: true },
      { text: frame({ type: 'error' }), finished: true, code: 'response_failed' },
    ])
  })

  it('that is a bare string keeps its words', () => {
    const { reading } = read({ needsEvents: true }, 'event: error\ndata: "model runner has stopped"\n\n')
    expect(reading.lingered().failure?.message).toContain('model runner has stopped')
  })

  it('that is plain text keeps its words, and its frame is not handed to a consumer of bytes', () => {
    const text = 'data: error: model runner has stopped\n\n'
    const { last, shown: told } = read({}, CREATED + text)
    expect(told).toEqual([{ text: CREATED, code: 'response_failed' }])
    expect(last?.failure).toMatchObject({
      lane: 'pushback',
      message: expect.stringContaining('model runner has stopped'),
    })
    const events = read({ needsEvents: true }, CREATED + text)
    expect(events.shown).toEqual([{ text: CREATED + text, linger: true }])
    expect(events.reading.lingered().failure?.message).toContain('model runner has stopped')
  })

  it('is overruled by a result', () => {
    expect(read({}, ERROR, COMPLETED).shown[1]).toEqual({ text: COMPLETED, commit: 'terminal', finished: true })
  })
})

describe('what cannot be read', () => {
  it('is a failure after the events before it', () => {
    const { shown: told, last } = read({}, CREATED, `${DELTA}data: {"type":\n\n`)
    expect(told[1]).toEqual({ text: DELTA, commit: 'progress', code: 'malformed_event' })
    expect(last?.failure?.message).toBe('The data of an event is not valid JSON.')
    expect(read({}, 'data: {\n\n').shown).toEqual([{ code: 'malformed_event' }])
  })

  it('stays a failure', () => {
    expect(read({}, 'data: {\n\n', 'END').shown[1]).toEqual({ code: 'malformed_event' })
  })

  it('has a size limit', () => {
    const { last } = read({}, CREATED, frame({ type: 'x', of: 'x'.repeat(1000) }))
    expect(last?.failure).toMatchObject({
      code: 'event_too_large',
      message: 'One event is larger than limits.eventBytes (1000 bytes).',
    })
  })
})

describe('events', () => {
  const names = (events: ReadonlyArray<{ type: string; json: unknown }>): string[] =>
    events.map(({ type, json }) => `${type}${json === undefined ? '' : '!'}`)

  it('are reported to the watchdog, with their bytes', () => {
    const { verdicts, events } = read({ needsEvents: true }, CREATED + QUEUED, DELTA)
    expect(names(events)).toEqual(['response.created!', 'response.queued!', 'response.output_text.delta!'])
    expect(verdicts.map((verdict) => verdict.events.length)).toEqual([2, 1])
  })

  it('are parsed after the commit if the consumer reads events', () => {
    expect(names(read({ needsEvents: true }, DELTA, DELTA).events)).toEqual(
      Array(2).fill('response.output_text.delta!'),
    )
    const delta = 'response.output_text.delta'
    expect(names(read({}, DELTA, DELTA).events)).toEqual([`${delta}!`, delta])
    // In one piece, too.
    expect(names(read({}, DELTA + DELTA).events)).toEqual([`${delta}!`, delta])
    // A commit by time comes from outside.
    const reading = new EventStreamReader(readerContext({}))
    reading.committed()
    const { events } = reading.push(encode(DELTA))
    expect(names(events)).toEqual([delta])
  })
})

describe('whole frames', () => {
  const whole = { wholeFrames: true } as const
  const texts = (...pieces: readonly string[]) =>
    read(whole, ...pieces).shown.map((verdict) => (verdict as { text?: string }).text)

  it.each(['\n\n', '\r\n\r\n', '\r\r'])('are handed on, and the rest waits: %j', (blank) => {
    const [first, second] = ['first', 'second'].map((word) => `: ${word}${blank}`) as [string, string]
    expect(texts(first + second)).toEqual([first + second])
    expect(texts(first + second.slice(0, 4), second.slice(4))).toEqual([first, second])
    expect(texts(...(first + second))).toEqual([
      ...Array(first.length - 1).fill(undefined),
      first,
      ...Array(second.length - 1).fill(undefined),
      second,
    ])
  })

  it.each(['\n\n', '\r\n\r\n', '\r\r'])('are found where the cut is within their end: %j', (blank) => {
    const first = `: first${blank}`
    for (let cut = 1; cut < blank.length; cut++) {
      expect(texts(first.slice(0, -cut), first.slice(-cut))).toEqual([undefined, first])
    }
  })

  it('that end in different ways are told apart by the last', () => {
    expect(texts(': a\r\n\r\n: b\n\n: c')).toEqual([': a\r\n\r\n: b\n\n'])
    expect(texts(': a\n\n: b\r\n\r\n: c')).toEqual([': a\n\n: b\r\n\r\n'])
  })

  it('are repaired at the end of the stream', () => {
    expect(texts(COMPLETED.slice(0, -2), 'END')).toEqual([undefined, COMPLETED])
    expect(texts(`${DELTA}: more`, 'END')).toEqual([DELTA, undefined])
  })

  it('count for what is held when they are handed on', () => {
    const half = `: ${'x'.repeat(246)}\n\n`
    expect(read(whole, half, half, `: ${'x'.repeat(400)}`).shown[2]).toEqual({})
    expect(read(whole, half, half, ':', '\n\n').shown[3]).toEqual({ text: ':\n\n', commit: 'prelude_full' })
  })
})

describe('a stream of another API', () => {
  it.each([
    [{ object: 'chat.completion.chunk', choices: [] }, 'Chat Completions'],
    [{ object: '', choices: [], prompt_filter_results: [] }, 'Chat Completions'],
    [{ object: 'text_completion' }, 'Completions'],
    [{ type: 'message_start', message: {} }, 'Anthropic Messages'],
    [{ candidates: [] }, 'Gemini'],
  ])('is known by its first event, and not retried: %j', (event, name) => {
    for (const before of ['', ': hi\n\n', frame({ type: 'ping' })]) {
      const { last } = read({ commitAt: 'first_event' }, before + frame(event))
      expect(shown(last as ReadResult)).toEqual({ code: 'unexpected_content' })
      expect(last?.failure?.lane).toBeUndefined()
      expect(last?.failure?.message).toContain(name)
    }
  })

  it('is not suspected after an event of the Responses API', () => {
    expect(read({}, CREATED, frame({ object: 'chat.completion.chunk' })).shown[1]).not.toHaveProperty('code')
    expect(read({}, frame({ type: 'response.x', choices: [] })).shown[0]).not.toHaveProperty('code')
  })
})
