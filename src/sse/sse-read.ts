import type { SseEvent, SseProblem } from './frame-event.ts'

/** What one chunk brought. */
export interface SseRead {
  /** In order. Where events are not parsed (see `SseTap.parseAll`), one stands for a run of deltas: the last. */
  readonly events: readonly SseEvent[]
  /** The first problem; events before it count. */
  readonly problem: SseProblem | undefined
  /**
   * How many bytes of the chunk can be handed on: all of them, unless the stream ended within the chunk or has a problem there.
   * What an endpoint sends behind the end concerns nobody.
   */
  readonly bytes: number
  /**
   * Where in the chunk begins what can be handed on. Above 0 behind an end mark that came before any event: whoever reads bytes
   * would take it for the end. What came in earlier chunks goes as well.
   */
  readonly from: number
  /** The end mark `[DONE]` was seen. */
  readonly done: boolean
}
