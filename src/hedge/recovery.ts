/** An origin without a first event for this long has a drought. Origins in use answer far more often. */
const DROUGHT_MS = 10_000

/** How long calls that waited through a drought get help, from the first answer after it. */
const HELPED_FOR_MS = 60_000

/** The most grants that can be saved up. */
const MOST_GRANTS = 256

/**
 * The recovery of one origin after a time without answers. Calls from that time wait on dead attempts, and the waste
 * budget is spent. So each answer grants one hedge beyond the budget, and each granted hedge that wins grants another.
 * The number of grants doubles in the time an answer takes, like TCP slow start. All at once would be a stampede, and
 * if the origin falls silent again, at most two hedges per answer were sent.
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
   * Takes one grant, for a call whose latest attempt has been silent since before the recovery. Each such attempt gets
   * one: the attempt that it starts is later.
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
