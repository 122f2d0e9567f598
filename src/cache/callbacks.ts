import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'

/** How long `close()` and `destroy()` wait for running callbacks. */
const END_MS = 5000

/** The running `create` and `destroy` callbacks of the user. */
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

  /** Resolves when all callbacks have settled, or after 5 s. */
  async settled(): Promise<void> {
    if (this.#creating.size + this.#destroying.size === 0) return
    // Waits for `create` first: a client that comes too late is then passed to `destroy`.
    const settled = Promise.all(this.#creating).then(() => Promise.all(this.#destroying))
    const onTimeout = (): Error => new Error('not settled')
    await withDeadline(settled, { clock: this.#clock, ms: END_MS, onTimeout }).catch(() => {})
  }
}

function track(set: Set<Promise<void>>, settled: Promise<void>): void {
  set.add(settled)
  void settled.then(() => set.delete(settled))
}
