import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classOfEvent } from '../../src/sse/event-classes.ts'
import { failedStream, reasoningStream, sseFrame, textStream, toolCallStream, toSSE } from '../../src/testing/index.ts'
import { bytesOf, condensed, everyByte, type Fed, feed, recorded, reference, summary, unlessRecorded } from './feed.ts'

/** One stream with everything that a cut could hurt. */
const DIFFICULT = [
  '\ufeff: comment with NUL \u0000 and \u2028\n',
  'retry: 100\nid: \u0000\nid: 7\n\n',
  'event: response.created\ndata: {"type":"response.created","response":{"status":"in_progress"}}\n\n\n\n',
  'data: {"type":"response.output_text.delta","delta":"a\u2028b\u2029c \u{1f642}\u{10ffff} é ü \ufeff"}\n\n',
  'data:{"type":"response.output_text.delta",\ndata:  "delta":"two\\nlines"\ndata\ndata:}\n\n',
  'event: keepalive\ndata: {"sequence_number":3}\n\n',
  'unknown: field\n: ping\ndata: {"type":"response.output_text.done"}\n: in between\n\n',
  'data: {"type":"response.completed","response":{"status":"completed","output":["\u{1f680}"]}}\n\n',
].join('')
const BEHIND = ': behind\n\ndata: {"type":"response.output_text.delta"}\n\n'

/** The same stream whatever the cuts: events, forwarded bytes, and how it ended. */
function expectSame(fed: Fed, whole: Fed): void {
  if (
    fed.forwarded.equals(whole.forwarded) &&
    summary(fed).join() === summary(whole).join() &&
    fed.ended === whole.ended
  )
    return
  // Said at length only where it fails: this runs for every byte of many streams.
  expect(summary(fed)).toEqual(summary(whole))
  expect(fed.forwarded.toString('latin1')).toBe(whole.forwarded.toString('latin1'))
  expect(fed.ended).toBe(whole.ended)
}

function cutEverywhere(bytes: Uint8Array, whole: Fed): void {
  for (const cut of everyByte(bytes)) expectSame(feed(bytes, [cut]), whole)
  expectSame(feed(bytes, everyByte(bytes)), whole)
}

/** What must come out of `text`, by the reference parser: events up to the first terminal one, and where it ends. */
function expected(text: string): { events: string[]; end: number; ended: boolean } {
  const events: string[] = []
  for (const { data, event, end } of reference(text)) {
    const json = JSON.parse(data) as { type?: string }
    const type = json.type ?? event ?? 'message'
    const found = classOfEvent(type, json)
    events.push(`${found} ${type} ${data}`)
    if (found === 'terminal') return { events, end: bytesOf(text.slice(0, end)).length, ended: true }
  }
  return { events, end: bytesOf(text).length, ended: false }
}

describe('a stream cut into pieces', () => {
  it.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('gives the same events for every cut, and single bytes (%s)', (_, lineEnd) => {
    const text = (DIFFICULT + BEHIND).replaceAll('\n', lineEnd)
    const bytes = bytesOf(text)
    const whole = feed(bytes)
    expect(summary(whole)).toEqual(expected(text).events)
    expect(whole.events).toHaveLength(6)
    expect(whole.forwarded.length).toBe(expected(text).end)
    cutEverywhere(bytes, whole)
  })

  it.each(['\n', '\r\n', '\r'])('gives an event with its last byte, and does not wait for more (%j)', (lineEnd) => {
    const two = sseFrame({ type: 'a.delta' }) + sseFrame({ type: 'response.completed' })
    const bytes = bytesOf(two.replaceAll('\n', lineEnd))
    for (const cuts of [[], everyByte(bytes)]) {
      expect(feed(bytes, cuts, { end: false })).toMatchObject({ ended: true, events: [{}, {}] })
    }
  })

  it('gives the same events where line ends are mixed', () => {
    let n = 0
    // A CR before the LF of another line end would be one line end with it.
    const text = (DIFFICULT + BEHIND).replace(/\n(?=(\n?))/g, (_, next: string) => {
      return (next === '' ? ['\r', '\n', '\r\n'] : ['\r\n', '\n'])[n++ % (next === '' ? 3 : 2)] as string
    })
    const bytes = bytesOf(text)
    const whole = feed(bytes)
    expect(summary(whole)).toEqual(expected(text).events)
    for (const cut of everyByte(bytes)) expect(summary(feed(bytes, [cut]))).toEqual(summary(whole))
    expect(summary(feed(bytes, everyByte(bytes)))).toEqual(summary(whole))
  })

  it.each([
    ['text', textStream({ text: 'Grüße \u{1f642} \u2028!' })],
    ['reasoning', reasoningStream({ text: 'so' })],
    ['a tool call', toolCallStream()],
    ['a failure', failedStream()],
  ])('gives the same events for every cut of a generated stream: %s', (_, events) => {
    const bytes = bytesOf(toSSE(events))
    const whole = feed(bytes)
    expect(whole.events.map(({ json }) => json)).toEqual(events)
    expect(whole.forwarded.equals(bytes)).toBe(true)
    cutEverywhere(bytes, whole)
  })

  it.skipIf(recorded.length === 0)(`gives the same events for the recorded streams${unlessRecorded}`, () => {
    for (const { lines } of recorded) {
      const text = lines.map((line) => `event: x\ndata: ${line}\n\n`).join('')
      const bytes = bytesOf(text)
      const whole = feed(bytes)
      // Some recordings hold several responses, one behind the other.
      const { events, end } = expected(text)
      expect(summary(whole).slice(0, events.length)).toEqual(events)
      if (whole.events.at(-1)?.type !== 'response.failed') expect(whole.forwarded.length).toBe(end)
      expectSame(feed(bytes, everyByte(bytes)), whole)
      for (const size of [2, 3, 7, 61, 1021, 16_384]) {
        const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, n) => (n + 1) * size)
        expectSame(feed(bytes, cuts), whole)
      }
    }
  })

  it.skipIf(recorded.length === 0)(
    `gives the same for every cut of one recorded event per type${unlessRecorded}`,
    () => {
      const byType = new Map<string, string>()
      for (const line of recorded.flatMap(({ lines }) => lines)) {
        const event = JSON.parse(line, shortened) as { type: string; response?: { tools?: unknown } }
        if (event.response !== undefined) delete event.response.tools
        byType.set(event.type, JSON.stringify(event))
      }
      const terminal = ['error', 'response.failed', 'response.completed']
      const order = [...byType.keys()].filter((type) => !terminal.includes(type)).concat('response.completed', 'error')
      const bytes = bytesOf(order.map((type) => `event: ${type}\r\ndata: ${byType.get(type)}\r\n\r\n`).join(''))
      const whole = feed(bytes)
      expect(whole.events).toHaveLength(byType.size - 2)
      cutEverywhere(bytes, whole)
    },
  )

  it('agrees with the reference parser fed whole, for any stream, cut anywhere', () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(2000), { maxLength: 12 }), (text, offsets) => {
        const bytes = bytesOf(text)
        const cuts = [...new Set(offsets.map((offset) => offset % (bytes.length + 1)))].sort((a, b) => a - b)
        const fed = feed(bytes, cuts)
        const { events, end, ended } = expected(text)
        expect(fed.problem).toBeUndefined()
        // The frame that the end cut off is nobody's, unless it was repaired.
        expect(summary(fed).slice(0, events.length)).toEqual(events)
        expect(summary(fed).length - events.length).toBe(fed.repair === undefined ? 0 : 1)
        // Parsing nothing that need not be parsed changes nothing but the number of deltas that are told.
        const sniffed = feed(bytes, cuts, { sniffFrom: 0 })
        expect(condensed(sniffed)).toEqual(condensed(fed))
        expect(sniffed.forwarded.equals(fed.forwarded)).toBe(true)
        if (ended) expect(fed.forwarded.length).toBe(end)
        else expect(fed.forwarded.subarray(0, bytes.length).equals(bytes)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, 24) : Array.isArray(value) ? value.slice(0, 1) : value
}

const lineEnds = fc.constantFrom('\n', '\r\n', '\r')
const strings = fc.string({ unit: fc.constantFrom('a', 'é', '\u2028', '\u{1f642}', '\ufeff', '"', '\\', ' ', ':') })
const frames = fc.oneof(
  { weight: 3, arbitrary: strings.map((delta) => `data: ${JSON.stringify({ type: 'x.y.delta', delta })}\n\n`) },
  strings.map((text) => `: ${text}\n`),
  strings.map(
    (delta) => `event: a.b.done\ndata: ${JSON.stringify({ delta }, null, 1).replaceAll('\n', '\ndata: ')}\n\n`,
  ),
  fc.constantFrom(
    '\n',
    '\n\n',
    'id: 1\n',
    'retry: x\n',
    'nonsense\n',
    'event: ping\n\n',
    'data: {"type":"codex.x"}\n\n',
  ),
  {
    weight: 1,
    arbitrary: strings.map((id) => `data: ${JSON.stringify({ type: 'response.completed', response: { id } })}\n\n`),
  },
)
const streams = fc
  .tuple(fc.array(frames, { maxLength: 12 }), lineEnds, fc.nat(30), fc.boolean())
  .map(([list, lineEnd, missing, bom]) => {
    const text = list.join('')
    return (
      (bom ? '\ufeff' : '') +
      text.slice(0, Math.max(0, text.length - (missing < 20 ? 0 : missing - 20))).replaceAll('\n', lineEnd)
    )
  })
