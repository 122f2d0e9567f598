/**
 * A semaphore: `limit` holders at a time, the others wait in order of arrival. A waiter can give up at any time. The limit may
 * change: holders above it stay.
 */
export class Gate {
  readonly #limit: () => number
  readonly #waiting = new Set<() => void>()
  #inside = 0

  /** @param limit a function is asked whenever it matters. Call `fill()` when the limit has grown. */
  constructor(limit: number | (() => number)) {
    this.#limit = typeof limit === 'number' ? () => limit : limit
  }

  get inside(): number {
    return this.#inside
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get isIdle(): boolean {
    return this.#inside === 0 && this.#waiting.size === 0
  }

  /** Whether the next one to enter has to wait. */
  get isFull(): boolean {
    return this.#inside >= this.#limit()
  }

  /**
   * Calls `letIn` once a place is free, at once if one is free now.
   *
   * @returns the function that gives up waiting. It returns `false` to a caller that was let in, which must call
   * `leave()`.
   */
  enter(letIn: () => void): () => boolean {
    if (!this.isFull) {
      this.#inside++
      letIn()
      return () => false
    }
    this.#waiting.add(letIn)
    return () => this.#waiting.delete(letIn)
  }

  /** Takes a place above the limit if none is free. Others wait until the limit is kept again. */
  enterAnyway(): void {
    this.#inside++
  }

  /** Gives the place to the waiter that has waited longest. */
  leave(): void {
    this.#inside--
    this.fill()
  }

  /** Lets waiters in, as many as there are places. */
  fill(): void {
    for (const next of this.#waiting) {
      if (this.isFull) return
      this.#waiting.delete(next)
      this.#inside++
      next()
    }
  }
}
