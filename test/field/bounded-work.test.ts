import { describe, expect, it } from 'vitest'
import { isResilientError } from '../../src/index.ts'
import { appended, MAX_TEXT } from '../../src/responses/accumulator/growing-text.ts'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import { sentJson } from '../support/typed.ts'
import { dataFrames, fieldServer, streamAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

type Make = (count: number) => readonly object[]

const times = (count: number, make: (index: number) => object): object[] =>
  Array.from({ length: count }, (_, i) => make(i))
const call = (index: number, fields: object = {}) => ({
  type: 'function_call',
  call_id: `call_${index}`,
  name: 'f',
  arguments: '',
  ...fields,
})
const partAdded = (index: number, part: object = {}) => ({
  type: 'response.content_part.added',
  output_index: 0,
  content_index: index,
  part: { type: 'output_text', text: '', annotations: [], ...part },
})
const manyKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]))

/** What made the accumulator walk through all it had, event by event. */
const STREAMS: Readonly<Record<string, Make>> = {
  'deltas of one text': (count) =>
    times(count * 8, () => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'abc' })),
  'finished items without a place': (count) =>
    times(count, (i) => ({ type: 'response.output_item.done', item: call(i) })),
  'items without a place and without a name': (count) =>
    times(count, () => ({ type: 'response.output_item.done', item: { type: 'function_call' } })),
  'announced items, all of them open, then their ends': (count) => [
    ...times(count, (i) => ({ type: 'response.output_item.added', item: call(i) })),
    ...times(count, (i) => ({ type: 'response.output_item.done', item: call(i) })),
  ],
  'the ends in the other order': (count) => [
    ...times(count, (i) => ({ type: 'response.output_item.added', item: call(i) })),
    ...times(count, (i) => ({ type: 'response.output_item.done', item: call(count - 1 - i) })),
  ],
  'open items of one type, and deltas of another': (count) => [
    ...times(count, (i) => ({ type: 'response.output_item.added', item: { type: 'reasoning', id: `rs_${i}` } })),
    ...times(count, () => ({ type: 'response.function_call_arguments.delta', delta: 'a' })),
  ],
  'arguments by call_id': (count) => [
    ...times(count, (i) => ({ type: 'response.output_item.added', item: call(i) })),
    ...times(count, (i) => ({ type: 'response.function_call_arguments.delta', call_id: `call_${i}`, delta: 'a' })),
  ],
  'deltas that name items which nobody knows': (count) =>
    times(count, (i) => ({ type: 'response.output_text.delta', item_id: `msg_${i}`, delta: 'a' })),
  'an item with many keys, announced again and again': (count) => [
    { type: 'response.output_item.added', output_index: 0, item: call(0, manyKeys(count)) },
    ...times(count, () => ({ type: 'response.output_item.added', output_index: 0, item: { type: 'function_call' } })),
  ],
  'a part with many keys, announced again and again': (count) => [
    partAdded(0, manyKeys(count)),
    ...times(count, () => partAdded(0)),
  ],
  'an action with many keys, announced again and again': (count) => [
    { type: 'response.output_item.added', output_index: 0, item: { type: 'shell_call', action: manyKeys(count) } },
    ...times(count, () => ({
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'shell_call', action: { a: 1 } },
    })),
  ],
  'audio in a message of many parts': (count) => [
    { type: 'response.audio.delta', delta: 'a' },
    ...times(Math.min(count, 9000), (i) => partAdded(i + 1)),
    ...times(count, () => ({ type: 'response.audio.delta', delta: 'a' })),
  ],
  annotations: (count) =>
    times(count, () => ({
      type: 'response.output_text.annotation.added',
      output_index: 0,
      content_index: 0,
      annotation: { type: 'url_citation' },
    })),
  'parts of many items': (count) => times(count, (i) => ({ ...partAdded(0), output_index: i })),
}

/** CPU time of folding the events; the least of some runs, as a machine may be busy. */
function costOf(events: readonly object[]): number {
  let least = Infinity
  for (let run = 0; run < 3; run++) {
    const seen = new ResponseAccumulator(0)
    const before = process.cpuUsage()
    for (const event of events) seen.add(sentJson(event))
    seen.partial()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, user + system)
  }
  return least
}

describe('the work of the accumulator per event', () => {
  it.each(Object.entries(STREAMS))('does not grow with the earlier events: %s', (_name, make) => {
    const count = 1500
    // Sixteen times the events: sixteen times the work where it is linear, and 256 times where it is not.
    const few = costOf(make(count))
    expect(costOf(make(count * 16)) / Math.max(few, 500)).toBeLessThan(80)
  })
})

describe('a response that is larger than a response may be', () => {
  it('10 000 parts at index 9999 end the call at once, with the name of the limit', async () => {
    const parts = times(10_000, (i) => ({ ...partAdded(9999), output_index: i }))
    const begun = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' }
    await using server = await fieldServer([streamAnswer(dataFrames(begun, ...parts))])
    const { baseURL } = server
    for (const { error } of [await playCreate({ baseURL }), await playStream({ baseURL })]) {
      expect(error).toMatchObject({ code: 'response_too_large' })
      expect(String(error)).toContain('limits.eventBytes (67108864 bytes')
    }
    // It would come again.
    expect(server.requests).toHaveLength(2)
  })

  it('deltas that add up to more than limits.eventBytes end the call, through every face that rebuilds', async () => {
    const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'x'.repeat(30_000) }
    await using server = await fieldServer([streamAnswer(dataFrames(...times(19, () => delta)))])
    const options = { baseURL: server.baseURL, limits: { eventBytes: 65_536 } }
    expect(isResilientError((await playCreate(options)).error, 'response_too_large')).toBe(true)
    expect(isResilientError((await playStream(options)).error, 'response_too_large')).toBe(true)
    const asked = { model: 'gpt-5', input: 'Hello' }
    const { error } = await playFetch({ ...options, upgradeToStream: true }, asked)
    expect(isResilientError((error as Error).cause, 'response_too_large')).toBe(true)
  })

  it('items that add up to more end the call, too', async () => {
    const items = times(50, (i) => ({
      type: 'response.output_item.done',
      item: call(i, { arguments: 'x'.repeat(3000) }),
    }))
    await using server = await fieldServer([streamAnswer(dataFrames(...items))])
    const { error } = await playCreate({ baseURL: server.baseURL, limits: { eventBytes: 65_536 } })
    expect(isResilientError(error, 'response_too_large')).toBe(true)
  })

  it('repeated text is counted once: deltas, text.done, part.done and item.done of one text', async () => {
    const text = 'x'.repeat(20_000)
    const at = { output_index: 0, item_id: 'msg_1', content_index: 0 }
    const part = { type: 'output_text', text, annotations: [] }
    const told = [
      { type: 'response.output_text.delta', ...at, delta: text.slice(0, 9000) },
      { type: 'response.output_text.delta', ...at, delta: text.slice(9000) },
      { type: 'response.output_text.done', ...at, text },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', ...at, item: { type: 'message', id: 'msg_1', content: [part] } },
      { type: 'response.completed', response: { id: 'resp_1', object: 'response', status: 'completed', output: [] } },
    ]
    await using server = await fieldServer([streamAnswer(dataFrames(...told))])
    const played = await playCreate({ baseURL: server.baseURL, limits: { eventBytes: 24_000 } })
    expect(played.error).toBeUndefined()
    expect(played.result?.output_text).toBe(text)
  })

  it('a text never becomes longer than a string can be', () => {
    const known = 'x'.repeat(MAX_TEXT - 1)
    expect(appended(known, 'ab')).toBe(known)
    const seen = new ResponseAccumulator(0)
    const delta = 'x'.repeat(30_000_000)
    for (let i = 0; i < 19; i++) {
      seen.add(sentJson({ type: 'response.output_text.delta', output_index: 0, delta, sequence_number: i }))
    }
    expect(seen.tooLargeFor).toBe(MAX_TEXT)
  })
})
