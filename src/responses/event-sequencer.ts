import { appended, NONE } from '../core/lists.ts'
import { nextTurn } from '../core/turn.ts'
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
  /** A gap in the numbers is filled by a resume. Otherwise the gap is reported, and the events are delivered. */
  readonly mendsGaps: boolean
  readonly telemetry: TelemetryEmitter
  /** The number of the last event that was delivered before. */
  readonly startingAfter: number | undefined
}

export interface Accepted {
  readonly events: readonly ResponseStreamEvent[]
  /** Why nothing after these events can be delivered. */
  readonly failure: Failure | undefined
}

/** Limit for a list whose length the endpoint decides. */
const MOST_NAMED = 10

/**
 * Makes the caller's events from what the SSE reader read, and checks them as requested. After a resume each event is
 * delivered once. A stream that was not resumed is delivered in full, whatever its numbers, and odd numbers are
 * reported as `event_problem`.
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
    // Strict checks are loaded while the call connects, because its first event waits for them. Those of a report are loaded when the
    // first event that needs them is on its way to the caller: before that they would only delay it.
    if (validate !== 'strict' || loadedCheck() !== undefined) return
    this.#loading = loadChecks().catch((error) => {
      this.#notLoaded = error
    })
  }

  /**
   * Resolves when events can be checked. Never rejects. `undefined` if there is nothing to wait for: with `'report'`,
   * events do not wait for the checks, and reports come later.
   */
  get ready(): Promise<unknown> | undefined {
    return this.#validate === 'strict' && loadedCheck() === undefined ? this.#loading : undefined
  }

  get lastSequenceNumber(): number | undefined {
    return this.#guard.last
  }

  /** The stream continues after the last number. */
  resumed(): void {
    this.#guard.resumed()
  }

  /** Another attempt begins with new numbers. */
  reset(): void {
    this.#guard = new SequenceGuard(undefined, this.#mendsGaps)
  }

  /** Reports items that began and that the final response omits. */
  leftOut(indexes: readonly number[]): void {
    this.#report(
      'unfinished_item',
      'response.completed',
      `output_index ${named(indexes)}: not finished, so the final response omits them`,
    )
  }

  /** Reports finished items that the terminal event omits, or whose content it omits. */
  missing(terminal: string, indexes: readonly number[]): void {
    this.#report(
      'missing_item',
      `response.${terminal}`,
      `output_index ${named(indexes)}: finished, but missing or empty in the terminal event, so they were restored in the final response`,
    )
  }

  /** Reports a terminal event whose response has the status of a running one. */
  wrongStatus(terminal: string, status: string): void {
    this.#report(
      'wrong_status',
      `response.${terminal}`,
      `response.status is ${status} in the terminal event, so the final response has ${terminal}`,
    )
  }

  accept(tapped: readonly SseEvent[]): Accepted {
    let events: readonly ResponseStreamEvent[] = NONE
    for (const each of tapped) {
      const event = asEvent(each)
      const before = this.#guard.last
      const isTerminal = each.class === 'terminal'
      const verdict = this.#guard.judge(event, isTerminal)
      // A terminal event ends the response, whatever its number.
      if (verdict === 'duplicate' && !isTerminal) continue
      if (verdict === 'anew' || verdict === 'lost') {
        const detail = `resumed after ${before}, and ${event.sequence_number} was never delivered: the endpoint numbers each stream separately`
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
      // Without a listener no report is needed.
      if (!this.#telemetry.wants('event_problem')) return undefined
    }
    const check = loadedCheck()
    if (check === undefined && validate === 'strict')
      return failure(
        'invalid_event',
        `The checks of validate: 'strict' could not be loaded: ${reasonOf(this.#notLoaded)}.`,
      )
    if (check === undefined) {
      // The event is delivered first: an import holds up the turn in which it begins. If the checks cannot be loaded, there is no report.
      void nextTurn()
        .then(loadChecks)
        .then((loaded) => this.#reportInvalid(event, loaded(event)), ignore)
      return undefined
    }
    const result = check(event)
    if (result.ok) return undefined
    if (validate === 'strict')
      return failure('invalid_event', `An event has a wrong shape: ${detailOf(event, result)}.`)
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

/**
 * The event with the type that the SSE reader found: some gateways name the type only in the SSE frame, or name an
 * error differently.
 */
function asEvent({ type, json }: SseEvent): ResponseStreamEvent & NumberedEvent {
  if (typeof json !== 'object' || json === null) return { type, data: json } as never
  return ((json as { type?: unknown }).type === type ? json : { ...json, type }) as never
}

function detailOf({ type }: ResponseStreamEvent, { path, message }: Extract<Validation, { ok: false }>): string {
  return `${type}: ${path}: ${message}`
}

/** The code of the error: `ERR_MODULE_NOT_FOUND`. Its message would contain paths. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : 'its import failed'
}

function ignore(): void {}
