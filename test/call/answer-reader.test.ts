import { describe, expect, it } from 'vitest'
import { AnswerReader, PassthroughReader } from '../../src/call/answer-reader.ts'
import type { ReadResult, ResponseReader } from '../../src/call/response-reader.ts'
import { encode, readerContext, shown } from './reader-context.ts'

type Given = Parameters<typeof readerContext>[0]

/** Reads a whole answer, given in these pieces. */
function read(given: Given, ...pieces: readonly string[]): ReadResult[] {
  const reading = new AnswerReader(readerContext(given))
  return [...pieces.map((piece) => reading.push(encode(piece))), reading.end()]
}
const lastOf = (verdicts: readonly ReadResult[]): ReadResult => verdicts.at(-1) as ReadResult

describe('an answer that is not a stream', () => {
  it('is held in pieces and judged as a whole', () => {
    const verdicts = read({ kind: 'json' }, '{"id"', ':"r"}')
    expect(verdicts.map(shown)).toEqual([{ text: '{"id"' }, { text: ':"r"}' }, { commit: 'answer', finished: true }])
    expect(verdicts[0]?.events).toEqual([])
    expect(verdicts.map(({ answer }) => answer)).toEqual([undefined, undefined, { id: 'r' }])
  })

  it.each([
    [399, undefined],
    [400, { code: 'http_status', status: 400, upstreamCode: 'slow_down', lane: 'pushback', hintMs: 5000 }],
    [503, { code: 'http_status', status: 503, upstreamCode: 'slow_down', lane: 'pushback', hintMs: 5000 }],
  ])('of status %i is judged by its body', (status, failure) => {
    const head = { status, statusText: '', headers: [['retry-after', '5']] as const }
    const last = lastOf(read({ kind: 'json', head }, '{"error":{"code":"slow_down"}}'))
    const { code, ...facts } = failure ?? {}
    expect(shown(last)).toEqual(failure === undefined ? { commit: 'answer', finished: true } : { code, finished: true })
    if (failure !== undefined) expect(last.failure).toMatchObject(facts)
  })

  it('shows no secrets, and reads dates by the clock', () => {
    // 2026-01-01T00:00:00Z.
    const context = { clock: { wallNow: () => 1_767_225_600_000 }, secret: 'hunter2hunter2' }
    const head = { status: 503, statusText: '', headers: [['retry-after', 'Thu, 01 Jan 2026 00:00:07 GMT']] as const }
    const { failure } = lastOf(read({ ...context, head }, '{"error":{"message":"not hunter2hunter2"}}'))
    expect(failure?.hintMs).toBe(7000)
    expect(failure?.message).toMatch(/^api\.test answered 503: not /)
    expect(failure?.message).not.toContain('hunter2')
  })
})

describe('in place of a stream', () => {
  it.each<[what: string, type: string | undefined, text: string, expected: object]>([
    ['nothing', undefined, '', { code: 'empty_response' }],
    ['blanks', 'text/plain', ' \r\n ', { code: 'empty_response' }],
    ['an error', 'application/json', '{"error":{"code":"slow_down"}}', { code: 'response_failed' }],
    ['a whole response', 'application/json', '{"id":"resp_1","error":null}', { commit: 'answer' }],
    ['a failed response', 'application/json', '{"status":"failed"}', { code: 'response_failed' }],
    ['null', 'application/json', 'null', { code: 'unexpected_content' }],
    ['a number', 'application/json', '5', { code: 'unexpected_content' }],
    ['a page', 'text/html', '<p>Hello', { code: 'unexpected_content' }],
    ['broken JSON', 'application/json', '{"id":', { code: 'unexpected_content' }],
    ['an error as plain text', 'text/plain', '{"error":{"code":"insufficient_quota"}}', { code: 'response_failed' }],
    ['an error in words', 'application/json', '{"error":"stopped"}', { code: 'response_failed' }],
    ['an error without one around it', undefined, '{"code":"insufficient_quota"}', { code: 'response_failed' }],
    ['a failed response', undefined, '{"id":"r","error":{"code":"x"}}', { code: 'response_failed' }],
    ['a chat completion', undefined, '{"id":"c","object":"chat.completion"}', { code: 'unexpected_content' }],
  ])('%s of type %s: %j', (_, type, text, expected) => {
    expect(shown(lastOf(read({ type }, text)))).toEqual({ ...expected, finished: true })
  })

  it.each<[body: object, isResponse: boolean]>([
    [{ id: 'resp_1' }, true],
    [{ object: 'response' }, true],
    [{ output: [] }, true],
    ...['completed', 'in_progress', 'cancelled', 'queued', 'incomplete'].map(
      (status) => [{ status }, true] as [object, boolean],
    ),
    [{ id: 5, object: 'list', output: 'x', status: 'ok' }, false],
    [{}, false],
    [[], false],
  ])('JSON is a response if one field says so: %j', (body, isResponse) => {
    const expected = isResponse ? { commit: 'answer' } : { code: 'unexpected_content' }
    expect(shown(lastOf(read({}, JSON.stringify(body))))).toEqual({ ...expected, finished: true })
  })

  it.each([
    [[1], 'a list'],
    [{}, 'an object without fields'],
    [{ ok: 'a secret', data: { more: 1 } }, 'an object with ok, data'],
    [{ ok: 1, 'what somebody has said': 2 }, 'an object with ok, …'],
  ])('shows only the field names of JSON: %j', (body, words) => {
    const { failure } = lastOf(read({ type: 'application/json' }, JSON.stringify(body)))
    expect(failure?.message).toBe(`Expected an event stream, got application/json: ${words}`)
  })

  it('shows an excerpt without markup and secrets', () => {
    const secret = 'hunter2hunter2'
    const page = lastOf(read({ type: 'text/html; a=b', secret }, '<html><b>Down</b> hunter2hunter2</html>')).failure
    expect(page?.message).toMatch(/^Expected an event stream, got text\/html; a=b: +Down /)
    expect(page?.message).not.toMatch(/[<>]|hunter2/)
    expect(lastOf(read({}, '<p>one</p><p>two</p>')).failure?.message).toMatch(/one +two/)
    const large = read({ type: 'text/html' }, `Down ${'x'.repeat(501)}`)[0]?.failure
    expect(large?.message).toMatch(/^Expected an event stream, got text\/html: Down x+…$/)
    expect(lastOf(read({ type: 'text/html' }, '<p></p>')).failure?.message).toBe(
      'Expected an event stream, got text/html',
    )
    expect(lastOf(read({}, 'Down')).failure?.message).toBe('Expected an event stream, got no content-type: Down')
  })
})

describe('in place of a JSON response', () => {
  it.each<[what: string, text: string, expected: object]>([
    ['a response', '{"id":"resp_1"}', { commit: 'answer' }],
    ['a failed response', '{"id":"resp_1","status":"failed","error":{"code":"x"}}', { commit: 'answer' }],
    ['nothing', '', { commit: 'answer' }],
    ['a page', '<p>Hello', { code: 'unexpected_content' }],
    ['a text', 'Hello', { code: 'unexpected_content' }],
    ['broken JSON', '{"id":', { code: 'unexpected_content' }],
    ['other JSON', '{"ok":true}', { code: 'unexpected_content' }],
    ['an error', '{"error":{"code":"slow_down"}}', { code: 'response_failed' }],
    ['a chat completion', '{"id":"c","choices":[]}', { code: 'unexpected_content' }],
  ])('%s: %j', (_, text, expected) => {
    const { failure, ...verdict } = lastOf(read({ kind: 'json' }, text))
    expect(shown({ ...verdict, failure })).toEqual({ ...expected, finished: true })
    if (failure?.code === 'unexpected_content') expect(failure.message).toMatch(/^Expected a response, got|looks like/)
  })
})

describe('an answer of another API', () => {
  it.each([
    ['{"object":"chat.completion","id":"c"}', 'Chat Completions'],
    ['{"choices":[]}', 'Chat Completions'],
    ['{"object":"text_completion"}', 'Completions'],
    ['{"type":"message","content":[],"stop_reason":null}', 'Anthropic Messages'],
    ['{"candidates":[]}', 'Gemini'],
  ])('is named, and never retried: %s', (text, name) => {
    const { failure } = lastOf(read({}, text))
    expect(failure).toMatchObject({ code: 'unexpected_content', lane: undefined })
    expect(failure?.message).toContain(`looks like ${name}, which is another API`)
  })
})

describe('an error status', () => {
  const answered = (status: number, type: string | undefined, text: string) =>
    lastOf(read({ status, type, secret: 'hunter2hunter2' }, text)).failure

  it.each([
    [413, 'text/html', '<html><title>413 Too Large</title><hr>nginx</html>', ': 413 Too Large nginx'],
    [403, 'text/plain', 'Blocked by policy 17', ': Blocked by policy 17'],
    [502, undefined, 'if a < b and c > d then hunter2hunter2', ': if a < b and c > d then [redacted]'],
    [502, 'text/html', 'Bad <b>Gateway</b>', ': Bad Gateway'],
    [403, 'application/xml', '<Error><Code>AccessDenied</Code></Error>', ': AccessDenied'],
    [403, 'application/json', '"Blocked <by> policy"', ': Blocked <by> policy'],
    [400, 'application/json', '{"instructions":"a prompt"}', ''],
    [400, 'application/json', '{"instructions":"a prompt', ''],
    [500, 'text/plain', 'Failed: {"instructions":"a prompt"}', ': Failed:'],
    [500, 'text/event-stream', 'data: {"type":"error","code":"slow_down","message":"m"}\n\n', ' (slow_down): m'],
    [500, 'text/plain', 'event: error\ndata: {"error":{"code":"slow_down"}}', ' (slow_down)'],
    [500, undefined, 'data: {"type":"response.created","response":{"instructions":"a prompt"}}\n\n', ''],
    [500, undefined, '', ''],
  ])('%i %s is reported with the words of its body: %j', (status, type, text, words) => {
    expect(answered(status, type, text)?.message).toBe(`api.test answered ${status}${words}`)
  })

  it('does not read a lost conversation from a page', () => {
    const words = "Previous response with id 'resp_1' not found."
    expect(answered(400, 'text/html', `<p>${words}</p>`)?.code).toBe('http_status')
    expect(answered(400, 'text/plain', words)?.code).toBe('previous_response_not_found')
  })
})

describe('an answer that is too large to be held', () => {
  const json = (bytes: number): string => `{${'x'.repeat(bytes - 1)}`
  const [most, more] = [json(500), json(501)]
  const page = 'x'.repeat(501)

  it('is judged once it is too large, and not before', () => {
    expect(shown(read({ kind: 'json' }, most)[0] as ReadResult)).toEqual({ text: most })
    expect(shown(read({ kind: 'json' }, more)[0] as ReadResult)).toEqual({ text: more, commit: 'answer' })
    expect(read({ kind: 'json' }, most, 'y').map(shown)[1]).toEqual({ text: 'y', commit: 'answer' })
  })

  it.each<[given: Given, text: string, expected: object]>([
    // The status alone makes this worth another attempt, and this not.
    [{ status: 503 }, more, { code: 'http_status' }],
    [{ status: 400 }, more, { text: more, commit: 'answer' }],
    // A whole response in the place of a stream is made into one, so all of it is held, whatever its label.
    [{ type: 'application/json' }, more, { text: more }],
    [{ type: 'text/html' }, more, { text: more }],
    // A page, whose text nobody needs whole.
    [{ type: 'text/html', maxEventBytes: 0 }, page, { code: 'unexpected_content' }],
    [{ type: 'application/json' }, page, { code: 'unexpected_content' }],
    [{ kind: 'json' }, page, { code: 'unexpected_content' }],
    [{}, page, { code: 'unexpected_content' }],
  ])('is decided by its status and its beginning: %j %j', (given, text, expected) => {
    expect(shown(read(given, text)[0] as ReadResult)).toEqual(expected)
  })

  it('is then passed on, and not judged again at its end', () => {
    const reading = new AnswerReader(readerContext({ status: 400 }))
    reading.push(encode('{"error":'))
    reading.committed()
    expect(shown(reading.push(encode('x'.repeat(5000))))).toEqual({ text: 'x'.repeat(5000) })
    expect(shown(reading.end())).toEqual({ finished: true })
  })

  it.each<[given: Given, bytes: number, fails: boolean]>([
    [{}, 1000, false],
    [{}, 1001, true],
    [{ status: 299 }, 1001, true],
    [{ type: 'Application/JSON; charset=utf-8' }, 1001, true],
    [{ type: 'text/plain' }, 1001, true],
    [{ type: undefined }, 1001, true],
    // Off.
    [{ maxEventBytes: 0 }, 100_000, false],
  ])('has the size limit of an event if a typed face needs it whole: %j, %i bytes', (given, bytes, fails) => {
    const text = json(bytes)
    const [first] = read({ kind: 'json', needsEvents: true, type: 'application/json', ...given }, text)
    expect(shown(first as ReadResult)).toEqual(fails ? { code: 'event_too_large' } : { text })
    if (fails) expect(first?.failure?.message).toBe('The response is larger than limits.eventBytes.')
  })

  it.each<Given>([{ status: 300 }, { needsEvents: false }])(
    'has the limit of held bytes if the whole answer is not needed: %j',
    (given) => {
      const whole = { kind: 'json', needsEvents: true, type: 'application/json' } as const
      expect(shown(read({ ...whole, ...given }, more)[0] as ReadResult)).toEqual({ text: more, commit: 'answer' })
    },
  )
})

describe('the ids of an answer that is not a stream', () => {
  const json = { type: 'application/json' }

  it.each<[what: string, given: Given, body: string, ids: string[]]>([
    ['a response', { ...json, kind: 'json' }, '{"id":"resp_1","conversation":{"id":"conv_1"}}', ['resp_1', 'conv_1']],
    [
      'one that is larger than what is held',
      { ...json, kind: 'json' },
      `{"id":"resp_1","output":["${'x'.repeat(600)}"]}`,
      ['resp_1'],
    ],
    [
      'one that passes by',
      { ...json, kind: 'passthrough' },
      '{"object":"conversation","a":{"id":"no"},"id":"conv_1"}',
      ['conv_1'],
    ],
    ['one whose id is far behind', { ...json, kind: 'passthrough' }, `{"a":"${'x'.repeat(70_000)}","id":"conv_1"}`, []],
    ['a value that is none', { ...json, kind: 'passthrough' }, '{"id":5,"b":["id","x"]}', []],
    ['a list', { ...json, kind: 'passthrough' }, '[{"id":"x"}]', []],
    ['an error', { ...json, kind: 'passthrough', status: 404 }, '{"id":"resp_1"}', []],
    ['a page', { kind: 'passthrough', type: 'text/html' }, '{"id":"resp_1"}', []],
  ])('are reported for %s, in any chunks', (_, given, body, expected) => {
    for (const size of [body.length, 1000, 7]) {
      const context = readerContext(given)
      const reading: ResponseReader =
        given?.kind === 'passthrough' ? new PassthroughReader(context) : new AnswerReader(context)
      const ids: string[] = []
      for (let at = 0; at < body.length; at += size) {
        const result = reading.push(encode(body.slice(at, at + size)))
        ids.push(...(result.ids ?? []))
        if (result.commit) reading.committed?.()
      }
      ids.push(...(reading.end().ids ?? []))
      expect(ids).toEqual(expected)
    }
  })
})

it('a passthrough answer is passed on', () => {
  const reading = new PassthroughReader(readerContext({ kind: 'passthrough' }))
  const bytes = encode('x')
  expect(reading.push(bytes)).toEqual({ bytes, events: [] })
  expect(shown(reading.end())).toEqual({ finished: true })
})
