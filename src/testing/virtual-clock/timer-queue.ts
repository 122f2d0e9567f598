/** What the queue needs of an item; `slot` is its own bookkeeping. */
export interface Queued {
  readonly dueMs: number
  /** Breaks ties: of two items due at one instant, the one armed first comes first. */
  readonly order: number
  /** Where the item is in the heap; -1 when it is not queued. */
  slot: number
}

/**
 * A binary heap by due time. Each item knows its slot, so a cleared timer leaves at once in O(log n): a call that re-arms
 * a thousand times leaves no garbage behind.
 */
export class TimerQueue<T extends Queued> {
  readonly #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  peek(): T | undefined {
    return this.#heap[0]
  }

  push(item: T): void {
    this.#rise(item, this.#heap.length)
  }

  /** Takes an item out; `false` when it was not queued. */
  remove(item: T): boolean {
    const { slot } = item
    if (slot < 0 || this.#heap[slot] !== item) return false
    item.slot = -1
    const last = this.#heap.pop()!
    if (last === item) return true
    this.#sink(last, slot)
    if (last.slot === slot) this.#rise(last, slot)
    return true
  }

  /** A copy, earliest first. */
  toSorted(): T[] {
    return this.#heap.toSorted((a, b) => (before(a, b) ? -1 : 1))
  }

  #rise(item: T, from: number): void {
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 1
      const parent = this.#heap[above]!
      if (!before(item, parent)) break
      this.#place(parent, slot)
      slot = above
    }
    this.#place(item, slot)
  }

  #sink(item: T, from: number): void {
    let slot = from
    for (;;) {
      let below = 2 * slot + 1
      if (below >= this.#heap.length) break
      const right = below + 1
      if (right < this.#heap.length && before(this.#heap[right]!, this.#heap[below]!)) below = right
      const child = this.#heap[below]!
      if (!before(child, item)) break
      this.#place(child, slot)
      slot = below
    }
    this.#place(item, slot)
  }

  #place(item: T, slot: number): void {
    this.#heap[slot] = item
    item.slot = slot
  }
}

function before(a: Queued, b: Queued): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}
