/** What to do with an event, by its `sequence_number`. */
export type SequenceVerdict = 'deliver' | 'duplicate' | 'gap'

/**
 * Watches the numbers of a stream. Endpoints that number their events count up from 0; gateways may leave the numbers out,
 * or send the same one always, and then nothing is concluded from them.
 */
export class SequenceGuard {
  #last: number | undefined
  #counted = 0

  /** @param last the number of the last event that was delivered before, when a stream is picked up again. */
  constructor(last?: number) {
    this.#last = last
    // A number that the endpoint accepts as a starting point is one that it counts by.
    if (last !== undefined) this.#counted = 2
  }

  /** The number of the last event delivered; `undefined` where the numbers say nothing. */
  get last(): number | undefined {
    return this.#counted < 0 ? undefined : this.#last
  }

  /** The endpoint was asked to go on behind `last`, so it counts: from now on every number is taken at its word. */
  trust(): void {
    if (this.#last !== undefined) this.#counted = 2
  }

  judge(event: { readonly sequence_number?: unknown }): SequenceVerdict {
    const number = event.sequence_number
    if (typeof number !== 'number') return 'deliver'
    const last = this.#last
    if (last !== undefined && number <= last) {
      if (this.#counted >= 2) return 'duplicate'
      // Numbers that do not rise from the start say nothing.
      this.#counted = -Infinity
      return 'deliver'
    }
    const gap = last !== undefined && this.#counted >= 2 && number > last + 1
    this.#last = number
    this.#counted++
    return gap ? 'gap' : 'deliver'
  }
}
