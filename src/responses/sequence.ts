import { isOpening } from '../sse/event-classes.ts'

/**
 * What the `sequence_number` of an event means. `duplicate`: the event was delivered before the resume. `gap`: numbers
 * are missing before the event. `repeat`: the number is not above the last one, so the numbers of this stream mean
 * nothing. `anew`: after a resume an event has a lower number but was never delivered, because the endpoint numbers
 * each stream separately. `lost`: the same, but noticed after events were dropped by their numbers.
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

/** Number of the latest events that can be recognised. */
const MOST_REMEMBERED = 16_384

/**
 * Watches the numbers of a stream. Endpoints that number their events count up from 0. Gateways omit the numbers,
 * repeat one number, or start again with each output item or each stream. So a number drops an event in one case only:
 * the stream was resumed after a number, and the endpoint sends an event again that was delivered under the same
 * number. Of events that were delivered elsewhere or long ago, only the number is known.
 */
export class SequenceGuard {
  #last: number | undefined
  #counted = 0
  #useless = false
  /** From a resume until an event above its number has come. */
  #resume: ResumeState | undefined
  /** The delivered events by number, if the stream can be resumed. */
  readonly #delivered: Map<number, number> | undefined
  /** From this number on, all delivered events can be recognised. */
  #remembersFrom: number

  /**
   * @param last the number of the last event that was delivered before, for a resumed stream.
   * @param isResumable whether the stream can be resumed.
   */
  constructor(last?: number, isResumable = true) {
    this.#last = last
    this.#delivered = isResumable ? new Map() : undefined
    this.#remembersFrom = last === undefined ? 0 : last + 1
    this.resumed()
  }

  /** The number of the last delivered event. `undefined` if the numbers mean nothing. */
  get last(): number | undefined {
    return this.#useless ? undefined : this.#last
  }

  /** The stream was resumed after `last`. */
  resumed(): void {
    const { last: from } = this
    this.#resume = from === undefined ? undefined : { from, come: 0, trusted: 0 }
    // An endpoint that accepts a number as a starting point counts with it.
    if (from !== undefined) this.#counted = 2
  }

  /** @param isTerminal whether the event ends the response. */
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

  /** The last judged event is not delivered: the stream is resumed after `last`. */
  rewind(last: number | undefined): void {
    if (this.#last !== undefined) this.#delivered?.delete(this.#last)
    this.#last = last
  }

  /** An event with a lower number: the same event again, or another one. */
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

/** The fields of an event that are compared. */
export interface NumberedEvent {
  readonly type: string
  readonly sequence_number?: unknown
  readonly [field: string]: unknown
}

/** Values that cannot be counted with are not numbers: 1e308, a fraction, a negative one. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Fields that identify an event of one response: an endpoint that sends the event again repeats all of them. */
const PLACE = ['item_id', 'output_index', 'content_index', 'summary_index', 'delta'] as const
const ITEM = ['type', 'id', 'call_id'] as const

/** A 32-bit hash of an event. Different events of one response under one number practically never share it. */
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
