import type { JsonObject } from '../../streams.ts'

/** What faults and tests order of a WebSocket as a whole. */
export interface SocketControls {
  /** A close frame; nothing is sent behind it. */
  close(code: number, reason?: string): void
  /** The end of its 60 minutes. */
  endLife(as: 'error' | 'close'): void
  /** Pings stay unanswered from here on. */
  ignorePings(): void
  /** Reads nothing until `resume`. */
  pause(): void
  resume(): void
  ping(): void
  /** @param raw sent as one text message, behind the events. */
  sendEvents(events: readonly JsonObject[], raw?: string): Promise<void>
}
