/**
 * What the `sequence_number` of an event says. `duplicate`: the event came before the resume. `gap`: numbers are missing
 * before the event. `repeat`: the number is not above the last one, so the numbers of this stream say nothing.
 */
export type SequenceVerdict = 'deliver' | 'duplicate' | 'gap' | 'repeat'

/**
 * Watches the numbers of a stream. Endpoints that number their events count up from 0. Gateways leave the numbers out, send
 * the same one always, or begin anew with each output item. So a number drops an event in one case only: the stream was
 * asked for again from a number on, and the endpoint sends what lies before it once more.
 */
export class SequenceGuard {
  #last: number | undefined
  #counted = 0
  #useless = false
  /** Behind a resume: the number that was asked from, until an event above it has come. */
  #resumedFrom: number | undefined

  /** @param last the number of the last event that was delivered before, when a stream is picked up again. */
  constructor(last?: number) {
    this.#last = last
    this.resumed()
  }

  /** The number of the last event delivered; `undefined` where the numbers say nothing. */
  get last(): number | undefined {
    return this.#useless ? undefined : this.#last
  }

  /** The endpoint was asked for what follows `last`. */
  resumed(): void {
    this.#resumedFrom = this.last
    // A number that the endpoint accepts as a starting point is one that it counts by.
    if (this.#resumedFrom !== undefined) this.#counted = 2
  }

  judge({ sequence_number: number }: { readonly sequence_number?: unknown }): SequenceVerdict {
    if (this.#useless || !isNumber(number)) return 'deliver'
    if (this.#resumedFrom !== undefined) {
      if (number <= this.#resumedFrom) return 'duplicate'
      this.#resumedFrom = undefined
    }
    const last = this.#last
    if (last !== undefined && number <= last) {
      this.#useless = true
      return 'repeat'
    }
    const isGap = last !== undefined && this.#counted >= 2 && number > last + 1
    this.#last = number
    this.#counted++
    return isGap ? 'gap' : 'deliver'
  }

  /** The event that was judged last is not delivered: the stream is asked for again from `last` on. */
  rewind(last: number | undefined): void {
    this.#last = last
  }
}

/** What cannot be counted by is no number: 1e308, a fraction, a negative one. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
