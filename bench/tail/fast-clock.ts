import type { Clock } from '../../src/index.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  cleared: boolean
}

/** Virtual time for millions of timers: a heap, and one turn of the event loop for each instant with a due timer. */
export class FastClock implements Clock {
  readonly #heap: Timer[] = []
  #now = 0
  #order = 0

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#now
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback, cleared: false }
    this.#push(timer)
    return timer
  }

  clearTimer(handle: unknown): void {
    if (handle !== undefined) (handle as Timer).cleared = true
  }

  afterIO(callback: () => void): void {
    setImmediate(callback)
  }

  /** Runs until no timer is left. */
  async run(): Promise<void> {
    for (;;) {
      // Everything that the last instant started runs to its end first, including nested `afterIO` callbacks.
      await turn()
      await turn()
      const next = this.#pop()
      if (next === undefined) return
      if (next.cleared) continue
      this.#now = next.at
      next.callback()
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isBefore(heap[parent] as Timer, timer)) break
      heap[at] = heap[parent] as Timer
      at = parent
    }
    heap[at] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
      if (isBefore(last, heap[child] as Timer)) break
      heap[at] = heap[child] as Timer
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
