/** No first event from an origin for so long is a drought: far longer than between the answers of one in use. */
const DROUGHT_MS = 10_000

/** From the first answer after a drought on, calls that it left waiting are helped for so long. */
const HELPED_FOR_MS = 60_000

/** What waits may be begun anew all at once where many answers have come meanwhile. */
const MOST_GRANTS = 256

/**
 * One origin's return after a time in which nothing answered. Calls that met it wait on attempts that are dead, and the
 * waste budget is spent, so hedges are granted beyond it: one for each answer, and the same again when it wins. That doubles
 * them in the time an answer takes, as the slow start of TCP does: all of them at once would be a stampede, and were the
 * origin to fall silent again, no more than two for each answer would have gone out.
 */
export class Recovery {
  #lastAnswerAt = -Infinity
  #since = -Infinity
  #grants = 0

  answered(now: number): void {
    if (now - this.#lastAnswerAt >= DROUGHT_MS) {
      this.#since = now
      this.#grants = 0
    }
    this.#lastAnswerAt = now
    if (now - this.#since <= HELPED_FOR_MS) this.giveBack()
  }

  /**
   * Takes one grant, for a call whose latest attempt has been silent since before the origin's return: once for each, for
   * what it then begins is later.
   */
  grant(silentSince: number): boolean {
    if (silentSince >= this.#since || this.#grants < 1) return false
    this.#grants -= 1
    return true
  }

  giveBack(): void {
    this.#grants = Math.min(MOST_GRANTS, this.#grants + 1)
  }
}
