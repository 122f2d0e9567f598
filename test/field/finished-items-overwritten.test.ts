import { describe, expect, it } from 'vitest'
import type { StreamInterruptedError } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { added, broken, call, completed, created, delta, done, message } from './support/kept.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

const at0 = { output_index: 0 }
const nameless = (text: string) => ({ ...message(text), id: undefined })
const named = (item: object) => item as { call_id?: string; type: string; content?: { text: string }[] }
const told = (item: object) => named(item).call_id ?? named(item).content?.[0]?.text ?? named(item).type

const scripts = {
  'a message and a call without ids at index 0': [done(nameless('a'), at0), done(call('c1'), at0)],
  'a call and a message without ids at index 0': [done(call('c1'), at0), done(nameless('a'), at0)],
  'two calls with an empty id, and no index': [done(call('c1', { id: '' })), done(call('c2', { id: '' }))],
  'two calls with an empty id at index 0': [done(call('c1', { id: '' }), at0), done(call('c2', { id: '' }), at0)],
  'two calls without ids at index 0': [done(call('c1'), at0), done(call('c2'), at0)],
  'two calls with one id at index 0': [done(call('c1', { id: 'x' }), at0), done(call('c2', { id: 'x' }), at0)],
  'two calls with one id, and no index': [done(call('c1', { id: 'x' })), done(call('c2', { id: 'x' }))],
  'two messages without ids at index 0': [done(nameless('a'), at0), done(nameless('b'), at0)],
  'two messages with an empty id at index 0': [
    done(message('a', { id: '' }), at0),
    done(message('b', { id: '' }), at0),
  ],
  'a call, its output and a reasoning at index 0': [
    done(call('c1'), at0),
    done({ type: 'function_call_output', call_id: 'c1', output: 'x' }, at0),
    done({ type: 'reasoning', summary: [] }, at0),
  ],
  'two calls announced first at index 0, finished in the same order': [
    ...['c1', 'c2'].map((id) => ({ ...done(call(id, { arguments: '' }), at0), type: 'response.output_item.added' })),
    done(call('c1'), at0),
    done(call('c2'), at0),
  ],
  'a message announced first, then a call, at index 0': [
    { ...done({ ...nameless(''), content: [] }, at0), type: 'response.output_item.added' },
    done(call('c1'), at0),
    done(nameless('a'), at0),
  ],
}
const expected = (events: readonly { readonly type: string }[]) =>
  events
    .filter(({ type }) => type.endsWith('.done'))
    .map((event) => told((event as { item?: object }).item as object))
    .sort()

describe.each(Object.entries(scripts))('%s', (_name, events) => {
  it('are all in the final response of create, stream and upgradeToStream', async () => {
    await using server = await fieldServer([streamAnswer(frames(created(0), ...events, completed(9, { output: [] })))])
    const { baseURL } = server
    const folded = await playFetch({ baseURL, upgradeToStream: true }, { model: 'gpt-5', input: 'Hello' })
    for (const result of [
      (await playCreate({ baseURL })).result,
      (await playStream({ baseURL })).result,
      JSON.parse(folded.result?.text ?? '{}'),
    ])
      expect(((result?.output ?? []) as object[]).map(told).sort()).toEqual(expected(events))
  })

  it('are all in the finished items of a stream that broke', async () => {
    await using server = await fieldServer([broken(created(0), ...events)])
    const { error } = await playStream({ baseURL: server.baseURL })
    expect((error as StreamInterruptedError).partial?.finishedItems.map((item) => told(item as object)).sort()).toEqual(
      expected(events),
    )
  })
})

describe('an item with two done events', () => {
  it.each([
    ['under its id', [done(message('a'), at0), done(message('a'), at0)]],
    ['without an id', [done(nameless('a'), at0), done(nameless('a'), at0)]],
    ['under its call_id, with another id', [done(call('c1', { id: 'x' }), at0), done(call('c1', { id: 'y' }), at0)]],
  ])('%s is one item', async (_name, events) => {
    await using server = await fieldServer([streamAnswer(frames(created(0), ...events, completed(9, { output: [] })))])
    expect((await playCreate({ baseURL: server.baseURL })).result?.output).toHaveLength(1)
  })
})

describe('a message whose deltas have other ids than its done event', () => {
  it('is one item', async () => {
    const events = [created(0), added(1), delta(2, 'hello'), done(message('hello', { id: 'msg_other' }), at0)]
    await using server = await fieldServer([streamAnswer(frames(...events, completed(9, { output: [] })))])
    expect((await playCreate({ baseURL: server.baseURL })).result?.output).toHaveLength(1)
  })
})
