import type { Clock } from '../../core/clock.ts'
import { type JsonObject, sseFrame } from '../streams.ts'
import type { Contexts } from './contexts.ts'
import type { EventLog } from './event-log.ts'
import type { MockRequest } from './records.ts'
import type { ResponseStore } from './response-store.ts'

/** The answer of the endpoint without faults. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly slow: boolean; sent?(): void }
  | {
      readonly kind: 'events'
      readonly log: EventLog
      /** Index of the first event to send. */
      readonly from: number
      /** `true`: the sender waits between events. `false`: the log produces them over time. */
      readonly paced: boolean
      readonly encode: (event: JsonObject) => string
      /** Called when the last event is about to be sent. */
      sent?(): void
    }

export interface ReplyContext {
  readonly clock: Clock
  readonly store: ResponseStore
  readonly contexts: Contexts
  /** `true`: refuses invalid requests as OpenAI does. */
  readonly strict: boolean
  /** Prefixes of paths that are served. `undefined`: any. */
  readonly prefixes: readonly string[] | undefined
  /** Milliseconds between the events of background responses. `'manual'`: `server.produce()` produces them. */
  readonly background: number | 'manual'
  respond(request: MockRequest): readonly JsonObject[] | Promise<readonly JsonObject[]>
}

export const sseEncode: (event: JsonObject) => string = sseFrame

export function json(status: number, body: unknown): Extract<Reply, { kind: 'json' }> {
  return { kind: 'json', status, body, slow: false }
}
