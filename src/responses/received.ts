import { type Failure, failure } from '../errors/failure.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import { PLACE_SIZE } from './accumulator/entry.ts'
import { ResponseAccumulator } from './accumulator.ts'
import type { Accepted, EventSequencer } from './event-sequencer.ts'
import type { ResponseObject, ResponseStreamEvent } from './schema/index.ts'

/** What a session has received of its response: the numbered and checked events, and the response they make. */
export class Received {
  readonly intake: EventSequencer
  readonly #maxBytes: number
  #seen: ResponseAccumulator

  /** @param maxBytes `limits.eventBytes`. */
  constructor(intake: EventSequencer, maxBytes: number) {
    this.intake = intake
    this.#maxBytes = maxBytes
    this.#seen = new ResponseAccumulator(maxBytes)
  }

  get seen(): ResponseAccumulator {
    return this.#seen
  }

  /** The response, once the endpoint has said how it ended. A snapshot of a running response is not a result. */
  get ended(): ResponseObject | undefined {
    return this.#seen.terminal === undefined ? undefined : this.#seen.response
  }

  /** Folds events that will be delivered. Returns why nothing can be delivered after them. */
  accept(tapped: readonly SseEvent[]): Accepted {
    const { events, failure: refused } = this.intake.accept(tapped)
    const wasOver = this.#seen.terminal !== undefined
    for (const event of events) this.#seen.add(event)
    if (!wasOver && this.#seen.terminal !== undefined) this.#tellEnd()
    return { events, failure: this.#tooLarge() ?? refused }
  }

  /** Adds an event that is not part of a stream. */
  add(event: ResponseStreamEvent): void {
    this.#seen.add(event)
  }

  /** Another attempt begins, and what came before is void. */
  reset(): void {
    this.#seen = new ResponseAccumulator(this.#maxBytes)
    this.intake.reset()
  }

  #tellEnd(): void {
    const { leftOut, missing, wrongStatus, terminal } = this.#seen
    if (missing.length > 0 && terminal !== undefined) this.intake.missing(terminal, missing)
    if (wrongStatus !== undefined && terminal !== undefined) this.intake.wrongStatus(terminal, wrongStatus)
    if (leftOut.length > 0) this.intake.leftOut(leftOut)
  }

  #tooLarge(): Failure | undefined {
    const { tooLargeFor, id } = this.#seen
    if (tooLargeFor === undefined) return undefined
    const words = `The output of the response is larger than limits.eventBytes (${tooLargeFor} bytes; each item and each part adds ${PLACE_SIZE}).`
    return failure('response_too_large', words, { responseId: id })
  }
}
