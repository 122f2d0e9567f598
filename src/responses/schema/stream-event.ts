import { eventTypes } from './event-types.ts'
import type { CodexEvent, KnownResponseEvent } from './events.ts'

declare const unknownType: unique symbol

/**
 * A type that this version does not know: a string. The mark exists only for the compiler, and keeps it from matching
 * the `case` of a known type. To compare it with a literal, widen it: `const type: string = event.type`.
 *
 * Written as a template, because the compiler narrows a union by literals and templates, but not by `string & {…}`.
 */
export type UnknownEventType = `${string & { readonly [unknownType]: true }}`

/** An event of an unknown type, passed through unchanged. */
export interface UnknownEvent {
  type: UnknownEventType
  sequence_number?: number
  [field: string]: unknown
}

/**
 * An event of a Responses stream. A `switch` on `type` narrows it. Types without a `case`, including unknown ones,
 * reach `default`.
 */
export type ResponseStreamEvent = KnownResponseEvent | UnknownEvent

/** Whether this version knows the type of an event. Does not check its fields: use `validate: 'strict'` for that. */
export function isKnownEvent(event: { readonly type: string }): event is KnownResponseEvent {
  return Object.hasOwn(eventTypes, event.type) || isCodexEvent(event)
}

function isCodexEvent(event: { readonly type: string }): event is CodexEvent {
  return event.type.startsWith('codex.')
}
