/** A map that drops the least recently used entry. Keys come from callers and endpoints, so their number is bounded. */
export class RecentMap<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, V>()

  constructor(most: number) {
    this.#most = most
  }

  /** Looks up without marking as recently used. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** Returns the value of `key`, or stores and returns what `make` returns. */
  obtain(key: K, make: () => V): V {
    const known = this.#entries.get(key)
    // Most maps have one key, and need no reordering.
    if (known !== undefined && this.#entries.size === 1) return known
    const value = known ?? make()
    this.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  /** Entries, least recently used first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }
}
