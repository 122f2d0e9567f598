import type { SseEvent } from '../sse/sse-reader.ts'

/** What one socket read brought: the bytes as they came, and the events they completed. Each face takes what it needs. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly events: readonly SseEvent[]
}
