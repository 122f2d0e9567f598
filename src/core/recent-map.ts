/** A map that forgets what was used longest ago: its keys are words of callers and endpoints, so their number is bounded. */
export class RecentMap<K, V> {
  readonly #most: number
  readonly #entries = new Map<K, V>()

  constructor(most: number) {
    this.#most = most
  }

  /** Looks it up, which is no use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** What is there, or what `make` gives. */
  obtain(key: K, make: () => V): V {
    const known = this.#entries.get(key)
    // With one key, as most have, nothing needs moving.
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

  /** The one used longest ago first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }
}
