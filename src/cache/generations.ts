import { Order } from './order.ts'

/** Numbers of keys long gone are forgotten beyond this many, so that keys without end cannot fill the memory. */
const MAX_REMEMBERED_KEYS = 10_000

/** How many old keys one build looks at: more than one, so that keys that have died meanwhile are forgotten in the end. */
const LOOKS = 4

/** Counts the clients built for each key. */
export class Generations {
  readonly #built = new Map<string, number>()
  /** By the last build, or the last look at a key that was alive. */
  readonly #order = new Order<string>()
  readonly #max: number

  constructor(max = MAX_REMEMBERED_KEYS) {
    this.#max = max
  }

  /** The number of the client just built for `key`. A key that is alive is never forgotten: its numbers must rise. */
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
