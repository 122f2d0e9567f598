import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import { classOfEvent, isHeartbeat, isOfResponses } from '../../src/sse/event-classes.ts'
import { opensAsJson } from '../../src/sse/event-data.ts'
import { everyByte, feed, summary } from './feed.ts'

const RUNS = inject('full') ? 50_000 : 3000
const { from } = Buffer

/** What the parser of others makes of all the bytes at once, by the rules of 5.2: events, and how it ended. */
function expectedOf(bytes: Uint8Array): { events: string[]; end: 'open' | 'malformed' | 'done' | 'ended' } {
  const messages: Array<{ data: string; event: string | undefined }> = []
  const parser = createParser({ onEvent: ({ data, event }) => messages.push({ data, event }) })
  parser.feed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  const events: string[] = []
  let lingering = false
  for (const { data, event } of messages) {
    if (data.trim() === '' && (data === '' || data < '!')) continue
    // Nothing can be over before anything came.
    if (data.trim() === '[DONE]' && events.length === 0) continue
    if (data.trim() === '[DONE]') return { events, end: lingering ? 'ended' : 'done' }
    let json: unknown
    try {
      json = JSON.parse(data)
    } catch {
      if (isHeartbeat(event ?? '')) continue
      const saysError = /^\s*\[?error(?![a-z_0-9])/i.test(data) || (event === 'error' && !/^\s*[[{"]/.test(data))
      // Words under a name of a gateway's own are a remark; what was meant as JSON is a broken event.
      const isRemark = event !== undefined && !isOfResponses(event) && !opensAsJson(data)
      if (!saysError && isRemark) continue
      if (!saysError) return { events, end: 'malformed' }
      json = { type: 'error', message: data }
    }
    const type = typeOf(json, event)
    const found = classOfEvent(type, json)
    if (lingering && found !== 'terminal') continue
    events.push(`${found} ${type} ${data}`)
    if (found !== 'terminal') continue
    // Of these failures only an `error` event brings anything that could be a reason.
    if (!['error', 'response.failed'].includes(type) || lingering) return { events, end: 'ended' }
    lingering = true
  }
  return { events, end: 'open' }
}

function typeOf(json: unknown, event: string | undefined): string {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as { type?: unknown; error?: unknown }
  const { error } = fields
  const type = typeof fields.type === 'string' ? fields.type : undefined
  if (event === 'error' && type !== 'response.failed') return 'error'
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return type ?? event ?? 'message'
  return type !== undefined && classOfEvent(type, {}) === 'terminal' ? type : 'error'
}

/** Bytes that mean something to somebody: line ends, parts of characters, byte order marks, fields, quotes. */
const hostile = fc.constantFrom(
  ...[
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    ':',
    ' ',
    'data',
    'data:',
    'data: ',
    'event: ',
    'event: error\n',
    'event: ping\n',
    'error: ',
    'id',
    'retry: 1\n',
    '"',
    '\\',
    '{',
    '}',
    '[DONE]',
    'null',
    '5',
    '\0',
  ].map((text) => from(text)),
  ...[
    [0xff],
    [0xc3],
    [0xa9],
    [0xe2, 0x80],
    [0xe2, 0x80, 0xa8],
    [0xf0, 0x9f],
    [0x99, 0x82],
    [0xed, 0xa0, 0x80],
    [0xef, 0xbb, 0xbf],
    [0xef, 0xbb],
  ].map((bytes) => from(bytes)),
)
const text = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('a', 'é', '\u2028', '\u{1f642}', '\\n').map((s) => from(s)) },
    fc.constantFrom([0xff], [0xc3], [0xe2, 0x80]).map((b) => from(b)),
  ),
  { maxLength: 6 },
)
const types = fc.constantFrom(
  'response.output_text.delta',
  'response.created',
  'keepalive',
  'x.y.done',
  'response.completed',
  'error',
  'response.failed',
  'codex.x',
)
const frame = fc
  .tuple(types, text, fc.constantFrom('\n', '\r', '\r\n'), fc.nat(6))
  .map(([type, parts, line, shape]) => {
    const value = Buffer.concat([from(`{"type":"${type}","delta":"`), ...parts, from('"}')])
    const before = [
      `data: `,
      `data:`,
      `event: ${type}${line}data: `,
      `: c${line}data: `,
      `event: other${line}data: `,
      `event: error${line}data: `,
      `data: ${line}data: `,
    ][shape]
    return Buffer.concat([from(before ?? ''), value, from(line + line)])
  })
const bytes = fc
  .array(
    fc.oneof({ weight: 5, arbitrary: frame }, { weight: 2, arbitrary: hostile }, fc.uint8Array({ maxLength: 4 })),
    { maxLength: 14 },
  )
  .map((parts) => Buffer.concat(parts))
const cuts = fc.array(fc.nat(4000), { maxLength: 16 })

function expectAgreement(input: Buffer, at: readonly number[]): void {
  const { events, end } = expectedOf(input)
  const fed = feed(input, at)
  const seen = summary(fed)
  // A last terminal frame that lacks its blank line is repaired; the other parser does not see it.
  if (fed.repair !== undefined) seen.length = Math.min(seen.length, events.length)
  expect(seen).toEqual(events)
  expect(fed.problem?.kind).toBe(end === 'malformed' ? 'malformed_event' : undefined)
  if (fed.repair === undefined) expect(fed.ended).toBe(end === 'ended')
  expect(fed.done).toBe(end === 'done' || (end === 'ended' && fed.done))
  if (end === 'open') expect(fed.forwarded.subarray(0, input.length).equals(input)).toBe(true)
}

describe('random bytes, cut at random', () => {
  it('are read as the reference parser reads them whole', () => {
    fc.assert(
      fc.property(bytes, cuts, (input, offsets) => {
        const at = [...new Set(offsets.map((offset) => offset % (input.length + 1)))].sort((a, b) => a - b)
        expectAgreement(input, at)
        if (input.length < 300) expectAgreement(input, everyByte(input))
      }),
      { seed: 11, numRuns: RUNS },
    )
  })

  it('give the same bytes and the same end where events need no parsing', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 14 }), cuts, fc.nat(6), (frames, offsets, sniffFrom) => {
        const input = Buffer.concat(frames)
        const at = [...new Set(offsets.map((offset) => offset % (input.length + 1)))].sort((a, b) => a - b)
        const whole = feed(input, at)
        const sniffed = feed(input, at, { sniffFrom })
        expect(sniffed.forwarded.equals(whole.forwarded)).toBe(true)
        expect([sniffed.ended, sniffed.done, sniffed.lingering]).toEqual([whole.ended, whole.done, whole.lingering])
        // Of deltas in a row one may stand for all.
        const others = (fed: typeof whole): string[] => summary(fed).filter((line) => !line.includes('.delta '))
        expect(others(sniffed)).toEqual(others(whole))
      }),
      { seed: 12, numRuns: RUNS },
    )
  })

  it('are never more than the limit keeps', () => {
    fc.assert(
      fc.property(bytes, cuts, fc.integer({ min: 8, max: 60 }), (input, offsets, maxEventBytes) => {
        const at = [...new Set(offsets.map((offset) => offset % (input.length + 1)))].sort((a, b) => a - b)
        const fed = feed(input, at, { maxEventBytes })
        for (const { data } of fed.events) expect(data.length).toBeLessThanOrEqual(maxEventBytes)
      }),
      { seed: 13, numRuns: RUNS },
    )
  })
})
