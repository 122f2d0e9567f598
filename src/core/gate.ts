/** So many at a time; the others wait in the order in which they came. Waiting can be given up at any time. */
export class Gate {
  readonly #limit: number
  readonly #waiting = new Set<() => void>()
  #inside = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get isIdle(): boolean {
    return this.#inside === 0 && this.#waiting.size === 0
  }

  /** Whoever comes now has to wait. */
  get isFull(): boolean {
    return this.#inside >= this.#limit
  }

  /**
   * Calls `letIn` once there is a place, at once if there is one.
   *
   * @returns the function that gives up waiting; it answers `false` to who has been let in, and has a place to leave.
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

  /** Takes a place above the limit, if there is no other. Nobody is let in until so many have left. */
  enterAnyway(): void {
    this.#inside++
  }

  /** The place goes to whoever has waited longest. */
  leave(): void {
    if (this.#inside > this.#limit) {
      this.#inside--
      return
    }
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      next()
      return
    }
    this.#inside--
  }
}
