/**
 * The types of events of a Responses stream and of their content. The checks of their fields are loaded on demand, see
 * `load-checks`.
 */

export type * from './content.ts'
export type {
  CodexEvent,
  EventByType,
  EventType,
  KnownResponseEvent,
  SnapshotEvent,
} from './events.ts'
export type * from './hosted-tool-items.ts'
export type * from './input-items.ts'
export type * from './item-state.ts'
export type * from './output-items.ts'
export type * from './request.ts'
export type * from './response.ts'
export type * from './settings.ts'
export type * from './shell-items.ts'
export { isKnownEvent, type ResponseStreamEvent, type UnknownEvent, type UnknownEventType } from './stream-event.ts'
export type * from './tools.ts'
