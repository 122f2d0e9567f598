import type { Clock } from '../../core/clock.ts'
import { type JsonObject, sseFrame } from '../streams.ts'
import type { Contexts } from './contexts.ts'
import type { EventLog } from './event-log.ts'
import type { MockRequest } from './records.ts'
import type { ResponseStore } from './response-store.ts'

/** What the endpoint answers, faults aside. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly slow: boolean; sent?(): void }
  | {
      readonly kind: 'events'
      readonly log: EventLog
      /** Index of the first event to send. */
      readonly from: number
      /** Whether the sender waits between events; otherwise the log does. */
      readonly paced: boolean
      readonly encode: (event: JsonObject) => string
      /** Called when the last event is about to be sent. */
      sent?(): void
    }

export interface ReplyContext {
  readonly clock: Clock
  readonly store: ResponseStore
  readonly contexts: Contexts
  /** Refuses what OpenAI refuses. */
  readonly strict: boolean
  /** Milliseconds between the events of background responses; `'manual'`: they come by `server.produce()`. */
  readonly background: number | 'manual'
  respond(request: MockRequest): readonly JsonObject[] | Promise<readonly JsonObject[]>
}

export const sseEncode: (event: JsonObject) => string = sseFrame

export function json(status: number, body: unknown): Extract<Reply, { kind: 'json' }> {
  return { kind: 'json', status, body, slow: false }
}
