import { describe, expect, it } from 'vitest'
import type { TelemetryEvent } from '../../src/index.ts'
import { fieldServer, frames, streamAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playStream } from './support/play.ts'

type Fields = Readonly<Record<string, unknown>>
type Event = { readonly type: string } & Fields

const IN_PROGRESS = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] }
const CREATED = { type: 'response.created', response: IN_PROGRESS }
const COMPLETED = { type: 'response.completed', response: { ...IN_PROGRESS, status: 'completed' } }

const PARIS = { name: 'weather', call_id: 'call_a', arguments: '{"city":"Paris"}' }
const ROME = { name: 'weather', call_id: 'call_b', arguments: '{"city":"Rome"}' }
const BOTH = [PARIS, ROME]

const item = (call: typeof PARIS, fields: Fields = {}) => ({ type: 'function_call', ...call, ...fields })
const added = (call: typeof PARIS, fields: Fields = {}, of: Fields = {}): Event => ({
  type: 'response.output_item.added',
  ...of,
  item: item(call, { arguments: '', ...fields }),
})
const done = (call: typeof PARIS, fields: Fields = {}, of: Fields = {}): Event => ({
  type: 'response.output_item.done',
  ...of,
  item: item(call, fields),
})
const deltas = (call: typeof PARIS, names: Fields): Event[] =>
  [call.arguments.slice(0, 8), call.arguments.slice(8)].map((delta) => ({
    type: 'response.function_call_arguments.delta',
    ...names,
    delta,
  }))
const argumentsDone = (call: typeof PARIS, names: Fields): Event => ({
  type: 'response.function_call_arguments.done',
  ...names,
  arguments: call.arguments,
})

/** How two calls are told by gateways. Events of the two are mixed where the model writes both at once. */
const STREAMS: Readonly<Record<string, readonly Event[]>> = {
  'argument events with call_id alone, no output_index anywhere': BOTH.flatMap((call) => [
    added(call),
    ...deltas(call, { call_id: call.call_id }),
    argumentsDone(call, { call_id: call.call_id }),
  ]),
  'the same, mixed, without an end of either item': [
    added(PARIS),
    added(ROME),
    ...deltas(PARIS, { call_id: 'call_a' }).flatMap((delta, at) => [
      delta,
      deltas(ROME, { call_id: 'call_b' })[at] as Event,
    ]),
    argumentsDone(ROME, { call_id: 'call_b' }),
    argumentsDone(PARIS, { call_id: 'call_a' }),
  ],
  'the call_id where the id of the item belongs, ends last (llama.cpp)': [
    added(PARIS),
    ...deltas(PARIS, { item_id: 'call_a' }),
    added(ROME),
    ...deltas(ROME, { item_id: 'call_b' }),
    done(PARIS),
    done(ROME),
  ],
  'all ends last, with call_id alone': [
    added(PARIS, { id: 'fc_a' }),
    ...deltas(PARIS, { item_id: 'fc_a' }),
    added(ROME, { id: 'fc_b' }),
    ...deltas(ROME, { item_id: 'fc_b' }),
    done(PARIS),
    done(ROME),
  ],
  'all ends last, in another order, with another id': [
    added(PARIS, { id: 'fc_a' }),
    added(ROME, { id: 'fc_b' }),
    done(ROME, { id: 'fc_3' }),
    done(PARIS, { id: 'fc_4' }),
  ],
  'all ends last, one output_index for both': [
    added(PARIS, {}, { output_index: 0 }),
    added(ROME, {}, { output_index: 0 }),
    ...deltas(PARIS, { output_index: 0, call_id: 'call_a' }),
    ...deltas(ROME, { output_index: 0, call_id: 'call_b' }),
    done(PARIS, {}, { output_index: 0 }),
    done(ROME, {}, { output_index: 0 }),
  ],
  'nothing but deltas and their ends, by call_id': BOTH.flatMap((call) => [
    ...deltas(call, { call_id: call.call_id, name: call.name }),
    argumentsDone(call, { call_id: call.call_id, name: call.name }),
    done(call),
  ]),
  'nothing but the ends': [done(PARIS), done(ROME)],
}

describe.each(Object.entries(STREAMS))('two function calls sent as %s', (_name, told) => {
  const body = frames(CREATED, ...told, COMPLETED)

  it('are two calls with their own arguments, for the typed stream, create and upgradeToStream', async () => {
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    const outputs = [
      (await playStream({ baseURL })).result?.output,
      (await playCreate({ baseURL })).result?.output,
      JSON.parse((await playFetch({ baseURL, upgradeToStream: true }, { model: 'm', input: 'x' })).result?.text ?? '')
        .output,
    ]
    for (const output of outputs) {
      expect(output).toHaveLength(2)
      expect(output).toMatchObject(BOTH)
    }
  })
})

describe('a call that was announced but never finished, in a complete response', () => {
  it('is left out, and reported as event_problem', async () => {
    const events: TelemetryEvent[] = []
    const body = frames(
      CREATED,
      added(PARIS, { id: 'fc_a' }, { output_index: 0 }),
      done(PARIS, { id: 'fc_a' }, { output_index: 0 }),
      added(ROME, { id: 'fc_b' }, { output_index: 1 }),
      deltas(ROME, { item_id: 'fc_b', output_index: 1 })[0] as Event,
      COMPLETED,
    )
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    const played = await playCreate({ baseURL, onEvent: (event) => events.push(event) })
    expect(played.result?.output).toMatchObject([PARIS])
    expect(played.result?.output).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'event_problem')).toEqual([
      expect.objectContaining({
        problem: 'unfinished_item',
        eventType: 'response.completed',
        detail: 'output_index 1: not finished, so the final response omits them',
      }),
    ])
  })
})
