import type { JsonObject } from '../streams.ts'
import type { EventLog } from './event-log.ts'

export interface StoredResponse {
  readonly id: string
  readonly background: boolean
  readonly log: EventLog
}

/** The responses that the server knows: finished ones with `store: true`, and background ones from their start. */
export class ResponseStore {
  readonly #responses = new Map<string, StoredResponse>()
  readonly #remembered = new Set<string>()

  /** Whether the id is accepted as `previous_response_id`. */
  knows(id: string): boolean {
    return this.#remembered.has(id) || this.#responses.has(id)
  }

  get(id: string): StoredResponse | undefined {
    return this.#responses.get(id)
  }

  add(response: StoredResponse): void {
    this.#responses.set(response.id, response)
  }

  /** Accepts an id that was never answered here. */
  remember(id: string): void {
    this.#remembered.add(id)
  }

  forget(id: string): void {
    this.#responses.get(id)?.log.stop()
    this.#responses.delete(id)
    this.#remembered.delete(id)
  }

  forgetAll(): void {
    for (const id of [...this.#responses.keys(), ...this.#remembered]) this.forget(id)
  }
}

/** The newest snapshot in the events. `undefined` if no event has one. */
export function latestSnapshot(events: readonly JsonObject[]): JsonObject | undefined {
  const holder = events.findLast((event) => typeof event.response === 'object' && event.response !== null)
  return holder?.response as JsonObject | undefined
}

export function cancelledSnapshot(events: readonly JsonObject[]): JsonObject {
  return { ...latestSnapshot(events), status: 'cancelled' }
}
