import type { JsonObject } from '../../streams.ts'

/** Commands of faults and tests for a whole WebSocket. */
export interface SocketControls {
  /** Sends a close frame, and nothing after it. */
  close(code: number, reason?: string): void
  /** Ends the WebSocket as its 60-minute limit does. */
  endLife(as: 'error' | 'close'): void
  /** Answers no further ping. */
  ignorePings(): void
  /** Reads nothing until `resume()`. */
  pause(): void
  resume(): void
  ping(): void
  /** @param raw sent as one text message after the events. */
  sendEvents(events: readonly JsonObject[], raw?: string): Promise<void>
}
