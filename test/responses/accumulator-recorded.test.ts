import { describe, expect, it } from 'vitest'
import { ResponseAccumulator } from '../../src/responses/accumulator.ts'
import type { ResponseObject, ResponseStreamEvent } from '../../src/responses/schema/index.ts'
import { failedStream, incompleteStream, reasoningStream, textStream, toolCallStream } from '../../src/testing/index.ts'
import { recorded, unlessRecorded } from '../sse/feed.ts'
import { sentJson } from '../support/typed.ts'

type Event = { readonly type: string; readonly [field: string]: unknown }
type Item = { readonly type: string; readonly [field: string]: unknown }

const generated: [string, Event[]][] = [
  ['text', textStream({ text: 'Grüße, 世界 🌍', background: true, keepalives: 2 })],
  ['no text', textStream({ text: '' })],
  ['reasoning', reasoningStream({ encryptedContent: 'gAAA', text: 'So it is.' })],
  [
    'tool calls',
    toolCallStream({ calls: ['one', 'two'].map((name) => ({ name, arguments: { name, 'a "b"': [1] } })) }),
  ],
  ['a limit', incompleteStream({ text: 'cut off in the' })],
  ['a failure', failedStream({ errorEvent: 'before_failed', deltas: ['Hel', 'lo'] })],
]

/** A file may hold several streams, one behind the other. */
const fromRecords = recorded.flatMap(({ name, lines }) => {
  const streams: Event[][] = []
  for (const event of lines.map((line) => JSON.parse(line) as Event)) {
    if (event.type === 'response.created') streams.push([])
    streams.at(-1)?.push(event)
  }
  return streams.map((events, index): [string, Event[]] => [`${name} (${index + 1})`, events])
})

const all = [...generated, ...fromRecords]

describe(`every stream${unlessRecorded}`, () => {
  it.each(all)('%s: gives the response of its terminal event', (_, events) => {
    const seen = accumulated(events)
    expect(seen.toResponse()).toEqual(finalOf(events))
    expect(seen.response).toEqual(finalOf(events))
    expect(JSON.stringify(seen.toResponse())).toBe(JSON.stringify(finalOf(events)))
    expect(seen.terminal).toBe(finalOf(events).status)
    expect(seen.usage).toEqual(finalOf(events).usage ?? undefined)
    expect(seen.id).toBe(finalOf(events).id)
  })

  it.each(all)('%s: gives the same output if the terminal event omits it', (_, events) => {
    const kept = events.map((event) => (event === events.at(-1) ? withoutOutput(event) : event))
    const { output, ...rest } = accumulated(kept).toResponse()
    const { output: expected, ...expectedRest } = finalOf(events)
    expect(comparable(output)).toEqual(comparable(expected))
    expect(rest).toEqual(expectedRest)
  })

  it.each(all)('%s: gives the same output with ids that change with every event', (_, events) => {
    const kept = events.map((event) => (event === events.at(-1) ? withoutOutput(event) : event))
    const changed = kept.map((event, index) => withOtherIds(event, index))
    const seen = accumulated(changed)
    const nameless = (items: Item[]): Item[] => items.map((item) => ({ ...item, id: undefined }))
    expect(nameless(comparable(seen.toResponse().output))).toEqual(nameless(comparable(finalOf(events).output)))
    expect(seen.id).toBe(`${finalOf(events).id}_0`)
    expect(seen.toResponse().id).toBe(`${finalOf(events).id}_${events.length - 1}`)
  })

  it.each(all)('%s: gives the same output without output_index, and without sequence_number', (_, events) => {
    const bare = events.map(({ output_index, sequence_number, ...event }) => event as Event)
    const kept = bare.map((event) => (event === bare.at(-1) ? withoutOutput(event) : event))
    expect(comparable(accumulated(kept).toResponse().output)).toEqual(comparable(finalOf(events).output))
  })

  it.each(all)('%s: gives the same output with every output_index the same', (_, events) => {
    const level = events.map((event) => ('output_index' in event ? { ...event, output_index: 0 } : event))
    const kept = level.map((event) => (event === level.at(-1) ? withoutOutput(event) : event))
    expect(comparable(accumulated(kept).toResponse().output)).toEqual(comparable(finalOf(events).output))
  })

  it.each(all.filter(([, events]) => isWhole(events)))(
    '%s: gives what the model wrote from the deltas alone',
    (_, events) => {
      const seen = accumulated(events.filter(({ type }) => !type.endsWith('.done') && type !== events.at(-1)?.type))
      const items = seen.partial().unfinishedItems
      const expected = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item as Item)
      // Of a stream that fails, an item may have been left without its end.
      expect(items.slice(0, expected.length).map(written)).toEqual(expected.map(written))
      if (expected.length > 0) expect(seen.outputText).toBe(textOf(expected))
    },
  )

  it.each(all)('%s: changes no event, and keeps no reference to one', (_, events) => {
    const before = structuredClone(events)
    const seen = new ResponseAccumulator()
    const given = structuredClone(events)
    for (const event of given) {
      seen.add(sentJson<ResponseStreamEvent>(frozen(event)))
      seen.partial()
    }
    expect(given).toEqual(before)
    const kept = new ResponseAccumulator()
    for (const event of structuredClone(events)) {
      kept.add(sentJson<ResponseStreamEvent>(event))
      scribble(event)
    }
    expect(kept.toResponse()).toEqual(finalOf(events))
    expect(kept.partial()).toEqual(seen.partial())
  })

  it.each(all)('%s: cut after every event, separates the finished items from the others', (_, events) => {
    const seen = new ResponseAccumulator()
    const begun = new Set<unknown>()
    const done = new Map<unknown, unknown>()
    for (const event of events) {
      seen.add(sentJson<ResponseStreamEvent>(event))
      if (event.type === 'response.output_item.added') begun.add(event.output_index)
      if (event.type === 'response.output_item.done') done.set(event.output_index, event.item)
      const { finishedItems, unfinishedItems, text } = seen.partial()
      expect(finishedItems).toEqual([...done.values()])
      expect(unfinishedItems.length).toBe([...begun].filter((index) => !done.has(index)).length)
      expect(text).toBe(textOf(sentJson<Item[]>([...finishedItems, ...unfinishedItems])))
      if (seen.terminal === undefined) expect(seen.outputText).toBe(text)
    }
  })
})

function accumulated(events: readonly Event[]): ResponseAccumulator {
  const seen = new ResponseAccumulator()
  for (const event of events) seen.add(sentJson<ResponseStreamEvent>(event))
  return seen
}

function finalOf(events: readonly Event[]): ResponseObject {
  return events.at(-1)?.response as ResponseObject
}

function withoutOutput(terminal: Event): Event {
  return { ...terminal, response: { ...(terminal.response as object), output: [] } }
}

function withOtherIds(event: Event, index: number): Event {
  const copy = structuredClone(event) as { item_id?: string; item?: { id?: string }; response?: { id: string } }
  if (copy.item_id !== undefined) copy.item_id += `_${index}`
  if (copy.item?.id !== undefined) copy.item.id += `_${index}`
  if (copy.response !== undefined) copy.response.id += `_${index}`
  return sentJson<Event>(copy)
}

/** The endpoint encrypts anew for each event, so this field can be rebuilt from none. */
function comparable(output: unknown): Item[] {
  return (output as Item[]).map((item) => ('encrypted_content' in item ? { ...item, encrypted_content: '' } : item))
}

/** Some recordings were abridged. */
function isWhole(events: readonly Event[]): boolean {
  return events.every((event, index) => event.sequence_number === undefined || event.sequence_number === index)
}

/** What reaches an item in deltas. */
function written(item: Item): unknown {
  const { type, arguments: args, input, code, summary } = item
  const { diff } = (item.operation ?? {}) as { diff?: string }
  const { commands } = (type === 'shell_call' ? item.action : {}) as { commands?: string[] }
  return { type, arguments: args, input, code, summary, diff, commands, text: textOf([item]) }
}

function textOf(items: readonly Item[]): string {
  const parts = items.flatMap((item) => (item.type === 'message' ? (item.content as Item[]) : []))
  return parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('')
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(Object.freeze(value))) frozen(each)
  return value
}

/** What a careless consumer may do to an event. */
function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value)) {
    scribble(each)
    ;(value as Record<string, unknown>)[key] = 'scribbled over'
  }
}
