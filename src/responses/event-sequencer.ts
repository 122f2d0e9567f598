import { appended, NONE } from '../core/lists.ts'
import { type Failure, failure } from '../errors/failure.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { EventProblemEvent } from '../telemetry/events.ts'
import { type ResponseStreamEvent, validateEvent } from './schema/index.ts'
import { SequenceGuard } from './sequence.ts'

export interface IntakeOptions {
  readonly validate: 'off' | 'report' | 'strict'
  /** A gap in the numbers can be mended by asking again. Otherwise it is reported, and the events pass on. */
  readonly mendsGaps: boolean
  readonly telemetry: TelemetryEmitter
  /** The number of the last event that was delivered before. */
  readonly startingAfter: number | undefined
}

export interface Accepted {
  readonly events: readonly ResponseStreamEvent[]
  /** Why nothing after these events can be handed on. */
  readonly failure: Failure | undefined
}

/** Of a list whose length the endpoint decides. */
const MOST_NAMED = 10

/**
 * Makes events for the caller of what the tap read, checked as far as asked. Behind a resume each event comes once; a
 * stream that was not resumed is handed on whole, whatever its numbers are, and odd numbers are told as `event_problem`.
 */
export class EventSequencer {
  readonly #validate: IntakeOptions['validate']
  readonly #mendsGaps: boolean
  readonly #telemetry: TelemetryEmitter
  #guard: SequenceGuard

  constructor({ validate, mendsGaps, telemetry, startingAfter }: IntakeOptions) {
    this.#validate = validate
    this.#mendsGaps = mendsGaps
    this.#telemetry = telemetry
    this.#guard = new SequenceGuard(startingAfter)
  }

  get lastSequenceNumber(): number | undefined {
    return this.#guard.last
  }

  /** The stream is picked up behind the last number. */
  resumed(): void {
    this.#guard.resumed()
  }

  /** Another attempt begins to count anew. */
  reset(): void {
    this.#guard = new SequenceGuard()
  }

  /** Items that the response says nothing of at its end, though they were begun. */
  leftOut(indexes: readonly number[]): void {
    const some = indexes.slice(0, MOST_NAMED).join(', ')
    const more = indexes.length > MOST_NAMED ? ` and ${indexes.length - MOST_NAMED} more` : ''
    this.#report(
      'unfinished_item',
      'response.completed',
      `output_index ${some}${more}: begun and not finished, so the final response leaves them out`,
    )
  }

  accept(tapped: readonly SseEvent[]): Accepted {
    let events: readonly ResponseStreamEvent[] = NONE
    for (const each of tapped) {
      const event = asEvent(each)
      const before = this.#guard.last
      const verdict = this.#guard.judge(event)
      // The end of a response is its end, whatever number it bears.
      if (verdict === 'duplicate' && each.class !== 'terminal') continue
      if (verdict === 'gap' || verdict === 'repeat') {
        this.#report(`sequence_${verdict}`, event.type, `${before} is followed by ${event.sequence_number}`)
        if (verdict === 'gap' && this.#mendsGaps) {
          this.#guard.rewind(before)
          return { events, failure: failure('sequence_gap') }
        }
      }
      const invalid = this.#check(each, event)
      if (invalid !== undefined) return { events, failure: invalid }
      events = appended(events, event)
    }
    return { events, failure: undefined }
  }

  #check(tapped: SseEvent, event: ResponseStreamEvent): Failure | undefined {
    const validate = this.#validate
    if (validate === 'off') return undefined
    if (validate === 'report') {
      if (tapped.class !== 'terminal' && tapped.class !== 'lifecycle') return undefined
      // A report that nobody hears is not worth the look.
      if (!this.#telemetry.wants('event_problem')) return undefined
    }
    const result = validateEvent(event)
    if (result.ok) return undefined
    const detail = `${event.type}: ${result.path}: ${result.message}`
    if (validate === 'strict') return failure('invalid_event', `An event is not what it should be: ${detail}.`)
    this.#report('invalid_event', event.type, detail)
    return undefined
  }

  #report(problem: EventProblemEvent['problem'], eventType: string, detail: string): void {
    if (this.#telemetry.wants('event_problem'))
      this.#telemetry.emit({ type: 'event_problem', problem, eventType, detail })
  }
}

/** The event under the type that the tap read: some gateways name the type in the SSE frame alone, or call an error otherwise. */
function asEvent({ type, json }: SseEvent): ResponseStreamEvent & { readonly sequence_number?: unknown } {
  if (typeof json !== 'object' || json === null) return { type, data: json } as never
  return ((json as { type?: unknown }).type === type ? json : { ...json, type }) as never
}
