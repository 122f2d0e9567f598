/** Numbers of keys long gone are forgotten beyond this many, so that keys without end cannot fill the memory. */
const MAX_REMEMBERED_KEYS = 10_000

/** Counts the clients built for each key. */
export class Generations {
  /** In order of the last build: the first is the oldest. */
  readonly #built = new Map<string, number>()
  readonly #max: number

  constructor(max = MAX_REMEMBERED_KEYS) {
    this.#max = max
  }

  /** The number of the client just built for `key`. A key that is alive is never forgotten: its numbers must rise. */
  next(key: string, isAlive: (key: string) => boolean): number {
    const generation = (this.#built.get(key) ?? 0) + 1
    this.#built.delete(key)
    this.#built.set(key, generation)
    if (this.#built.size > this.#max) {
      for (const oldest of this.#built.keys()) {
        if (oldest === key || isAlive(oldest)) continue
        this.#built.delete(oldest)
        break
      }
    }
    return generation
  }
}
