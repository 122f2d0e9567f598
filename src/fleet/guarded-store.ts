import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/race.ts'
import type { StoreChange } from '../fleet-port/fleet-port.ts'
import { problemOf, refusalOf } from './problem.ts'
import type { Script } from './scripts.ts'
import type { Store } from './store.ts'

/** A frozen server leaves commands pending, with some clients for ever. */
export const COMMAND_DEADLINE_MS = 50
const MISSES_TO_OPEN = 3
/** How long the store is then not asked. */
export const OPEN_MS = 5000
/** Probes without an answer, one after the other, until it is not asked for that long again: one of them may be bad luck. */
const PROBES = 2

/** What a command returned. `undefined`: there is no answer, and the process continues with what it knows. */
export type Answer = { readonly value: unknown } | undefined

/**
 * Asks the store, for at most 50 ms a command. After three commands in a row without an answer the store is not asked for 5 s, and
 * then by one command alone until one is answered. Nothing here rejects.
 */
export class GuardedStore {
  readonly #store: Store
  readonly #clock: Clock
  readonly #onChange: (change: StoreChange) => void
  #misses = 0
  #missedAt = -Infinity
  #isLost = false
  #openUntil = -Infinity
  #isProbing = false

  constructor(store: Store, clock: Clock, onChange: (change: StoreChange) => void) {
    this.#store = store
    this.#clock = clock
    this.#onChange = onChange
  }

  /** It has not answered three times in a row, and not since. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Milliseconds until the store is asked again. 0: it is asked. */
  get closedForMs(): number {
    return Math.max(0, this.#openUntil - this.#clock.now())
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Answer> {
    return this.#ask(async () => {
      try {
        return await this.#store.evalsha(script, keys, args)
      } catch (error) {
        if (refusalOf(error) !== 'NOSCRIPT') throw error
        return this.#store.eval(script, keys, args)
      }
    })
  }

  get(key: string): Promise<Answer> {
    return this.#ask(() => this.#store.get(key))
  }

  set(key: string, value: string, forMs: number): Promise<Answer> {
    return this.#ask(() => this.#store.set(key, value, forMs))
  }

  async #ask(command: () => Promise<unknown>): Promise<Answer> {
    if (this.closedForMs > 0 || this.#isProbing) return undefined
    const isProbe = this.#isLost
    this.#isProbing = isProbe
    const askedAt = this.#clock.now()
    try {
      const value = await this.#inTime(Promise.resolve().then(command))
      this.#answered()
      return { value }
    } catch (error) {
      this.#missed(problemOf(error), askedAt)
      return undefined
    } finally {
      if (isProbe) this.#isProbing = false
    }
  }

  async #inTime(asked: Promise<unknown>): Promise<unknown> {
    const clock = this.#clock
    const limit = { clock, ms: COMMAND_DEADLINE_MS, afterInput: true, onTimeout: () => new TooLate() } as const
    const askedAt = clock.now()
    try {
      return await withDeadline(asked, limit)
    } catch (error) {
      // This process was stopped for longer than the deadline, and says nothing about the store.
      if (!(error instanceof TooLate) || clock.now() - askedAt < 2 * COMMAND_DEADLINE_MS) throw error
      return withDeadline(asked, limit)
    }
  }

  #answered(): void {
    this.#misses = 0
    if (!this.#isLost) return
    this.#isLost = false
    this.#openUntil = -Infinity
    this.#onChange({ state: 'back' })
  }

  #missed(problem: string, askedAt: number): void {
    // Commands that were under way together are one miss.
    if (askedAt < this.#missedAt) return
    this.#missedAt = this.#clock.now()
    this.#misses++
    if (this.#misses < (this.#isLost ? PROBES : MISSES_TO_OPEN)) return
    this.#misses = 0
    this.#openUntil = this.#clock.now() + OPEN_MS
    if (this.#isLost) return
    this.#isLost = true
    this.#onChange({ state: 'lost', problem })
  }
}

class TooLate extends Error {
  readonly code = 'timeout'
}
