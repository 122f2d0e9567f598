import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import { eventRows } from '../../src/responses/schema/event-rows.ts'
import type { ResponseStreamEvent } from '../../src/responses/schema/index.ts'
import { failedStream, reasoningStream, textStream, toolCallStream } from '../../src/testing/index.ts'
import { recorded } from '../sse/feed.ts'
import { sentJson } from '../support/typed.ts'

type Fields = Record<string, unknown>

const streams: Fields[][] = [
  textStream({ text: 'Hello over there' }),
  reasoningStream({ text: 'So it is.' }),
  toolCallStream({ calls: ['one', 'two'].map((name) => ({ name, arguments: { name } })) }),
  failedStream({ errorEvent: 'before_failed', deltas: ['Hel', 'lo'] }),
  ...recorded
    .map(({ lines }) => lines.map((line) => JSON.parse(line) as Fields))
    .map((events) => events.filter(({ type }) => type !== 'response.output_text.delta').slice(0, 60)),
]

const someOf = (...values: unknown[]) => fc.constantFrom(...values)
const indexes = someOf(0, 1, 2, -1, 1.5, 1e9, 2 ** 53, 2 ** 53 - 1, '0', null, undefined)
const names = ['a', 'b', '__proto__', 'constructor', '', 7, null, undefined]
const odd: unknown[] = [
  null,
  true,
  -1,
  1e300,
  'text',
  '',
  [],
  {},
  [[null, {}]],
  ['text', 3],
  { toString: 1, valueOf: null },
  { type: 'message' },
]
const itemTypes = ['message', 'reasoning', 'function_call', 'shell_call', 'constructor', 3, null, { toString: 1 }]
const objects = fc.record(
  {
    type: someOf(...itemTypes),
    id: someOf(...names),
    call_id: someOf(...names),
    content: someOf(...odd, [{ type: 'output_text', text: 7 }], [null, { type: 'output_audio' }]),
    action: someOf(...odd, { commands: [{}, 1] }),
    status: someOf('completed', 'in_progress', 'failed', 4),
    output: someOf(...odd, [{ type: 'message', content: [null, 'x', { type: 'output_text' }] }]),
  },
  { requiredKeys: [] },
)
const things = fc.oneof(someOf(...odd), objects)
const types = fc.constantFrom(
  ...Object.keys(eventRows),
  'response.done',
  'response.cancelled',
  'constructor',
  'codex.x',
  1,
)
const garbage = fc.record(
  {
    type: types,
    output_index: indexes,
    content_index: indexes,
    summary_index: indexes,
    command_index: indexes,
    annotation_index: indexes,
    item_id: someOf(...names),
    item: things,
    part: things,
    response: things,
    annotation: things,
    delta: fc.oneof(fc.string(), things),
    text: things,
    arguments: things,
    command: fc.oneof(fc.string(), things),
    output: fc.oneof(fc.array(things, { maxLength: 3 }), things),
    logprobs: fc.oneof(fc.array(things, { maxLength: 3 }), things),
  },
  { requiredKeys: ['type'] },
)

describe('any input', () => {
  it('real events are accepted in any order, with any field missing', () => {
    const some = fc.constantFrom(...streams).chain((events) =>
      fc.shuffledSubarray(
        events.flatMap((event) => [event, event]),
        { minLength: 1 },
      ),
    )
    fc.assert(
      fc.property(some, fc.array(fc.tuple(fc.nat(), garbage), { maxLength: 5 }), (events, strange) => {
        const mixed = [...events]
        for (const [at, event] of strange) mixed.splice(at % (mixed.length + 1), 0, event)
        check(mixed)
      }),
      { numRuns: 300 },
    )
  })

  it('garbage of every type is accepted', () => {
    fc.assert(
      fc.property(fc.array(garbage, { maxLength: 30 }), (events) => check(events)),
      { numRuns: 1000 },
    )
  })

  it('garbage in the fields of real events is accepted', () => {
    const spoilt = fc
      .constantFrom(...streams)
      .chain((events) =>
        fc
          .array(fc.tuple(fc.nat(events.length - 1), garbage), { maxLength: 10 })
          .map((spots) =>
            events.map((event, index) => ({ ...event, ...withoutType(spots.find(([at]) => at === index)?.[1]) })),
          ),
      )
    fc.assert(
      fc.property(spoilt, (events) => check(events)),
      { numRuns: 300 },
    )
  })

  it.each([null, undefined, 7, 'text', [], [{}], {}, { type: 7 }, { type: '' }])(
    '%j is not an event, and accepted',
    (event) => {
      const seen = new ResponseAccumulator()
      seen.add(sentJson(event))
      expect(seen.response).toBeUndefined()
      expect(seen.partial()).toEqual({ text: '', finishedItems: [], unfinishedItems: [] })
    },
  )

  it('JSON of any depth is accepted', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`) as unknown
    const seen = new ResponseAccumulator()
    seen.add(
      sentJson({ type: 'response.output_item.added', output_index: 0, item: { type: 'message', content: deep } }),
    )
    seen.add(sentJson({ type: 'response.output_item.done', output_index: 0, item: { type: 'message', deep } }))
    seen.add(
      sentJson({ type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [], deep } }),
    )
    expect(seen.partial().finishedItems).toHaveLength(1)
    expect(seen.toResponse().output).toHaveLength(1)
  })

  it('a key named __proto__ stays a key', () => {
    const item = JSON.parse('{"type":"message","__proto__":{"polluted":true},"content":[]}') as unknown
    const seen = new ResponseAccumulator()
    seen.add(sentJson({ type: 'response.output_item.done', output_index: 0, item }))
    const [kept] = seen.partial().finishedItems
    expect(JSON.stringify(kept)).toBe(JSON.stringify(item))
    expect(sentJson<Fields>(kept).polluted).toBeUndefined()
  })
})

describe('memory', () => {
  it('of 100 000 deltas into one part is that of their text alone', () => {
    const collectGarbage = garbageCollector()
    const seen = new ResponseAccumulator()
    const before = collectGarbage()
    for (let i = 0; i < 100_000; i++) {
      // Parsed, as the events of a stream are: equal literals would share their memory.
      const event = `{"type":"response.output_text.delta","output_index":0,"delta":"w${String(i).padStart(5, '0')}"}`
      seen.add(JSON.parse(event))
    }
    const heldBytes = collectGarbage() - before
    expect(seen.outputText).toHaveLength(600_000)
    // A tree of all deltas takes some 6 MB.
    expect(heldBytes).toBeLessThan(2_000_000)
  })

  it('holds only the last partial image', () => {
    const seen = new ResponseAccumulator()
    for (let i = 0; i < 10; i++) {
      const image = { partial_image_b64: `image ${i}`, partial_image_index: i }
      seen.add(
        sentJson({
          type: 'response.image_generation_call.partial_image',
          output_index: 0,
          item_id: 'ig_1',
          ...image,
        }),
      )
    }
    expect(seen.partial().unfinishedItems).toEqual([
      { type: 'image_generation_call', id: 'ig_1', partial_image_b64: 'image 9', partial_image_index: 9 },
    ])
  })
})

/** Nothing throws, nothing is done to the events, and what comes out has its shape. */
function check(events: readonly unknown[]): void {
  const seen = new ResponseAccumulator()
  const before = JSON.stringify(events)
  for (const event of events) {
    seen.add(event as ResponseStreamEvent)
    const { finishedItems, unfinishedItems, text } = seen.partial()
    if (typeof text !== 'string' || !Array.isArray(finishedItems) || !Array.isArray(unfinishedItems)) expect.fail(text)
  }
  expect(typeof seen.outputText).toBe('string')
  expect(['string', 'undefined']).toContain(typeof seen.id)
  expect(Array.isArray(seen.toResponse().output)).toBe(true)
  expect(seen.response === undefined || Array.isArray(seen.response.output)).toBe(true)
  JSON.stringify([seen.response, seen.usage, seen.terminal])
  expect(JSON.stringify(events)).toBe(before)
}

function withoutType(event: Fields | undefined): Fields {
  const { type, ...rest } = event ?? {}
  return rest
}

/** Collects and tells what is left, in bytes. */
function garbageCollector(): () => number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return () => {
    collect()
    collect()
    return process.memoryUsage().heapUsed
  }
}
