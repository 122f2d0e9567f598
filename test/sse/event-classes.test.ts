import { describe, expect, it } from 'vitest'
import {
  classOfEvent,
  classOfType,
  type EventClass,
  reportsFailure,
  responseIdOf,
  responseStatus,
} from '../../src/sse/event-classes.ts'
import { recorded, unlessRecorded } from './feed.ts'

const TABLE: Record<EventClass, readonly string[]> = {
  terminal: [
    'response.completed',
    'response.failed',
    'response.incomplete',
    'error',
    'response.done',
    'response.error',
  ],
  heartbeat: ['keepalive', 'ping'],
  lifecycle: [
    'response.created',
    'response.queued',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.annotation.added',
    'response.web_search_call.in_progress',
    'codex.rate_limits',
    'codex.something.delta',
    'codex.tool.completed',
    'message',
    'something.new',
    'completed',
    'tool.completed',
    '',
  ],
  progress: [
    'response.output_text.delta',
    'response.reasoning_summary_text.delta',
    'response.function_call_arguments.delta',
    'response.output_text.done',
    'response.output_item.done',
    'response.web_search_call.searching',
    'response.code_interpreter_call.interpreting',
    'response.image_generation_call.generating',
    'response.web_search_call.completed',
    'response.a_tool_of_tomorrow.delta',
  ],
}

/** Every type of the recorded streams, with the class it must have. */
const RECORDED: Readonly<Record<string, EventClass>> = {
  error: 'terminal',
  'response.completed': 'terminal',
  'response.failed': 'terminal',
  'response.created': 'lifecycle',
  'response.in_progress': 'lifecycle',
  'response.image_generation_call.partial_image': 'lifecycle',
}

function expectedClass(type: string): EventClass {
  const listed = RECORDED[type]
  if (listed !== undefined) return listed
  if (/\.(?:added|in_progress)$/.test(type)) return 'lifecycle'
  if (/\.(?:delta|done|searching|interpreting|generating|completed)$/.test(type)) return 'progress'
  throw new Error(`${type} is new: say which class it has`)
}

describe('the class of an event', () => {
  it.each(Object.entries(TABLE).flatMap(([name, types]) => types.map((type) => [type, name] as const)))(
    '%s is %s',
    (type, expected) => {
      expect(classOfType(type)).toBe(expected)
      // Asked again, it comes from memory.
      expect(classOfType(type)).toBe(expected)
    },
  )

  it.each(['completed', 'failed', 'incomplete', 'cancelled'])(
    'is terminal for a lifecycle event whose response is %s, and for no other class',
    (status) => {
      const event = { response: { status } }
      expect(classOfEvent('response.cancelled', event)).toBe('terminal')
      expect(classOfEvent('something.new', event)).toBe('terminal')
      expect(classOfEvent('keepalive', event)).toBe('heartbeat')
      expect(classOfEvent('response.output_text.delta', event)).toBe('progress')
      // The first events of a response end nothing, whatever some endpoints write into them.
      for (const type of ['response.created', 'response.queued', 'response.in_progress', 'created', 'x.in_progress']) {
        expect(classOfEvent(type, event)).toBe('lifecycle')
      }
    },
  )

  it.each([
    { response: { status: 'queued' } },
    { response: { status: 'in_progress' } },
    { response: { status: 7 } },
    { response: null },
    { response: 'completed' },
    { status: 'completed' },
    null,
    'completed',
    undefined,
    [],
  ])('stays lifecycle for %j', (event) => {
    expect(classOfEvent('response.something', event)).toBe('lifecycle')
  })

  it('is remembered for a bounded number of types, and right for all others, too', () => {
    for (let i = 0; i < 2000; i++) expect(classOfType(`response.item_${i}.delta`)).toBe('progress')
    for (let i = 0; i < 2000; i++) expect(classOfType(`response.item_${i}.added`)).toBe('lifecycle')
  })

  it.skipIf(recorded.length === 0)(
    `is as the table says for every type of the recorded streams${unlessRecorded}`,
    () => {
      const types = new Set(
        recorded.flatMap(({ lines }) => lines.map((line) => (JSON.parse(line) as { type: string }).type)),
      )
      expect(types.size).toBeGreaterThan(30)
      for (const type of types) expect([type, classOfType(type)]).toEqual([type, expectedClass(type)])
    },
  )
})

describe('a terminal event', () => {
  it.each<[type: string, status: string | undefined, isFailure: boolean]>([
    ['error', undefined, true],
    ['response.error', undefined, true],
    ['response.failed', 'completed', true],
    ['response.done', 'failed', true],
    ['response.done', 'completed', false],
    ['response.done', undefined, false],
    ['response.cancelled', 'cancelled', false],
    ['response.completed', 'failed', true],
    ['response.incomplete', 'failed', true],
    ['response.completed', undefined, false],
    ['response.incomplete', 'incomplete', false],
  ])('%s with the status %s reports a failure: %s', (type, status, isFailure) => {
    expect(reportsFailure(type, { response: { status } })).toBe(isFailure)
  })
})

describe('what a response says of itself', () => {
  it('is its id and its status, and nothing where they are missing or of a wrong type', () => {
    expect(responseIdOf({ response: { id: 'resp_1' } })).toBe('resp_1')
    for (const event of [{ response: { id: '' } }, { response: { id: 5 } }, { response: [] }, {}, null, 'x']) {
      expect(responseIdOf(event)).toBeUndefined()
      expect(responseStatus(event)).toBeUndefined()
    }
    expect(responseStatus({ response: { status: 'queued' } })).toBe('queued')
  })
})
