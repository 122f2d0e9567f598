import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'

/** How long `close()` and `destroy()` wait for callbacks that are under way. */
const END_MS = 5000

/** The user's `create` and `destroy` that are under way. */
export class Callbacks {
  readonly #clock: Clock
  readonly #creating = new Set<Promise<void>>()
  readonly #destroying = new Set<Promise<void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param settled must not reject. */
  creating(settled: Promise<void>): void {
    track(this.#creating, settled)
  }

  destroying(settled: Promise<void>): void {
    track(this.#destroying, settled)
  }

  /** Resolves when all have settled: one that never does holds nobody up for longer than 5 s. */
  async settled(): Promise<void> {
    if (this.#creating.size + this.#destroying.size === 0) return
    // What was created too late is destroyed by then.
    const settled = Promise.all(this.#creating).then(() => Promise.all(this.#destroying))
    const onTimeout = (): Error => new Error('not settled')
    await withDeadline(settled, { clock: this.#clock, ms: END_MS, onTimeout }).catch(() => {})
  }
}

function track(set: Set<Promise<void>>, settled: Promise<void>): void {
  set.add(settled)
  void settled.then(() => set.delete(settled))
}
