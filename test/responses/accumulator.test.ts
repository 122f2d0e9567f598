import { describe, expect, it } from 'vitest'
import type { PartialOutput } from '../../src/errors/errors.ts'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import { sentJson } from '../support/typed.ts'

type Fields = Record<string, unknown>

const created = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [], usage: null } }
const completed = { type: 'response.completed', response: { id: 'resp_1', status: 'completed', output: [] } }
const at0 = { output_index: 0, item_id: 'item_0' }

function seenOf(...events: Fields[]): ResponseAccumulator {
  const seen = new ResponseAccumulator()
  for (const event of events) seen.add(sentJson(event))
  return seen
}

function added(item: Fields, output_index = 0): Fields {
  return { type: 'response.output_item.added', output_index, item: { id: `item_${output_index}`, ...item } }
}

function done(item: Fields, output_index = 0): Fields {
  return { type: 'response.output_item.done', output_index, item: { id: `item_${output_index}`, ...item } }
}

describe('a call whose arguments did not finish', () => {
  const call = { type: 'function_call', call_id: 'call_1', name: 'delete_file', arguments: '' }
  const delta = { type: 'response.function_call_arguments.delta', ...at0, delta: '{"path":"/' }
  const finish = { type: 'response.function_call_arguments.done', ...at0, arguments: '{"path":"/tmp/x"}' }

  it('is never among the finished items', () => {
    const partial: PartialOutput = seenOf(created, added(call), delta).partial()
    expect(partial.finishedItems).toEqual([])
    expect(partial.unfinishedItems).toEqual([{ id: 'item_0', ...call, arguments: '{"path":"/' }])
  })

  it('is not finished by response.function_call_arguments.done alone', () => {
    expect(seenOf(created, added(call), delta, finish).partial().finishedItems).toEqual([])
  })

  it.each(['completed', 'incomplete', 'failed', 'cancelled'])(
    'is not in the final response, %s and without output',
    (status) => {
      const end = { type: `response.${status}`, response: { id: 'resp_1', status, output: [] } }
      expect(seenOf(created, added(call), delta, end).toResponse().output).toEqual([])
    },
  )

  it('is not in the final response if only its arguments are known', () => {
    expect(seenOf(created, delta, finish, completed).toResponse().output).toEqual([])
  })

  it("is whole in a completed response of an endpoint that never sends an item's done event", () => {
    const { output } = seenOf(created, added(call), delta, finish, completed).toResponse()
    expect(output).toEqual([{ id: 'item_0', ...call, arguments: '{"path":"/tmp/x"}' }])
  })
})

describe('the response', () => {
  const message = { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }

  it('is undefined until an event carries one', () => {
    const seen = seenOf({ type: 'keepalive' }, added(message), { type: 'codex.rate_limits', response: { id: 'no' } })
    expect([seen.response, seen.id, seen.usage, seen.terminal]).toEqual([undefined, undefined, undefined, undefined])
    expect(seen.outputText).toBe('Hello')
  })

  it('takes the items in the order of their indexes if the terminal event has no output', () => {
    const other = { type: 'message', content: [{ type: 'output_text', text: ' you' }] }
    const seen = seenOf(created, done(other, 7), done(message, 2), completed)
    expect(seen.toResponse().output).toEqual([
      { id: 'item_2', ...message },
      { id: 'item_7', ...other },
    ])
    expect(seen.outputText).toBe('Hello you')
  })

  it('takes the output of the terminal event before anything that was rebuilt', () => {
    const output = [{ id: 'item_0', type: 'message', content: [{ type: 'output_text', text: 'Hallo' }] }]
    const seen = seenOf(created, done(message), { ...completed, response: { ...completed.response, output } })
    expect(seen.toResponse().output).toEqual(output)
    expect(seen.outputText).toBe('Hallo')
  })

  it('has the text of a message without a done event, if the response is completed', () => {
    const seen = seenOf(created, { type: 'response.output_text.delta', delta: 'Hello' }, completed)
    expect(seen.toResponse().output).toEqual([
      { ...message, role: 'assistant', content: [{ ...message.content[0], annotations: [] }] },
    ])
  })

  it('has no unfinished item if it failed', () => {
    const failed = { type: 'response.failed', response: { id: 'resp_1', status: 'failed', output: [] } }
    const seen = seenOf(created, { type: 'response.output_text.delta', delta: 'Hello' }, failed)
    expect(seen.toResponse()).toEqual(failed.response)
    expect(seen.partial().text).toBe('Hello')
  })

  it('is built from the events if the terminal event has no response', () => {
    const seen = seenOf(created, done(message), { type: 'response.incomplete' })
    expect(seen.toResponse()).toEqual({
      ...created.response,
      status: 'incomplete',
      output: [{ id: 'item_0', ...message }],
    })
    expect(seenOf(done(message), { type: 'response.completed' }).response).toEqual({
      object: 'response',
      status: 'completed',
      output: [{ id: 'item_0', ...message }],
    })
  })

  it('has output_text, but not in its JSON', () => {
    const response = seenOf(created, done(message), completed).toResponse()
    expect(response.output_text).toBe('Hello')
    expect(JSON.stringify(response)).not.toContain('"output_text":')
  })

  it('keeps the output_text that an endpoint sends', () => {
    const own = { ...completed, response: { ...completed.response, output_text: 'Own' } }
    expect(seenOf(created, own).toResponse()).toEqual(own.response)
  })

  it('is another object each time', () => {
    const seen = seenOf(created, done(message), {
      ...completed,
      response: { ...completed.response, usage: { total_tokens: 1 } },
    })
    const first = seen.toResponse()
    Object.assign(first.output[0]!, { type: 'scribbled' })
    first.output.length = 0
    Object.assign(seen.usage!, { total_tokens: 9 })
    Object.assign(seen.partial().finishedItems[0]!, { type: 'scribbled' })
    expect(seen.toResponse().output).toEqual([{ id: 'item_0', ...message }])
    expect(seen.usage).toEqual({ total_tokens: 1 })
    expect(seen.partial().finishedItems[0]!.type).toBe('message')
  })
})

describe('the end', () => {
  it.each([
    ['response.completed', 'completed', 'completed'],
    ['response.completed', 'incomplete', 'incomplete'],
    ['response.done', 'failed', 'failed'],
    ['response.done', undefined, 'completed'],
    ['response.cancelled', undefined, 'cancelled'],
    ['response.of_tomorrow', 'cancelled', 'cancelled'],
    ['response.failed', 'in_progress', 'failed'],
    ['response.in_progress', 'in_progress', undefined],
    ['response.error', undefined, undefined],
    ['error', undefined, undefined],
  ])('%s with the status %s is %s', (type, status, expected) => {
    expect(seenOf(created, { type, response: { id: 'resp_1', status } }).terminal).toBe(expected)
  })

  it('is described by response.failed after an error', () => {
    const failed = {
      type: 'response.failed',
      response: { id: 'resp_1', status: 'failed', output: [], error: { code: 'x' } },
    }
    const seen = seenOf(created, { type: 'error', error: { code: 'x' } }, failed)
    expect(seen.terminal).toBe('failed')
    expect(seen.toResponse()).toEqual(failed.response)
  })

  it('is the first terminal event: events after it do not count', () => {
    const late = { type: 'response.failed', response: { id: 'resp_2', status: 'failed', output: [] } }
    const seen = seenOf(created, completed, done({ type: 'message' }), late)
    expect(seen.terminal).toBe('completed')
    expect(seen.toResponse()).toEqual(completed.response)
  })
})

describe('items that share an output_index', () => {
  const call = (id: string) => ({ id, call_id: `call_${id}`, type: 'function_call', arguments: '' })
  const delta = (item_id: string, text: string) => ({
    type: 'response.function_call_arguments.delta',
    output_index: 0,
    item_id,
    delta: text,
  })

  it('are told apart by their ids while both are under way', () => {
    const seen = seenOf(added(call('a')), added(call('b')), delta('a', '{"a"'), delta('b', '{"b"'), delta('a', ':1}'))
    expect(seen.partial().unfinishedItems).toEqual([
      { ...call('a'), arguments: '{"a":1}' },
      { ...call('b'), arguments: '{"b"' },
    ])
    seen.add(sentJson(done({ ...call('a'), arguments: '{"a":1}' })))
    expect(seen.partial().finishedItems).toEqual([{ ...call('a'), arguments: '{"a":1}' }])
    expect(seen.partial().unfinishedItems).toEqual([{ ...call('b'), arguments: '{"b"' }])
  })

  it('are all kept if only their done events are sent', () => {
    const seen = seenOf(created, done(call('a')), done(call('b')), done({ ...call('b'), arguments: '{}' }), completed)
    expect(seen.toResponse().output).toEqual([call('a'), { ...call('b'), arguments: '{}' }])
  })

  it('grow after one that is done', () => {
    const seen = seenOf(added(call('a')), done(call('a')), added(call('b')), delta('b', '{"b"'))
    expect(seen.partial().finishedItems).toEqual([call('a')])
    expect(seen.partial().unfinishedItems).toEqual([{ ...call('b'), arguments: '{"b"' }])
  })

  it('are told apart by call_id if they have no id', () => {
    const nameless = (call_id: string) => ({ type: 'function_call', call_id, arguments: '{}' })
    const events = ['one', 'two'].map((call_id) => {
      return { type: 'response.output_item.done', output_index: 0, item: nameless(call_id) }
    })
    expect(seenOf(...events).partial().finishedItems).toEqual([nameless('one'), nameless('two')])
  })
})
