/**
 * A bound on connections to one origin (`maxConnections`), with a fair queue: whoever asked first gets the next place.
 * Waiting can be given up at any time.
 */
export class ConnectionGate {
  readonly #limit: number
  readonly #waiting = new Set<() => void>()
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get unused(): boolean {
    return this.#used === 0 && this.#waiting.size === 0
  }

  /** Calls `enter` once there is a place, at once if there is one; returns the function that gives up waiting. */
  enter(enter: () => void): () => void {
    if (this.#used < this.#limit) {
      this.#used++
      enter()
      return () => {}
    }
    this.#waiting.add(enter)
    return () => this.#waiting.delete(enter)
  }

  leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      next()
      return
    }
    this.#used--
  }
}
