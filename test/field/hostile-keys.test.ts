import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import { eventTypes } from '../../src/responses/schema/event-types.ts'
import { dataFrames, fieldServer, jsonAnswer, streamAnswer } from './support/field-server.ts'
import { playCreate, playFetch, playOpenAI, playStream } from './support/play.ts'

type Fields = Record<string, unknown>

const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
  'length',
  '0',
  '4294967295',
  'k'.repeat(1000),
] as const

/** As `JSON.parse` sets a key: as an own one, whatever its name is. */
function set(owner: object, key: string, value: unknown): void {
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true })
}

function nested(): Fields {
  const inner = { polluted: true }
  for (const key of ['__proto__', 'constructor', 'push']) set(inner, key, { polluted: true, type: 'polluted' })
  return inner
}

/** The same JSON with hostile keys in every object of it, at every depth. */
function spoilt(value: unknown, keys: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => spoilt(each, keys))
  const result = {}
  for (const key of keys) set(result, key, nested())
  for (const [key, each] of Object.entries(value)) set(result, key, spoilt(each, keys))
  return result
}

const TYPES = Object.keys(eventTypes)
const ANNOUNCING = [
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
]
const ITEM_TYPES = [
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'mcp_call',
  'shell_call',
  'apply_patch_call',
  'code_interpreter_call',
  'image_generation_call',
]

/** An event of any type with every field that any type has. */
function eventOf(type: string, itemType: string, index: number): Fields {
  const part = { type: 'output_text', text: 'a', annotations: [{ type: 'url_citation' }], logprobs: [{ token: 'a' }] }
  return {
    type,
    output_index: index,
    item_id: `item_${index}`,
    content_index: 0,
    summary_index: 0,
    command_index: 0,
    annotation_index: 0,
    delta: type.includes('shell_call_output') ? { stdout: 'a', stderr: 'b' } : 'a',
    text: 'a',
    arguments: '{}',
    input: 'a',
    code: 'a',
    diff: 'a',
    command: 'a',
    output: [{ stdout: 'a', stderr: 'b' }],
    part,
    annotation: { type: 'url_citation' },
    logprobs: [{ token: 'a', top_logprobs: [{ token: 'b' }] }],
    partial_image_b64: 'a',
    item: {
      type: itemType,
      id: `item_${index}`,
      call_id: `call_${index}`,
      content: [part],
      summary: [part],
      action: { commands: ['a'], env: {} },
      operation: { type: 'update_file', diff: 'a' },
      output: [{ stdout: 'a' }],
    },
    response: { id: 'resp_1', object: 'response', status: 'in_progress', output: [], usage: { total_tokens: 1 } },
  }
}

/** What every object and every list of the process has: each key, and what is under it. */
function prototypes(): readonly unknown[] {
  return [Object.prototype, Array.prototype, Function.prototype, String.prototype, Promise.prototype].flatMap((each) =>
    Reflect.ownKeys(each).flatMap((key) => {
      const { value, get, set: setter, enumerable } = Object.getOwnPropertyDescriptor(each, key) ?? {}
      return [key, value, get, setter, enumerable]
    }),
  )
}

function expectUnchanged(before: readonly unknown[]): void {
  const after = prototypes()
  expect(after.length).toBe(before.length)
  expect(after.every((each, index) => Object.is(each, before[index]))).toBe(true)
}

/** Nothing in a result is of another kind than JSON makes. */
function expectPlain(root: unknown): void {
  const open = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    expect(Object.getPrototypeOf(value)).toBe(Array.isArray(value) ? Array.prototype : Object.prototype)
    for (const key of Object.keys(value)) open.push(Object.getOwnPropertyDescriptor(value, key)?.value)
  }
}

const IS_END = /^response\.(completed|failed|incomplete|cancelled|done)$|^error$/

describe('keys that an endpoint chooses', () => {
  it('stay own keys, in every event, in any order and however often they are announced', () => {
    const before = prototypes()
    const one = fc.record({
      // Half of them announce: what is announced again is merged, key by key.
      type: fc.oneof(fc.constantFrom(...TYPES), fc.constantFrom(...ANNOUNCING)),
      itemType: fc.constantFrom(...ITEM_TYPES),
      index: fc.nat(1),
      keys: fc.oneof(fc.constant([]), fc.subarray([...HOSTILE_KEYS])),
    })
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 12 }), (given) => {
        const seen = new ResponseAccumulator()
        for (const { type, itemType, index, keys } of given) {
          const event = JSON.stringify(spoilt(eventOf(type, itemType, index), keys))
          seen.add(JSON.parse(event))
        }
        expectPlain(seen.partial())
        expectPlain(seen.toResponse())
        expectPlain(seen.usage)
      }),
      { numRuns: 100 },
    )
    expectUnchanged(before)
  })

  it('stay own keys in all events of a stream, through every face', async () => {
    const before = prototypes()
    // With hostile keys and without, in turn, in one place: what is announced again is merged.
    const every = TYPES.filter((type) => !IS_END.test(type)).flatMap((type) => {
      const event = eventOf(type, 'message', ANNOUNCING.indexOf(type) + 1)
      return [spoilt(event, HOSTILE_KEYS), event, spoilt(event, ['__proto__'])]
    })
    const end = {
      type: 'response.completed',
      response: { id: 'resp_1', object: 'response', status: 'completed', output: [], metadata: {} },
    }
    const body = dataFrames(...every, spoilt(end, HOSTILE_KEYS))
    await using server = await fieldServer([streamAnswer(body)])
    const { baseURL } = server
    const streamed = await playStream({ baseURL, validate: 'report', onEvent() {} })
    expect(streamed.error).toBeUndefined()
    expectPlain(streamed.result?.output)
    expect((await playCreate({ baseURL })).error).toBeUndefined()
    const upgraded = await playFetch({ baseURL, upgradeToStream: true }, { model: 'gpt-5', input: 'Hello' })
    expectPlain(JSON.parse(upgraded.result?.text ?? ''))
    await playOpenAI({ baseURL, upgradeToStream: true }, (openai) =>
      openai.responses.create({ model: 'gpt-5', input: 'Hello' }),
    )
    expectUnchanged(before)
  })

  it('stay own keys in errors and in whole answers', async () => {
    const before = prototypes()
    const error = { code: 'invalid_prompt', type: 'invalid_request_error', message: 'No.', param: 'input' }
    const failed = { id: 'resp_1', object: 'response', status: 'failed', output: [], error }
    for (const answer of [
      jsonAnswer(400, spoilt({ error }, HOSTILE_KEYS)),
      jsonAnswer(200, spoilt(failed, HOSTILE_KEYS)),
      jsonAnswer(200, spoilt({ ...failed, error: null, status: 'completed' }, HOSTILE_KEYS)),
      streamAnswer(dataFrames(JSON.stringify(spoilt({ type: 'error', error }, HOSTILE_KEYS)))),
    ]) {
      await using server = await fieldServer([answer])
      await playCreate({ baseURL: server.baseURL })
      await playStream({ baseURL: server.baseURL })
      await playFetch({ baseURL: server.baseURL, upgradeToStream: true }, { model: 'gpt-5', input: 'Hello' })
    }
    expectUnchanged(before)
  })
})
