import type { TelemetryEvent } from '../telemetry/events.ts'

/** The types of the events that become spans, events of spans, or metrics. No other event is made for this instrumentation. */
export const EVENT_TYPES = [
  'call_start',
  'queue_start',
  'queue_end',
  'attempt_start',
  'attempt_connected',
  'attempt_headers',
  'attempt_first_event',
  'attempt_commit',
  'attempt_end',
  'hedge_start',
  'hedge_end',
  'hedge_refused',
  'retry_decision',
  'classify_failed',
  'instrumentation_failed',
  'request_rebuilt',
  'call_end',
] as const

/** With this type, the compiler finds an event that is used and missing in the list. */
export type WatchedEvent = Extract<TelemetryEvent, { readonly type: (typeof EVENT_TYPES)[number] }>
