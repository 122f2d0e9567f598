import { Order } from './order.ts'

/** Beyond this many, numbers of keys without a client are dropped, so that endless keys cannot fill the memory. */
const MAX_REMEMBERED_KEYS = 10_000

/** Old keys that one build checks. More than one, so that the number of remembered keys shrinks again. */
const LOOKS = 4

/** Counts the clients built for each key. */
export class Generations {
  readonly #built = new Map<string, number>()
  /** Keys by last build, or by the last check that found them alive. */
  readonly #order = new Order<string>()
  readonly #max: number

  constructor(max = MAX_REMEMBERED_KEYS) {
    this.#max = max
  }

  /** The number of the client just built for `key`. A key with a client is kept, because its numbers must rise. */
  next(key: string, isAlive: (key: string) => boolean): number {
    const generation = (this.#built.get(key) ?? 0) + 1
    this.#built.set(key, generation)
    this.#order.toEnd(key)
    for (let look = 0; look < LOOKS && this.#built.size > this.#max; look++) {
      const oldest = this.#order.first as string
      if (oldest === key || isAlive(oldest)) {
        this.#order.toEnd(oldest)
        continue
      }
      this.#order.delete(oldest)
      this.#built.delete(oldest)
    }
    return generation
  }
}
