import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventRows } from '../../src/responses/schema/event-rows.ts'
import { isKnownEvent } from '../../src/responses/schema/index.ts'
import { eventSchema, validateEvent } from '../../src/responses/schema/validate.ts'
import {
  failedStream,
  incompleteStream,
  reasoningStream,
  type StreamEvent,
  textStream,
  toolCallStream,
} from '../../src/testing/index.ts'
import { sentJson } from '../support/typed.ts'

type Fields = Readonly<Record<string, unknown>>

const valid = { ok: true }
const at = { item_id: 'msg_1', output_index: 0, content_index: 0, sequence_number: 4 }

function problems(events: readonly { readonly type: string }[]) {
  return events.map((event) => ({ type: event.type, ...validateEvent(event) })).filter(({ ok }) => !ok)
}

/** The event of that type from a stream of the builders. */
function eventOf(type: string, events: readonly StreamEvent[] = textStream()): StreamEvent {
  const event = events.find((each) => each.type === type)
  if (event === undefined) throw new Error(`No ${type} in the stream`)
  return event
}

function without(event: Fields, ...names: string[]): Fields & { readonly type: string } {
  const copy = structuredClone(event) as Record<string, unknown> & { type: string }
  for (const name of names) {
    const keys = name.split('.')
    const holder = keys.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as typeof at, copy)
    delete holder[keys.at(-1)!]
  }
  return copy
}

const recordings = path.resolve(import.meta.dirname, '../../../shared/streams')
const recorded = existsSync(recordings) ? readdirSync(recordings).filter((name) => name.endsWith('.jsonl')) : []

describe('every event', () => {
  it.skipIf(recorded.length === 0)(
    'of a recorded stream is valid and known (skipped without ../shared/streams)',
    () => {
      const events = recorded.flatMap((name) =>
        readFileSync(path.join(recordings, name), 'utf8')
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => JSON.parse(line) as { type: string }),
      )
      expect(events.length).toBeGreaterThan(1000)
      expect(problems(events)).toEqual([])
      expect(events.filter((event) => !isKnownEvent(event))).toEqual([])
    },
  )

  it.each([
    ['text', textStream({ background: true, keepalives: 2 })],
    ['reasoning', reasoningStream({ text: 'So it is.', encryptedContent: 'gAAA' })],
    ['tool calls', toolCallStream()],
    ['a failure', failedStream({ errorEvent: 'before_failed', deltas: ['Hel', 'lo'] })],
    ['a lone error', failedStream({ errorEvent: 'only' })],
    ['a limit', incompleteStream()],
  ])('of a built stream with %s is valid and known', (_, events) => {
    expect(problems(events)).toEqual([])
    expect(events.filter((event) => !isKnownEvent(event))).toEqual([])
  })
})

describe('an event is refused', () => {
  it.each([
    ['a delta that is a number', { type: 'response.output_text.delta', ...at, delta: 7 }, 'delta', 'string', 'number'],
    ['a delta that is missing', { type: 'response.refusal.delta', ...at }, 'delta', 'string', 'nothing'],
    ['a null delta', { type: 'response.function_call_arguments.delta', ...at, delta: null }, 'delta', 'string', 'null'],
    ['a done without its text', { type: 'response.output_text.done', ...at }, 'text', 'string', 'nothing'],
    ['arguments that are parsed', doneWith({ city: 'Paris' }), 'arguments', 'string', 'object'],
    ['no response', { type: 'response.completed' }, 'response', 'object', 'nothing'],
    ['a response without id', { type: 'response.completed', response: {} }, 'response.id', 'string', 'nothing'],
    ['a list for a response', { type: 'response.created', response: [] }, 'response', 'object', 'array'],
    ['an output that is no list', ended({ output: {} }), 'response.output', 'array', 'object'],
    ['a null in the output', ended({ output: [null] }), 'response.output.0', 'object', 'null'],
    ['tokens in words', ended({ usage: { input_tokens: 'two' } }), 'response.usage.input_tokens', 'number', 'string'],
    ['an item without type', added({ id: 'x' }), 'item.type', 'string', 'nothing'],
    ['an item that is missing', added(undefined), 'item', 'object', 'nothing'],
    ['a call without call_id', added({ type: 'function_call', name: 'f' }), 'item.call_id', 'string', 'nothing'],
    ['a tool without name', added({ type: 'custom_tool_call', call_id: 'c' }), 'item.name', 'string', 'nothing'],
    ['a message of a string', added({ type: 'message', content: 'Hi' }), 'item.content', 'array', 'string'],
    ['a text that is a number', partWith({ type: 'output_text', text: 1 }), 'part.text', 'string', 'number'],
    ['a place in words', { type: 'response.audio.done', sequence_number: '4' }, 'sequence_number', 'number', 'string'],
  ])('for %s', (_, event, where, expected, found) => {
    expect(validateEvent(event)).toEqual({
      ok: false,
      path: where,
      message: `expected ${expected}, found ${found}`,
    })
  })

  it.each(
    Object.keys(eventRows)
      .filter((type) => type.endsWith('.delta'))
      .map((type): [string, string] => [type, 'delta'])
      .concat([
        ['response.output_text.done', 'text'],
        ['response.refusal.done', 'refusal'],
        ['response.reasoning_text.done', 'text'],
        ['response.reasoning_summary_text.done', 'text'],
        ['response.content_part.done', 'part'],
        ['response.reasoning_summary_part.done', 'part'],
        ['response.output_item.done', 'item'],
        ['response.function_call_arguments.done', 'arguments'],
        ['response.mcp_call_arguments.done', 'arguments'],
        ['response.custom_tool_call_input.done', 'input'],
        ['response.code_interpreter_call_code.done', 'code'],
        ['response.image_generation_call.partial_image', 'partial_image_b64'],
        ['response.shell_call_command.added', 'command'],
        ['response.shell_call_command.done', 'command'],
        ['response.shell_call_output_content.done', 'output'],
        ['response.apply_patch_call_operation_diff.done', 'diff'],
        ['response.queued', 'response'],
        ['response.in_progress', 'response'],
        ['response.failed', 'response'],
        ['response.incomplete', 'response'],
      ]),
  )('when %s comes without its %s', (type, field) => {
    expect(validateEvent(sentJson({ type, ...at }))).toMatchObject({ ok: false, path: field })
  })

  it('with the whole path of what is wrong deep inside', () => {
    const message = { type: 'message', content: [{ type: 'output_text' }, { type: 'refusal', refusal: 3 }] }
    expect(validateEvent(ended({ output: [{ type: 'reasoning' }, message] }))).toMatchObject({
      path: 'response.output.1.content.1.refusal',
    })
  })

  it('without a word of its content', () => {
    const refused = validateEvent(sentJson({ type: 'response.refusal.done', refusal: { secret: 'launch code' } }))
    expect(JSON.stringify(refused)).not.toContain('launch')
  })

  it.each(Object.entries(eventRows).filter(([, row]) => Object.keys(row).length > 0))(
    'when no field of %s has the right kind',
    (type, row) => {
      const wrong = Object.fromEntries(Object.keys(row).map((key) => [key, Symbol.for(key)]))
      expect(validateEvent({ type, ...wrong }).ok).toBe(false)
    },
  )
})

describe('an event passes', () => {
  it('without its number, as some gateways send it', () => {
    expect(problems(textStream().map((event) => without(event, 'sequence_number')))).toEqual([])
  })

  it('without its place, and with null for it', () => {
    for (const type of ['response.output_text.delta', 'response.output_item.added', 'response.content_part.added']) {
      const bare = without(eventOf(type), 'sequence_number', 'item_id', 'output_index', 'content_index', 'logprobs')
      expect(validateEvent(bare)).toEqual(valid)
      expect(validateEvent(sentJson({ ...bare, item_id: null, output_index: null, logprobs: null }))).toEqual(valid)
    }
  })

  it('with a response that has only its id', () => {
    expect(validateEvent(ended({}))).toEqual(valid)
  })

  it('with an item that has only its type', () => {
    for (const type of ['message', 'reasoning', 'web_search_call', 'shell_call']) {
      expect(validateEvent(added({ type }))).toEqual(valid)
    }
  })

  it('with unknown fields, items, parts and codes', () => {
    expect(validateEvent(sentJson({ ...eventOf('response.created'), extra: { deep: [1] } }))).toEqual(valid)
    expect(validateEvent(added({ type: 'teleport_call', content: 'a string', call_id: 7 }))).toEqual(valid)
    expect(validateEvent(partWith({ type: 'hologram', text: 7 }))).toEqual(valid)
    expect(validateEvent(sentJson({ type: 'error', error: { code: 429, message: 'Slow down.' } }))).toEqual(valid)
    expect(validateEvent(ended({ status: 'dreaming', error: { code: 'new_code' } }))).toEqual(valid)
  })

  it.each(['constructor', '__proto__', 'toString'])('with %s for the type of its item', (type) => {
    expect(validateEvent(added({ type }))).toEqual(valid)
  })

  it('when its error is flat, nested or empty', () => {
    for (const fields of [{ code: null, message: 'No.', param: null }, { error: { message: 'No.' } }, {}]) {
      expect(validateEvent(sentJson({ type: 'error', ...fields }))).toEqual(valid)
    }
  })

  it.each(['response.new_thing.delta', 'ping', 'constructor', '__proto__', ''])('of the unknown type %j', (type) => {
    expect(validateEvent(sentJson({ type, delta: 7 }))).toEqual(valid)
    expect(isKnownEvent({ type })).toBe(false)
    expect(eventSchema(type)).toBeUndefined()
  })

  it('of the Codex backend, whatever its content, and is known', () => {
    expect(validateEvent(sentJson({ type: 'codex.rate_limits', sequence_number: 'x' }))).toEqual(valid)
    expect(isKnownEvent({ type: 'codex.rate_limits' })).toBe(true)
    expect(isKnownEvent({ type: 'codexes' })).toBe(false)
  })

  it('and keeps all its fields', () => {
    const event = { ...eventOf('response.completed'), extra: 1 }
    expect(eventSchema('response.completed').parse(event)).toEqual(event)
  })

  it('unchanged', () => {
    const event = eventOf('response.completed')
    const before = structuredClone(event)
    validateEvent(event)
    expect(event).toEqual(before)
  })
})

describe('a schema', () => {
  it('is built once', () => {
    expect(eventSchema('response.queued')).toBe(eventSchema('response.queued'))
  })

  it('refuses an event of another type', () => {
    expect(eventSchema('keepalive').safeParse({ type: 'response.audio.done' }).success).toBe(false)
  })
})

function ended(response: Fields) {
  return { type: 'response.completed', response: { id: 'resp_1', ...response } }
}

function added(item: unknown) {
  return { type: 'response.output_item.added', output_index: 0, item }
}

function partWith(part: unknown) {
  return { type: 'response.content_part.added', ...at, part }
}

function doneWith(parsed: unknown) {
  return { type: 'response.function_call_arguments.done', ...at, arguments: parsed }
}
