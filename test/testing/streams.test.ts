import { describe, expect, it } from 'vitest'
import { classOfEvent } from '../../src/sse/event-classes.ts'
import {
  failedStream,
  incompleteStream,
  type JsonObject,
  reasoningStream,
  type StreamEvent,
  sseFrame,
  textStream,
  toolCallStream,
  toSSE,
} from '../../src/testing/streams.ts'
import { invalid } from '../support/typed.ts'

const EVERY_STREAM: Record<string, StreamEvent[]> = {
  text: textStream({ text: 'Grüße,  Welt 👋 und\nmehr', keepalives: 2 }),
  'empty text': textStream({ text: '' }),
  background: textStream({ background: true }),
  reasoning: reasoningStream({ encryptedContent: 'gAAAA' }),
  'reasoning and text': reasoningStream({ text: 'So it is.' }),
  'tool calls': toolCallStream({
    calls: [
      { name: 'a', arguments: { emoji: '👋👋👋👋👋👋' } },
      { name: 'b', arguments: '' },
    ],
  }),
  failed: failedStream({ deltas: ['half', ' a'], errorEvent: 'before_failed' }),
  incomplete: incompleteStream(),
}

describe.each(Object.entries(EVERY_STREAM))('the stream "%s"', (_name, events) => {
  it('numbers its events from 0 without a gap', () => {
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
  })

  it('starts with its creation and ends with its first terminal event', () => {
    expect(events[0]?.type).toBe('response.created')
    const terminal = events.filter((event) => event.type !== 'error' && classOfEvent(event.type, event) === 'terminal')
    expect(terminal).toEqual([events.at(-1)])
  })

  it('ends with an output that its finished items add up to', () => {
    const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
    expect(snapshot(events).output).toEqual(items)
  })

  it('joins its deltas to what the items say', () => {
    const texts = events.filter(({ type }) => /(text|arguments)\.done$/.test(type))
    for (const { item_id, text, arguments: given } of texts) {
      const deltas = events.filter((event) => event.item_id === item_id && event.type.endsWith('.delta'))
      expect(deltas.map(({ delta }) => delta).join('')).toBe(text ?? given)
    }
  })

  it('opens every item and part before it closes it', () => {
    const open = new Set<unknown>()
    for (const { type, item, item_id } of events) {
      if (type === 'response.output_item.added') open.add((item as JsonObject).id)
      if (item_id !== undefined) expect(open).toContain(item_id)
      if (type === 'response.output_item.done') expect(open.delete((item as JsonObject).id)).toBe(true)
    }
    expect(open.size).toBe(snapshot(events).status === 'failed' ? 1 : 0)
  })

  it('survives a way through JSON unchanged', () => {
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
  })
})

describe('the builders', () => {
  it('make the same events from the same options', () => {
    expect(textStream({ text: 'a b c' })).toEqual(textStream({ text: 'a b c' }))
  })

  it('put the options into every snapshot', () => {
    const options = { id: 'resp_9', model: 'gpt-x', previousResponseId: 'resp_8', createdAt: 5, store: false }
    for (const { response } of textStream({ ...options, response: { metadata: { a: 'b' } } })) {
      if (response === undefined) continue
      const expected = { id: 'resp_9', model: 'gpt-x', previous_response_id: 'resp_8', created_at: 5, store: false }
      expect(response).toMatchObject({ ...expected, metadata: { a: 'b' } })
    }
  })

  it('put keepalives into the prelude', () => {
    const types = textStream({ keepalives: 2, deltas: ['x'] }).map(({ type }) => type)
    expect(types.slice(0, 5)).toEqual([
      'response.created',
      'response.in_progress',
      'keepalive',
      'keepalive',
      'response.output_item.added',
    ])
  })

  it('count a token of output per delta unless told otherwise', () => {
    expect(snapshot(textStream({ deltas: ['a', 'b'] })).usage).toMatchObject({ output_tokens: 2, total_tokens: 12 })
    const usage = { inputTokens: 7, outputTokens: 9, cachedTokens: 3, reasoningTokens: 4 }
    expect(snapshot(textStream({ usage })).usage).toEqual({
      input_tokens: 7,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 9,
      output_tokens_details: { reasoning_tokens: 4 },
      total_tokens: 16,
    })
  })

  it('refuse a tool call without a name or arguments, or with a wrong field', () => {
    const make = (call: object) => () => toolCallStream({ calls: [invalid(call)] })
    expect(make({ arguments: {} })).toThrow('calls.0.name is undefined; expected a text')
    expect(make({ name: 'now' })).toThrow('calls.0.arguments is undefined; expected a text, or a value to send as JSON')
    expect(make({ name: 'now', arguments: {}, id: 'call_1' })).toThrow(
      "unknown option 'id' in calls.0; accepted: name, arguments, callId",
    )
    expect(make({ name: 'now', arguments: null })).not.toThrow()
  })

  it('tell a failure by response.failed, by an error event, or by both', () => {
    const failure = { code: 'slow_down', message: 'Slow down.' }
    const last = (options: Parameters<typeof failedStream>[0]) =>
      failedStream({ ...failure, ...options })
        .slice(2)
        .map(({ type }) => type)
    expect(last({})).toEqual(['response.failed'])
    expect(last({ errorEvent: 'before_failed' })).toEqual(['error', 'response.failed'])
    expect(last({ errorEvent: 'only' })).toEqual(['error'])
    expect(snapshot(failedStream(failure))).toMatchObject({ status: 'failed', error: failure, output: [] })
  })

  it('leave an incomplete item with an incomplete response', () => {
    const response = snapshot(incompleteStream({ reason: 'content_filter' }))
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } })
    expect(response.output).toMatchObject([{ status: 'incomplete' }])
  })

  it('write frames with the name, the data and a blank line', () => {
    expect(sseFrame({ type: 'keepalive', sequence_number: 3 })).toBe(
      'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n',
    )
    const events = textStream()
    expect(toSSE(events)).toBe(events.map(sseFrame).join(''))
  })
})

function snapshot(events: readonly StreamEvent[]): JsonObject {
  return events.at(-1)?.response as JsonObject
}
