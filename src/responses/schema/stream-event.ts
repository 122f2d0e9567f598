import { eventTypes } from './event-types.ts'
import type { CodexEvent, KnownResponseEvent } from './events.ts'

declare const unknownType: unique symbol

/**
 * A type that this version does not know. It is a string; the mark, which exists for the compiler alone, keeps the `case`
 * of a known type from matching it. To compare it with a literal, widen it: `const type: string = event.type`.
 *
 * It is spelled as a template because the compiler narrows a union by literals and templates, but not by `string & {…}`.
 */
export type UnknownEventType = `${string & { readonly [unknownType]: true }}`

/** An event of a type that this version does not know, passed through untouched. */
export interface UnknownEvent {
  type: UnknownEventType
  sequence_number?: number
  [field: string]: unknown
}

/**
 * An event of a Responses stream. `switch` on `type` narrows it; what no `case` names, unknown types among it, lands in
 * `default`.
 */
export type ResponseStreamEvent = KnownResponseEvent | UnknownEvent

/** Whether this version knows the type of an event. It says nothing about its fields: `validate: 'strict'` checks those. */
export function isKnownEvent(event: { readonly type: string }): event is KnownResponseEvent {
  return Object.hasOwn(eventTypes, event.type) || isCodexEvent(event)
}

function isCodexEvent(event: { readonly type: string }): event is CodexEvent {
  return event.type.startsWith('codex.')
}
