import type { Entry } from './entry.ts'

/** The clients that get no new lease and are not destroyed yet. */
export class Retired<C> extends Set<Entry<C>> {
  /** Number of retired clients for each key. */
  readonly #ofKey = new Map<string, number>()

  override add(entry: Entry<C>): this {
    if (!this.has(entry)) this.#ofKey.set(entry.key, (this.#ofKey.get(entry.key) ?? 0) + 1)
    return super.add(entry)
  }

  override delete(entry: Entry<C>): boolean {
    if (!super.delete(entry)) return false
    const others = (this.#ofKey.get(entry.key) ?? 1) - 1
    if (others > 0) this.#ofKey.set(entry.key, others)
    else this.#ofKey.delete(entry.key)
    return true
  }

  hasKey(key: string): boolean {
    return this.#ofKey.has(key)
  }
}
