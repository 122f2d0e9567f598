import { appended, NONE } from '../core/lists.ts'
import { type Failure, failure } from '../errors/failure.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { EventProblemEvent } from '../telemetry/events.ts'
import type { ResponseStreamEvent } from './schema/index.ts'
import { loadChecks, loadedCheck } from './schema/load-checks.ts'
import type { Validation } from './schema/validate.ts'
import { type NumberedEvent, SequenceGuard } from './sequence.ts'

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
  readonly #loading: Promise<unknown> | undefined
  #guard: SequenceGuard
  #notLoaded: unknown

  constructor({ validate, mendsGaps, telemetry, startingAfter }: IntakeOptions) {
    this.#validate = validate
    this.#mendsGaps = mendsGaps
    this.#telemetry = telemetry
    this.#guard = new SequenceGuard(startingAfter, mendsGaps)
    const checks = validate === 'strict' || (validate === 'report' && telemetry.wants('event_problem'))
    if (!checks || loadedCheck() !== undefined) return
    this.#loading = loadChecks().catch((error) => {
      this.#notLoaded = error
    })
  }

  /**
   * Settles when events can be checked, and never rejects; `undefined` where there is nothing to wait for. Reports come
   * later where the checks do: they hold up no event.
   */
  get ready(): Promise<unknown> | undefined {
    return this.#validate === 'strict' && loadedCheck() === undefined ? this.#loading : undefined
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
    this.#guard = new SequenceGuard(undefined, this.#mendsGaps)
  }

  /** Items that the response says nothing of at its end, though they were begun. */
  leftOut(indexes: readonly number[]): void {
    this.#report(
      'unfinished_item',
      'response.completed',
      `output_index ${named(indexes)}: begun and not finished, so the final response leaves them out`,
    )
  }

  /** Items that were finished, and that the terminal event has not, or without their content. */
  missing(terminal: string, indexes: readonly number[]): void {
    this.#report(
      'missing_item',
      `response.${terminal}`,
      `output_index ${named(indexes)}: finished, and missing or emptied in the event that ends the response, so the final response has them back`,
    )
  }

  /** The terminal event carried a response that is under way by its own status. */
  wrongStatus(terminal: string, status: string): void {
    this.#report(
      'wrong_status',
      `response.${terminal}`,
      `response.status is ${status} in the event that ends the response, so the final response has ${terminal}`,
    )
  }

  accept(tapped: readonly SseEvent[]): Accepted {
    let events: readonly ResponseStreamEvent[] = NONE
    for (const each of tapped) {
      const event = asEvent(each)
      const before = this.#guard.last
      const isTerminal = each.class === 'terminal'
      const verdict = this.#guard.judge(event, isTerminal)
      // The end of a response is its end, whatever number it bears.
      if (verdict === 'duplicate' && !isTerminal) continue
      if (verdict === 'anew' || verdict === 'lost') {
        const detail = `asked for what follows ${before}, and ${event.sequence_number} was not delivered: numbered anew`
        this.#report('sequence_repeat', event.type, detail)
        if (verdict === 'lost') return { events, failure: failure('sequence_gap') }
      }
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
    const check = loadedCheck()
    if (check === undefined && validate === 'strict')
      return failure(
        'invalid_event',
        `The checks of validate: 'strict' could not be loaded: ${reasonOf(this.#notLoaded)}.`,
      )
    if (check === undefined) {
      // The event is on its way to the caller. Where the checks cannot be loaded, there is no report.
      void loadChecks().then((loaded) => this.#reportInvalid(event, loaded(event)), ignore)
      return undefined
    }
    const result = check(event)
    if (result.ok) return undefined
    if (validate === 'strict')
      return failure('invalid_event', `An event is not what it should be: ${detailOf(event, result)}.`)
    this.#reportInvalid(event, result)
    return undefined
  }

  #reportInvalid(event: ResponseStreamEvent, result: Validation): void {
    if (!result.ok) this.#report('invalid_event', event.type, detailOf(event, result))
  }

  #report(problem: EventProblemEvent['problem'], eventType: string, detail: string): void {
    if (this.#telemetry.wants('event_problem'))
      this.#telemetry.emit({ type: 'event_problem', problem, eventType, detail })
  }
}

function named(indexes: readonly number[]): string {
  const some = indexes.slice(0, MOST_NAMED).join(', ')
  return indexes.length > MOST_NAMED ? `${some} and ${indexes.length - MOST_NAMED} more` : some
}

/** The event under the type that the tap read: some gateways name the type in the SSE frame alone, or call an error otherwise. */
function asEvent({ type, json }: SseEvent): ResponseStreamEvent & NumberedEvent {
  if (typeof json !== 'object' || json === null) return { type, data: json } as never
  return ((json as { type?: unknown }).type === type ? json : { ...json, type }) as never
}

function detailOf({ type }: ResponseStreamEvent, { path, message }: Extract<Validation, { ok: false }>): string {
  return `${type}: ${path}: ${message}`
}

/** Names what is missing: `ERR_MODULE_NOT_FOUND`. The message of an import holds paths. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : 'its import failed'
}

function ignore(): void {}
