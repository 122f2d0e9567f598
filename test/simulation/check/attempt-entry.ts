import type { AttemptTransport, TelemetryEvent } from '../../../src/index.ts'
import type { Served } from '../served.ts'

export interface AttemptEntry {
  readonly number: number
  readonly endpoint: number
  readonly startedAt: number
  readonly transport: AttemptTransport
  readonly evictionsBefore: number
  readonly evictedBefore: number
  readonly pausedBefore: number
  generation: number | undefined
  connectedAt: number | undefined
  committed: boolean
  ended: Extract<TelemetryEvent, { type: 'attempt_end' }>['record'] | undefined
  /** It ended while its reader paused. */
  endedUnread: boolean
  served: Served | undefined
}
