import type { SseEvent, SseProblem } from './frame-event.ts'

/** What one chunk contained. */
export interface SseRead {
  /** In order. Where events are not parsed (see `SseReader.parseAll`), the last delta stands for a run of deltas. */
  readonly events: readonly SseEvent[]
  /** The first problem. The events before it are valid. */
  readonly problem: SseProblem | undefined
  /**
   * How many bytes of the chunk can be handed on: all, unless the stream ended or has a problem within the chunk. Bytes
   * after the end are ignored.
   */
  readonly bytes: number
  /**
   * Where the bytes to hand on begin. Above 0 after an end mark that came before any event: a consumer of bytes would take
   * the mark for the end. Bytes of earlier chunks are dropped as well.
   */
  readonly from: number
  /** Whether the end mark `[DONE]` was seen. */
  readonly done: boolean
}
