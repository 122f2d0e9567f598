import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { added, call, completed, created, delta, done, message } from './support/kept.ts'
import { playCreate } from './support/play.ts'

const hello = done(message('hello'), { sequence_number: 3, output_index: 0 })
const tool = call('c1', { id: 'fc_1', arguments: '{"a":1}' })
const toolDone = done(tool, { sequence_number: 4, output_index: 1 })
const reasoning = { id: 'rs_1', type: 'reasoning', summary: [] }
const begin = [created(0), added(1), delta(2, 'hello')]

async function play(events: readonly { readonly type: string }[]) {
  const told: TelemetryEvent[] = []
  await using server = await fieldServer([streamAnswer(frames(...events))])
  const { result } = await playCreate({ baseURL: server.baseURL, onEvent: (event) => told.push(event) })
  return {
    result,
    problems: told.filter((event) => event.type === 'event_problem' && event.problem !== 'sequence_gap'),
  }
}

describe('a terminal event that lacks finished items', () => {
  it.each([
    ['a reasoning item only', [hello], [reasoning], [reasoning, message('hello')]],
    ['the message with emptied content', [hello], [{ ...message(''), content: [] }], [message('hello')]],
    ['the message, without the tool call', [hello, toolDone], [message('hello')], [message('hello'), tool]],
    ['the tool call, without the message', [hello, toolDone], [tool], [message('hello'), tool]],
    [
      'the tool call without arguments',
      [hello, toolDone],
      [message('hello'), { ...tool, arguments: '' }],
      [message('hello'), tool],
    ],
    ['one of two tool calls', [toolDone, done(call('c2'), { output_index: 2 })], [call('c2')], [tool, call('c2')]],
  ])('and has %s: the final response has it back, and that is told', async (_name, finished, output, expected) => {
    const { result, problems } = await play([...begin, ...finished, completed(6, { output })])
    expect([...(result?.output ?? [])].sort(byType)).toEqual([...expected].sort(byType))
    expect(problems).toEqual([expect.objectContaining({ problem: 'missing_item', eventType: 'response.completed' })])
  })

  it.each([
    ['the same items', [hello, toolDone], [message('hello'), tool]],
    ['other ids', [hello, toolDone], [message('hello', { id: 'msg_9' }), call('c9', { id: 'fc_9' })]],
    ['another text', [hello], [message('hello, in other words')]],
    ['more than was finished', [hello], [reasoning, message('hello'), tool]],
    ['no reasoning that was finished', [done(reasoning, { output_index: 0 }), hello], [message('hello')]],
  ])('and has %s: its word stays as it is, and nothing is told', async (_name, finished, output) => {
    const { result, problems } = await play([...begin, ...finished, completed(6, { output })])
    expect(result?.output).toEqual(output)
    expect(problems).toEqual([])
  })
})

function byType(one: object, other: object): number {
  return JSON.stringify(one).localeCompare(JSON.stringify(other))
}
