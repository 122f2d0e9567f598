import { isOpening } from '../sse/event-classes.ts'

/**
 * What the `sequence_number` of an event says. `duplicate`: the event was delivered before the resume. `gap`: numbers are
 * missing before the event. `repeat`: the number is not above the last one, so the numbers of this stream say nothing.
 * `anew`: behind a resume, an event that was never delivered has a number that lies before: the endpoint numbers each stream
 * for itself. `lost`: the same, found out too late, because events were taken for duplicates by their numbers alone.
 */
export type SequenceVerdict = 'deliver' | 'duplicate' | 'gap' | 'repeat' | 'anew' | 'lost'

interface ResumeState {
  /** The number that was asked from. */
  readonly from: number
  /** Events with numbers that lie before, so far. */
  come: number
  /** Those of them that were dropped by their number alone. */
  trusted: number
}

/** Of so many events, the latest ones, it is remembered which they were. */
const MOST_REMEMBERED = 16_384

/**
 * Watches the numbers of a stream. Endpoints that number their events count up from 0. Gateways leave the numbers out, send
 * the same one always, or begin anew with each output item or each stream. So a number drops an event in one case only: the
 * stream was asked for again from a number on, and the endpoint sends once more what was delivered: the same event under the
 * same number. Of events that were delivered elsewhere, or long ago, the number alone is known.
 */
export class SequenceGuard {
  #last: number | undefined
  #counted = 0
  #useless = false
  /** From a resume until an event above its number has come. */
  #resume: ResumeState | undefined
  /** What was delivered, by its number: where it can be resumed. */
  readonly #delivered: Map<number, number> | undefined
  /** From this number on, every event that was delivered is remembered. */
  #remembersFrom: number

  /**
   * @param last the number of the last event that was delivered before, when a stream is picked up again.
   * @param isResumable the stream can be asked for again.
   */
  constructor(last?: number, isResumable = true) {
    this.#last = last
    this.#delivered = isResumable ? new Map() : undefined
    this.#remembersFrom = last === undefined ? 0 : last + 1
    this.resumed()
  }

  /** The number of the last event delivered; `undefined` where the numbers say nothing. */
  get last(): number | undefined {
    return this.#useless ? undefined : this.#last
  }

  /** The endpoint was asked for what follows `last`. */
  resumed(): void {
    const { last: from } = this
    this.#resume = from === undefined ? undefined : { from, come: 0, trusted: 0 }
    // A number that the endpoint accepts as a starting point is one that it counts by.
    if (from !== undefined) this.#counted = 2
  }

  /** @param isTerminal the event ends the response. */
  judge(event: NumberedEvent, isTerminal = false): SequenceVerdict {
    const { sequence_number: number } = event
    if (this.#useless || !isNumber(number)) return 'deliver'
    if (this.#resume !== undefined) {
      if (number <= this.#resume.from) return this.#again(this.#resume, number, event, isTerminal)
      this.#resume = undefined
    }
    const last = this.#last
    if (last !== undefined && number <= last) {
      this.#useless = true
      return 'repeat'
    }
    const isGap = last !== undefined && this.#counted >= 2 && number > last + 1
    this.#last = number
    this.#counted++
    this.#remember(number, event)
    return isGap ? 'gap' : 'deliver'
  }

  /** The event that was judged last is not delivered: the stream is asked for again from `last` on. */
  rewind(last: number | undefined): void {
    if (this.#last !== undefined) this.#delivered?.delete(this.#last)
    this.#last = last
  }

  /** An event with a number that lies before: the same one once more, or another one. */
  #again(resume: ResumeState, number: number, event: NumberedEvent, isTerminal: boolean): SequenceVerdict {
    const isFirst = resume.come++ === 0
    const print = this.#delivered?.get(number)
    const isKnown = print !== undefined || number >= this.#remembersFrom
    const isOther = isKnown
      ? print !== printOf(event)
      : // A stream that is sent from its beginning begins with the beginning of the response, and its end comes last.
        isTerminal || (isFirst && number === 0 && !isOpening(event.type))
    if (!isOther) {
      if (!isKnown) resume.trusted++
      return 'duplicate'
    }
    if (isTerminal && resume.trusted > 0) return 'lost'
    this.#useless = true
    return 'anew'
  }

  #remember(number: number, event: NumberedEvent): void {
    const delivered = this.#delivered
    if (delivered === undefined) return
    delivered.set(number, printOf(event))
    if (delivered.size <= MOST_REMEMBERED) return
    const [oldest = number] = delivered.keys()
    delivered.delete(oldest)
    this.#remembersFrom = oldest + 1
  }
}

/** As far as it is looked at. */
export interface NumberedEvent {
  readonly type: string
  readonly sequence_number?: unknown
  readonly [field: string]: unknown
}

/** What cannot be counted by is no number: 1e308, a fraction, a negative one. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Names an event of one response, and what it brings: an endpoint that sends the event once more repeats all of these. */
const PLACE = ['item_id', 'output_index', 'content_index', 'summary_index', 'delta'] as const
const ITEM = ['type', 'id', 'call_id'] as const

/** 32 bits of what an event is: of the events of one response under one number, two that differ share them practically never. */
function printOf(event: NumberedEvent): number {
  let print = hashed(0x811c9dc5, event.type)
  for (const key of PLACE) print = hashed(print, event[key])
  const { item } = event
  if (typeof item === 'object' && item !== null)
    for (const key of ITEM) print = hashed(print, (item as Readonly<Record<string, unknown>>)[key])
  return print
}

/** FNV-1a. */
function hashed(start: number, value: unknown): number {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  let hash = start
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return Math.imul(hash ^ 0xff, 0x01000193)
}
