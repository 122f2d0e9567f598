import { channel } from 'node:diagnostics_channel'
import { isThenable } from '../core/thenable.ts'
import type { TelemetryEvent, TelemetryEventType } from './events.ts'

export type TelemetryListener = (event: TelemetryEvent) => void

/** A listener that wants some types of events only. */
export interface Subscription {
  readonly listener: TelemetryListener
  /** `undefined`: all. */
  readonly types: readonly TelemetryEventType[] | undefined
}

const CHANNEL_PREFIX = 'resilient-responses:'

/** The type ensures that every event has a channel. */
const channels = {
  call_start: channel(`${CHANNEL_PREFIX}call_start`),
  queue_start: channel(`${CHANNEL_PREFIX}queue_start`),
  queue_end: channel(`${CHANNEL_PREFIX}queue_end`),
  attempt_start: channel(`${CHANNEL_PREFIX}attempt_start`),
  attempt_connected: channel(`${CHANNEL_PREFIX}attempt_connected`),
  attempt_headers: channel(`${CHANNEL_PREFIX}attempt_headers`),
  attempt_first_event: channel(`${CHANNEL_PREFIX}attempt_first_event`),
  attempt_commit: channel(`${CHANNEL_PREFIX}attempt_commit`),
  attempt_end: channel(`${CHANNEL_PREFIX}attempt_end`),
  hedge_start: channel(`${CHANNEL_PREFIX}hedge_start`),
  hedge_end: channel(`${CHANNEL_PREFIX}hedge_end`),
  hedge_refused: channel(`${CHANNEL_PREFIX}hedge_refused`),
  retry_decision: channel(`${CHANNEL_PREFIX}retry_decision`),
  classify_failed: channel(`${CHANNEL_PREFIX}classify_failed`),
  instrumentation_failed: channel(`${CHANNEL_PREFIX}instrumentation_failed`),
  request_rebuilt: channel(`${CHANNEL_PREFIX}request_rebuilt`),
  endpoint_cooled: channel(`${CHANNEL_PREFIX}endpoint_cooled`),
  fleet_store: channel(`${CHANNEL_PREFIX}fleet_store`),
  event_problem: channel(`${CHANNEL_PREFIX}event_problem`),
  request_problem: channel(`${CHANNEL_PREFIX}request_problem`),
  call_end: channel(`${CHANNEL_PREFIX}call_end`),
  client_created: channel(`${CHANNEL_PREFIX}client_created`),
  client_poisoned: channel(`${CHANNEL_PREFIX}client_poisoned`),
  client_evicted: channel(`${CHANNEL_PREFIX}client_evicted`),
  client_destroyed: channel(`${CHANNEL_PREFIX}client_destroyed`),
} satisfies Record<TelemetryEventType, unknown>

export function isEventType(name: unknown): name is TelemetryEventType {
  return typeof name === 'string' && Object.hasOwn(channels, name)
}

/** Nothing that gets an event can change it for the others, or change the history of the call, which shares its records. */
function frozen(value: object): void {
  if (Object.isFrozen(value)) return
  for (const name in value) {
    const field: unknown = (value as Readonly<Record<string, unknown>>)[name]
    if (typeof field === 'object' && field !== null) frozen(field)
  }
  Object.freeze(value)
}

/** Publishes to the diagnostics channel of the event only. */
export function publish(event: TelemetryEvent): void {
  frozen(event)
  channels[event.type].publish(event)
}

/** Call `wants(type)` before building an event. Without listeners telemetry then costs only this check. */
export class TelemetryEmitter {
  readonly #subscriptions: readonly Subscription[]
  /** The listeners of each type that was asked for. */
  readonly #listeners: { [Type in TelemetryEventType]?: readonly TelemetryListener[] } = {}

  /** @param listeners called in this order. A function is told of all events. */
  constructor(...listeners: ReadonlyArray<TelemetryListener | Subscription | undefined>) {
    this.#subscriptions = listeners
      .filter((one) => one !== undefined)
      .map((one) => (typeof one === 'function' ? { listener: one, types: undefined } : one))
  }

  wants(type: TelemetryEventType): boolean {
    return this.#of(type).length > 0 || channels[type].hasSubscribers
  }

  /** Delivers at once, to the channel of the event and to the listeners that want its type. */
  emit(event: TelemetryEvent): void {
    publish(event)
    this.#tell(event)
  }

  /** Delivers to the listeners only. A listener that throws or rejects is ignored. */
  tell(event: TelemetryEvent): void {
    frozen(event)
    this.#tell(event)
  }

  #tell(event: TelemetryEvent): void {
    for (const listener of this.#of(event.type)) {
      try {
        const result: unknown = listener(event)
        if (isThenable(result)) result.then(undefined, () => {})
      } catch {
        // A call must not fail because its telemetry failed.
      }
    }
  }

  #of(type: TelemetryEventType): readonly TelemetryListener[] {
    const known = this.#listeners[type]
    if (known !== undefined) return known
    const wanting = this.#subscriptions.filter(({ types }) => types === undefined || types.includes(type))
    const listeners = wanting.map(({ listener }) => listener)
    this.#listeners[type] = listeners
    return listeners
  }
}
