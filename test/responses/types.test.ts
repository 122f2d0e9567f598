import type {
  Response as OpenAIResponse,
  ResponseOutputItem as OpenAIResponseOutputItem,
  ResponseStreamEvent as OpenAIResponseStreamEvent,
  ResponseUsage as OpenAIResponseUsage,
} from 'openai/resources/responses/responses'
import { describe, expectTypeOf, it } from 'vitest'
import type * as z from 'zod/mini'
import type { eventRows } from '../../src/responses/schema/event-rows.ts'
import {
  type CodexEvent,
  type ContentPart,
  type EventByType,
  type EventType,
  isKnownEvent,
  type KnownResponseEvent,
  type OutputMessage,
  type ResponseObject,
  type ResponseOutputItem,
  type ResponseStreamEvent,
  type ResponseUsage,
  type SnapshotEvent,
  type SummaryText,
  type UnknownEvent,
} from '../../src/responses/schema/index.ts'
import type { itemRows, partRows } from '../../src/responses/schema/payloads.ts'
import { eventSchema } from '../../src/responses/schema/validate.ts'

/** What real streams hold and the declarations of the `openai` package do not. */
type WireOnly =
  | 'keepalive'
  | `codex.${string}`
  | 'response.apply_patch_call_operation_diff.delta'
  | 'response.apply_patch_call_operation_diff.done'

describe('the types of the openai package', () => {
  it('name the same events as ours, except those that only endpoints send', () => {
    expectTypeOf<KnownResponseEvent['type']>().toEqualTypeOf<OpenAIResponseStreamEvent['type'] | WireOnly>()
    expectTypeOf<EventType>().toEqualTypeOf<Exclude<KnownResponseEvent['type'], `codex.${string}`>>()
  })

  it('accept each of our events', () => {
    type Shared = Exclude<EventType, WireOnly>
    type Theirs<Type> = Extract<OpenAIResponseStreamEvent, { type: Type }>
    type NotTaken = { [Type in Shared]: EventByType[Type] extends Theirs<Type> ? never : Type }[Shared]
    expectTypeOf<NotTaken>().toBeNever()
    expectTypeOf<EventByType[Shared]>().toExtend<OpenAIResponseStreamEvent>()
  })

  it('are accepted by ours, event by event', () => {
    type Given<Type> = Extract<OpenAIResponseStreamEvent, { type: Type }>
    type Types = OpenAIResponseStreamEvent['type']
    type NotTaken = { [Type in Types]: Given<Type> extends EventByType[Type] ? never : Type }[Types]
    expectTypeOf<NotTaken>().toBeNever()
    expectTypeOf<OpenAIResponseStreamEvent>().toExtend<ResponseStreamEvent>()
  })

  it('accept our response and its parts, and the other way round', () => {
    expectTypeOf<ResponseObject>().toExtend<OpenAIResponse>()
    expectTypeOf<OpenAIResponse>().toExtend<ResponseObject>()
    expectTypeOf<ResponseOutputItem>().toExtend<OpenAIResponseOutputItem>()
    expectTypeOf<OpenAIResponseOutputItem>().toExtend<ResponseOutputItem>()
    expectTypeOf<ResponseUsage>().toEqualTypeOf<OpenAIResponseUsage>()
  })

  it('have no field, however deep, that ours lack', () => {
    type OfItem<Type extends OpenAIResponseOutputItem['type']> = Lacking<
      Extract<OpenAIResponseOutputItem, { type: Type }>,
      Extract<ResponseOutputItem, { type: Type }>
    >
    type OfEvent<Type extends OpenAIResponseStreamEvent['type']> = Lacking<
      Omit<Extract<OpenAIResponseStreamEvent, { type: Type }>, 'response' | 'item'>,
      EventByType[Type]
    >
    expectTypeOf<Lacking<OpenAIResponse, ResponseObject>>().toBeNever()
    expectTypeOf<
      { [Type in OpenAIResponseOutputItem['type']]: OfItem<Type> }[OpenAIResponseOutputItem['type']]
    >().toBeNever()
    expectTypeOf<
      { [Type in OpenAIResponseStreamEvent['type']]: OfEvent<Type> }[OpenAIResponseStreamEvent['type']]
    >().toBeNever()
    expectTypeOf<Lacking<{ a: { b: 1; c?: 2 }[] }, { a: { b: 1 }[] }>>().toEqualTypeOf<'a.c'>()
  })
})

type Each<Value> = Value extends readonly (infer Element)[] ? Element : Value
type KeysOf<Value> = Value extends string ? never : Value extends object ? keyof Value & string : never
type FieldOf<Value, Key> = Value extends object ? (Key extends keyof Value ? Value[Key] : never) : never

/** Paths of the declared fields that the second type does not have, members of a union taken together. */
type Lacking<Theirs, Ours, Path extends string = ''> = {
  [Key in KeysOf<Each<Theirs>>]: string extends Key
    ? never
    : Key extends KeysOf<Each<Ours>>
      ? Lacking<FieldOf<Each<Theirs>, Key>, FieldOf<Each<Ours>, Key>, `${Path}${Key}.`>
      : `${Path}${Key}`
}[KeysOf<Each<Theirs>>]

describe('an event of a stream', () => {
  it('is narrowed by a switch on its type, though it may be of an unknown one', () => {
    const read = (event: ResponseStreamEvent) => {
      switch (event.type) {
        case 'response.output_text.delta':
          expectTypeOf(event).toEqualTypeOf<EventByType['response.output_text.delta']>()
          expectTypeOf(event.delta).toBeString()
          return event.delta
        case 'response.output_item.added':
        case 'response.output_item.done':
          expectTypeOf(event.item).toEqualTypeOf<ResponseOutputItem>()
          if (event.item.type === 'message') expectTypeOf(event.item).toEqualTypeOf<OutputMessage>()
          return undefined
        case 'response.completed':
        case 'response.failed':
        case 'response.incomplete':
          expectTypeOf(event).toExtend<SnapshotEvent>()
          expectTypeOf(event.response).toEqualTypeOf<ResponseObject>()
          return undefined
        case 'codex.rate_limits':
          expectTypeOf(event).toEqualTypeOf<CodexEvent>()
          return undefined
        default:
          expectTypeOf<UnknownEvent>().toExtend<typeof event>()
          expectTypeOf<EventByType['response.output_text.delta']>().not.toExtend<typeof event>()
          return undefined
      }
    }
    expectTypeOf(read).returns.toEqualTypeOf<string | undefined>()
  })

  it('is narrowed by a comparison, too', () => {
    const read = (event: ResponseStreamEvent) => (event.type === 'response.refusal.done' ? event.refusal : undefined)
    expectTypeOf(read).returns.toEqualTypeOf<string | undefined>()
  })

  it('lets the compiler say which known events were forgotten', () => {
    const read = (event: Extract<ResponseStreamEvent, { type: `response.refusal.${string}` }> | UnknownEvent) => {
      switch (event.type) {
        case 'response.refusal.delta':
        case 'response.refusal.done':
          return
        default:
          expectTypeOf(event).toEqualTypeOf<UnknownEvent>()
      }
    }
    expectTypeOf(read).toBeFunction()
  })

  it('is known or unknown by isKnownEvent', () => {
    const read = (event: ResponseStreamEvent) => {
      if (isKnownEvent(event)) expectTypeOf(event).toEqualTypeOf<KnownResponseEvent>()
      else expectTypeOf(event).toEqualTypeOf<UnknownEvent>()
    }
    expectTypeOf(read).toBeFunction()
  })

  it('can be read without a check of its type for the field that all have: the number', () => {
    expectTypeOf<ResponseStreamEvent['sequence_number']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<ResponseStreamEvent['type']>().toExtend<string>()
  })
})

/** What the compiler takes for a field that gateways may leave out. */
type Lenient<Value> = Value | null | undefined

/** The declared fields of what a check lets through; the rest passes unseen. */
type Declared<Value> = Value extends readonly (infer Each)[]
  ? Declared<Each>[]
  : Value extends object
    ? { [Key in keyof Value as string extends Key ? never : Key]: Declared<Value[Key]> }
    : Value

/** The fields whose check refuses some of what the type allows, or checks what the type does not have. */
type Drift<Row, Type> = {
  [Key in keyof Row]: Key extends keyof Type
    ? Row[Key] extends z.ZodMiniType
      ? Type[Key] extends Declared<z.infer<Row[Key]>>
        ? never
        : Key
      : Key
    : Key
}[keyof Row]

/** The same for a table of rows, against the members of a union. */
type DriftOf<Rows, Union extends { type: string }> = {
  [Type in keyof Rows]: Type extends string ? Drift<Rows[Type], Extract<Union, { type: Type }>> : Type
}[keyof Rows]

describe('the checks', () => {
  it('accept all that the types allow, and name no field that the types lack', () => {
    expectTypeOf<{ [Type in EventType]: Drift<(typeof eventRows)[Type], EventByType[Type]> }[EventType]>().toBeNever()
    expectTypeOf<DriftOf<typeof itemRows, ResponseOutputItem>>().toBeNever()
    expectTypeOf<DriftOf<typeof partRows, ContentPart | SummaryText>>().toBeNever()
  })

  it('are as narrow as the types in the main fields of an event', () => {
    type Checked<Type extends EventType, Key extends keyof (typeof eventRows)[Type]> = z.infer<
      (typeof eventRows)[Type][Key] & z.ZodMiniType
    >
    expectTypeOf<Checked<'response.output_text.delta', 'delta'>>().toEqualTypeOf<
      EventByType['response.output_text.delta']['delta']
    >()
    expectTypeOf<Checked<'response.output_text.delta', 'output_index'>>().toEqualTypeOf<Lenient<number>>()
    expectTypeOf<Checked<'response.function_call_arguments.done', 'arguments'>>().toEqualTypeOf<string>()
    expectTypeOf<Checked<'response.completed', 'response'>['id']>().toEqualTypeOf<ResponseObject['id']>()
    expectTypeOf<Checked<'response.output_item.done', 'item'>['type']>().toEqualTypeOf<string>()
  })

  it('would fail to compile if a type changed', () => {
    expectTypeOf<Drift<(typeof eventRows)['response.refusal.done'], { refusal: number }>>().toEqualTypeOf<
      'refusal' | 'item_id' | 'output_index' | 'content_index'
    >()
  })

  it('give back the type of the event', () => {
    expectTypeOf(eventSchema('response.completed')).toEqualTypeOf<z.ZodMiniType<EventByType['response.completed']>>()
    expectTypeOf(eventSchema('response.new' as string)).toEqualTypeOf<z.ZodMiniType | undefined>()
  })
})
