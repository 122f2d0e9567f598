import type { SseEvent } from '../sse/sse-reader.ts'

/**
 * The content of one socket read: the bytes as they came, and the events that they completed. Each face takes what it
 * needs.
 */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly events: readonly SseEvent[]
}
