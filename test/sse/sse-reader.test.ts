import { describe, expect, it } from 'vitest'
import { SseReader } from '../../src/sse/sse-reader.ts'
import { sseFrame } from '../../src/testing/index.ts'
import { bytesOf, condensed, everyByte, feed, recorded, summary, unlessRecorded } from './feed.ts'

const CREATED = sseFrame({ type: 'response.created', response: { id: 'r', status: 'in_progress' } })
const DELTA = sseFrame({ type: 'response.output_text.delta', delta: 'hi' })
const COMPLETED = sseFrame({ type: 'response.completed', response: { id: 'r', status: 'completed' } })
const ERROR = sseFrame({ type: 'error', code: 'slow_down', message: 'later' })
const FAILED = sseFrame({ type: 'response.failed', response: { status: 'failed', error: { code: 'slow_down' } } })

const types = (text: string): string[] => feed(bytesOf(text)).events.map(({ type }) => type)

describe('the type of an event', () => {
  it.each([
    ['data.type', 'event: other\ndata: {"type":"response.created"}\n\n', 'response.created'],
    ['the name of the frame where data has no type', 'event: response.created\ndata: {"id":1}\n\n', 'response.created'],
    ['the name where the type is no string', 'event: ping\ndata: {"type":7}\n\n', 'ping'],
    ['message where neither is there', 'data: {"id":1}\n\n', 'message'],
    ['the name for data that is no object', 'event: ping\ndata: null\n\n', 'ping'],
    ['message for a bare number', 'data: 1\n\n', 'message'],
    ['error for a top-level error object', 'data: {"error":{"message":"no"}}\n\n', 'error'],
    ['error, though named otherwise', 'event: response.created\ndata: {"type":"x","error":{"a":1}}\n\n', 'error'],
    ['its own where it is terminal already', 'data: {"type":"response.failed","error":{"a":1}}\n\n', 'response.failed'],
    ['untouched by an error that is null', 'data: {"type":"x.delta","error":null}\n\n', 'x.delta'],
    ['untouched by an error that is an array', 'data: {"type":"x.delta","error":[]}\n\n', 'x.delta'],
    ['untouched by a string error beside a type', 'data: {"type":"x.delta","error":"no"}\n\n', 'x.delta'],
    ['error for a string error without a type', 'event: response.created\ndata: {"error":"no"}\n\n', 'error'],
    ['error for a string error and no type in words', 'data: {"type":null,"error":"no"}\n\n', 'error'],
    ['untouched by an empty string error', 'data: {"error":""}\n\n', 'message'],
    ['error for a frame named error', 'event: error\ndata: {"type":"invalid_request_error"}\n\n', 'error'],
    ['error for a frame named error, result or not', 'event: error\ndata: {"type":"response.completed"}\n\n', 'error'],
    ['error for a frame named error without a type', 'event: error\ndata: {"message":"no"}\n\n', 'error'],
    ['error for a bare string in such a frame', 'event: error\ndata: "no"\n\n', 'error'],
    ['that of a failure in such a frame', 'event: error\ndata: {"type":"response.failed"}\n\n', 'response.failed'],
  ])('is %s', (_, text, type) => {
    expect(types(text)).toEqual([type])
  })

  it('passes unknown types and fields through', () => {
    const frame = 'data: {"type":"a.thing.of.tomorrow","with":{"new":["fields"]}}\n\n'
    const { events, forwarded } = feed(bytesOf(frame + COMPLETED))
    expect(events[0]).toMatchObject({
      type: 'a.thing.of.tomorrow',
      class: 'lifecycle',
      json: { with: { new: ['fields'] } },
    })
    expect(forwarded.toString()).toBe(frame + COMPLETED)
  })
})

describe('a frame without JSON', () => {
  it.each(['', ' ', '  \t', '\ndata: '])('is like a comment where its data is blank: %j', (blank) => {
    const frame = `data: ${blank}\n\n`
    const fed = feed(bytesOf(frame + CREATED + frame + COMPLETED))
    expect(fed.events.map(({ type }) => type)).toEqual(['response.created', 'response.completed'])
    expect(fed.forwarded.toString()).toBe(frame + CREATED + frame + COMPLETED)
  })

  it.each(['data', 'data:', 'event: keepalive\ndata:', 'event: ping\ndata: ', 'id: 1\ndata:\ndata:'])(
    'is like a comment: %j, whatever is parsed',
    (lines) => {
      for (const sniffFrom of [0, 100]) {
        const fed = feed(bytesOf(`${lines}\n\n${DELTA}`), [], { sniffFrom })
        expect(fed.events.map(({ type }) => type)).toEqual(['response.output_text.delta'])
        expect(fed.problem).toBeUndefined()
      }
    },
  )

  it.each(['keepalive', 'ping'])('named %s is like a comment, and with JSON it is a heartbeat', (name) => {
    const frame = (data: string): string => `event: ${name}\ndata: ${data}\n\n`
    expect(feed(bytesOf(frame('2026-01-01T00:00:00Z')))).toMatchObject({ events: [], problem: undefined })
    for (const json of ['{}', '{"type":"keepalive"}', '{"n":1}']) {
      expect(feed(bytesOf(frame(json))).events.map(({ class: found }) => found)).toEqual(['heartbeat'])
    }
  })

  it.each([
    ['data: error: the model stopped', 'error: the model stopped'],
    ['data: ERROR the model stopped', 'ERROR the model stopped'],
    ['data: [ERROR] the model stopped', '[ERROR] the model stopped'],
    ['event: error\ndata: the model stopped', 'the model stopped'],
    ['event: error\ndata: <h1>502</h1>', '<h1>502</h1>'],
  ])('is an error that says so: %j', (lines, text) => {
    const bytes = bytesOf(`${CREATED}${lines}\n\n`)
    const read = feed(bytes)
    expect(read.events[1]).toMatchObject({ type: 'error', class: 'terminal', json: { type: 'error', message: text } })
    expect(read.lingering).toBe(true)
    // Whoever reads bytes could not parse it.
    const forwarding = new SseReader(0, true)
    expect(forwarding.push(bytes)).toMatchObject({
      problem: { kind: 'error_text', text },
      bytes: CREATED.length,
    })
  })

  it.each(['data: errors are none', 'data: {"error', 'event: error\ndata: {"message":"cut', 'event: error\ndata: ["a'])(
    'is no error that says so: %j',
    (lines) => {
      expect(feed(bytesOf(`${lines}\n\n`)).problem?.kind).toBe('malformed_event')
    },
  )
})

describe('a failure without a reason', () => {
  const failed = (error: unknown, more: object = {}): string =>
    sseFrame({ type: 'response.failed', response: { status: 'failed', error }, ...more })

  it.each([null, undefined, {}, [], '', { code: null, message: '' }])(
    'waits for the error that says why: %j',
    (error) => {
      expect(feed(bytesOf(failed(error)))).toMatchObject({ ended: false, lingering: true })
      const followed = feed(bytesOf(failed(error) + DELTA + ERROR + DELTA))
      expect(followed.events.map(({ type }) => type)).toEqual(['response.failed', 'error'])
      expect(followed).toMatchObject({ ended: true, lingering: false })
      expect(feed(bytesOf(failed(error) + failed(error) + ERROR)).events).toHaveLength(2)
    },
  )

  it.each<[error: unknown, more?: object]>([
    [{ code: 'slow_down' }],
    [{ code: 500 }],
    [{ message: 'no' }],
    [{ type: 'server_error' }],
    ['no'],
    [null, { error: { message: 'no' } }],
    [null, { message: 'no' }],
    [null, { code: 'slow_down' }],
  ])('does not count as such if it gives one: %j %j', (error, more) => {
    expect(feed(bytesOf(failed(error, more)))).toMatchObject({ ended: true, lingering: false })
  })

  it('is no result, and no result waits', () => {
    expect(feed(bytesOf(COMPLETED))).toMatchObject({ ended: true })
    const done = sseFrame({ type: 'response.done', response: { status: 'failed' } })
    expect(feed(bytesOf(done))).toMatchObject({ lingering: true })
  })
})

describe('the end of a stream', () => {
  it.each(['\n', '\r\n', '\r'])('cuts off what follows the terminal event, to the byte (line end %j)', (lineEnd) => {
    const wanted = `: höre\n\n${CREATED}${DELTA}${COMPLETED}`.replaceAll('\n', lineEnd)
    for (const rest of [DELTA, '\n', '\n\n', ': ping\n\n', 'data: {"broken', '\u{1f642}', COMPLETED]) {
      const bytes = bytesOf(wanted + rest.replaceAll('\n', lineEnd))
      const end = bytesOf(wanted).length
      for (const cuts of [[], [end - 2], [end - 1], [end], [end + 1], [end - 1, end + 1], everyByte(bytes)]) {
        const fed = feed(bytes, cuts)
        expect(fed.forwarded.toString()).toBe(wanted)
        expect(fed.events.map(({ type }) => type)).toEqual([
          'response.created',
          'response.output_text.delta',
          'response.completed',
        ])
        expect(fed).toMatchObject({ ended: true, problem: undefined, repair: undefined })
      }
    }
  })

  it('takes nothing more once it has ended', () => {
    const tap = new SseReader(0)
    expect(tap.push(bytesOf(COMPLETED)).bytes).toBe(COMPLETED.length)
    for (const late of [DELTA, '\n', '\r', 'x']) {
      expect(tap.push(bytesOf(late))).toMatchObject({ events: [], bytes: 0, problem: undefined })
    }
    expect(tap.push(Uint8Array.of(0xf0, 0x9f))).toMatchObject({ bytes: 0 })
    expect(tap.end()).toMatchObject({ events: [], repair: undefined })
  })

  it('waits after `error` for the failure of the response, and for nothing else', () => {
    const alone = feed(bytesOf(CREATED + ERROR))
    expect(alone).toMatchObject({ ended: false, lingering: true, problem: undefined, repair: undefined })
    const followed = feed(bytesOf(ERROR + DELTA + FAILED + DELTA))
    expect(followed.events.map(({ type }) => type)).toEqual(['error', 'response.failed'])
    expect(followed).toMatchObject({ ended: true, lingering: false })
    expect(followed.forwarded.toString()).toBe(ERROR + DELTA + FAILED)
    expect(feed(bytesOf(ERROR + ERROR + FAILED)).events.map(({ type }) => type)).toEqual(['error', 'error'])
    // The end mark says that nothing will follow.
    expect(feed(bytesOf(`${ERROR}data: [DONE]\n\n`))).toMatchObject({ ended: true, lingering: false, done: true })
  })

  it.each(['[DONE] ', '[DONE]\t', ' [DONE]'])('reads %j as the end mark, too', (mark) => {
    expect(feed(bytesOf(`${DELTA}data: ${mark}\n\n`))).toMatchObject({ done: true, problem: undefined })
  })

  it('reads `[DONE]` as an end mark and not as JSON, and nothing after it', () => {
    const fed = feed(bytesOf(`${DELTA}data: [DONE]\n\n${DELTA}`))
    expect(fed).toMatchObject({ done: true, ended: false, problem: undefined })
    expect(fed.events).toHaveLength(1)
    expect(fed.forwarded.toString()).toBe(`${DELTA}data: [DONE]\n\n`)
    // Behind the terminal event nobody reads it.
    expect(feed(bytesOf(`${COMPLETED}data: [DONE]\n\n`))).toMatchObject({ done: false, ended: true })
  })

  it.each(['\n', '\r\n', '\r'])('repairs a last frame that lacks its blank line, if it is terminal (%j)', (lineEnd) => {
    for (const missing of [1, 2]) {
      const text = (DELTA + COMPLETED).replaceAll('\n', lineEnd).slice(0, -missing * lineEnd.length)
      for (const cuts of [[], everyByte(bytesOf(text))]) {
        const fed = feed(bytesOf(text), cuts)
        expect(fed).toMatchObject({ ended: true, repair: '\n\n', problem: undefined })
        // Whoever reads the repaired bytes finds the same two events, and a complete end.
        expect(summary(feed(fed.forwarded, [], { end: false }))).toEqual(summary(fed))
        expect(fed.events).toHaveLength(2)
      }
    }
  })

  it('repairs an `error` as well, and nothing that is not terminal or not complete', () => {
    expect(feed(bytesOf(ERROR.trimEnd()))).toMatchObject({ repair: '\n\n', lingering: true })
    for (const left of [DELTA.trimEnd(), COMPLETED.slice(0, -3), 'data: [DONE]', ': ping', 'data', 'event: error\n']) {
      const fed = feed(bytesOf(CREATED + left))
      expect(fed).toMatchObject({ ended: false, repair: undefined, problem: undefined })
      expect(fed.events).toHaveLength(1)
      expect(fed.forwarded.toString()).toBe(CREATED + left)
    }
  })

  it('is not reached by comments, which are no events', () => {
    const fed = feed(bytesOf(': ping\n\n:\n\n: completed\n\nevent: response.completed\n\nid: 7\nretry: 100\n\n'))
    expect(fed).toMatchObject({ events: [], ended: false, problem: undefined })
  })
})

describe('a frame that cannot be read', () => {
  it.each(['\n', '\r\n', '\r'])(
    'is reported, with the events before it kept and its bytes held back (%j)',
    (lineEnd) => {
      const before = (CREATED + DELTA).replaceAll('\n', lineEnd)
      for (const bad of ['{"type":"x"', '{a:1}', '[DONE', '\u0000', '{"type":"x\u0000"}', 'hello']) {
        const text = `${before}data: ${bad}${lineEnd}${lineEnd}${DELTA}`
        const fed = feed(bytesOf(text))
        expect(fed.problem).toEqual({ kind: 'malformed_event', detail: 'not valid JSON' })
        expect(fed.events.map(({ class: found }) => found)).toEqual(['lifecycle', 'progress'])
        expect(fed.forwarded.toString()).toBe(before)
        expect(fed.repair).toBeUndefined()
        // In pieces, what came of it before it was known to be broken has gone out; its end never has.
        const pieces = feed(bytesOf(text), everyByte(bytesOf(text)))
        expect(summary(pieces)).toEqual(summary(fed))
        expect(pieces.problem).toEqual(fed.problem)
        expect(pieces.forwarded.length).toBeLessThan(bytesOf(`${before}data: ${bad}${lineEnd}${lineEnd}`).length)
        expect(pieces.forwarded.subarray(0, bytesOf(before).length).toString()).toBe(before)
      }
    },
  )

  it('is no frame with invalid UTF-8 in its text: that becomes U+FFFD, wherever it is cut', () => {
    const bytes = Buffer.concat([
      Buffer.from('data: {"type":"x.delta","delta":"'),
      Buffer.from([0xff, 0xc3, 0x28, 0xf0, 0x9f, 0x99]),
      Buffer.from(`"}\n\n${COMPLETED}${DELTA}`),
    ])
    const whole = feed(bytes)
    expect(whole.events[0]?.json).toMatchObject({ delta: '\ufffd\ufffd(\ufffd' })
    expect(whole.forwarded.equals(bytes.subarray(0, bytes.length - DELTA.length))).toBe(true)
    for (const cut of everyByte(bytes)) {
      const fed = feed(bytes, [cut])
      expect(summary(fed)).toEqual(summary(whole))
      expect(fed.forwarded.equals(whole.forwarded)).toBe(true)
    }
  })

  it('is one above the limit: bounded wherever the chunks end, with or without an end of the line', () => {
    const frame = (chars: number) => `data: "${'x'.repeat(chars - 2)}"\n\n`
    for (const lineEnd of ['\n', '\r\n']) {
      for (const [chars, fits] of [
        [1000, true],
        [1001, false],
        [5000, false],
      ] as const) {
        const bytes = bytesOf((DELTA + frame(chars) + DELTA).replaceAll('\n', lineEnd))
        for (const cuts of [[], [60], [200], [900], [1060], everyByte(bytes)]) {
          const fed = feed(bytes, cuts, { maxEventBytes: 1000 })
          expect(fed.problem).toEqual(fits ? undefined : { kind: 'event_too_large' })
          expect(fed.events).toHaveLength(fits ? 3 : 1)
        }
      }
    }
  })

  it('stops a line without an end at the limit, whatever field it pretends to be', () => {
    for (const start of ['data: ', 'data: {"type":"', 'data: x\ndata: ', 'event: ']) {
      const tap = new SseReader(1000)
      tap.push(bytesOf(start))
      let pushed = 0
      while (tap.push(bytesOf('x'.repeat(100))).problem === undefined) pushed += 100
      expect(pushed).toBeLessThanOrEqual(1100)
      expect(tap.push(bytesOf('\n\n'))).toMatchObject({ bytes: 0, events: [] })
      expect(tap.end()).toMatchObject({ events: [], repair: undefined })
    }
  })

  it('has no limit with 0', () => {
    const fed = feed(bytesOf(`data: "${'x'.repeat(100_000)}"\n\n`), [10, 50_000], { maxEventBytes: 0 })
    expect(fed.events).toHaveLength(1)
  })
})

describe('a tap that need not parse everything', () => {
  it('parses only where the class depends on it', () => {
    const tap = new SseReader(0)
    tap.parseAll = false
    const { events } = tap.push(bytesOf(CREATED + DELTA + COMPLETED))
    expect(events.map(({ json }) => json !== undefined)).toEqual([true, false, true])
  })

  it('tells the last of a run of deltas, and ends the run with whatever else comes', () => {
    const tap = new SseReader(100)
    tap.parseAll = false
    const delta = (type: string, n: number): string => sseFrame({ type, n })
    tap.push(bytesOf(CREATED))
    const run = [1, 2, 3, 4].map((n) => delta('a.delta', n)).join('')
    const told = (text: string): string[] => tap.push(bytesOf(text)).events.map(({ type, data }) => `${type} ${data}`)
    // The first one shows what the others look like.
    expect(told(run)).toEqual(['a.delta {"type":"a.delta","n":1}', 'a.delta {"type":"a.delta","n":4}'])
    expect(told(run)).toEqual(['a.delta {"type":"a.delta","n":4}'])
    expect(told(run + delta('b.delta', 5) + run).map((line) => line.slice(-2, -1))).toEqual(['4', '5', '1', '4'])
    expect(told(`${delta('a.delta', 1)}: ping\n\n\n${delta('a.delta', 2)}`)).toHaveLength(2)
    // One that is too large is seen as such.
    expect(tap.push(bytesOf(run + sseFrame({ type: 'a.delta', n: 'x'.repeat(100) }))).problem).toEqual({
      kind: 'event_too_large',
    })
  })

  it.each([
    'event: response.failed\ndata: {"type":"response.output_text.delta","delta":"\\"error\\""}\n\n',
    'data: {"type":"response.output_item.done","item":{"error":null}}\n\n',
    'data: {"type":"response.mcp_call.completed","error":{"code":"slow_down"}}\n\n',
    'data: {"type":"response.something","response":{"status":"cancelled"}}\n\n',
    'data: {"type":"response.in_progress","response":{"status":"cancelled"}}\n\n',
    'event: error\ndata: {"type":"response.output_text.delta","delta":"x"}\n\n',
    'event: ping\ndata: now\n\n',
    'data: {"type":"codex\\u002eoutput.delta"}\n\n',
    'data: {"type":"response.output_text\\u002edelta"}\n\n',
    'data: {"type":"keepalive"}\n\n',
    'data: { "type" : "response.output_text.delta" }\n\n',
    'data: {"delta":"x","type":"response.output_text.delta"}\n\n',
    'data: {"type":""}\n\n',
    'data: {"type":"error","message":"x"}\n\n',
    'event: x.delta\ndata: {"type":5}\n\n',
  ])('sees in %j what parsing sees', (frame) => {
    const shape = (options: { sniffFrom?: number }) =>
      feed(bytesOf(frame + DELTA), [], options).events.map(({ type, class: found }) => [type, found])
    expect(shape({ sniffFrom: 0 })).toEqual(shape({}))
  })

  it.skipIf(recorded.length === 0)(`agrees with parsing on every recorded stream${unlessRecorded}`, () => {
    for (const { lines } of recorded) {
      const bytes = bytesOf(lines.map((line) => `data: ${line}\n\n`).join(''))
      const parsed = feed(bytes)
      const sniffed = feed(bytes, [], { sniffFrom: 0 })
      expect(condensed(sniffed)).toEqual(condensed(parsed))
      expect(sniffed).toMatchObject({ ended: parsed.ended, lingering: parsed.lingering, problem: undefined })
      expect(sniffed.forwarded.equals(parsed.forwarded)).toBe(true)
    }
  })
})
