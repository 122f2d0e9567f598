import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'

/** What pushed back, and for whom. */
export interface PushbackScope {
  readonly at: string
  readonly account: string
  readonly model: string
}

const MAX_KEYS = 512

/** Longer ones are not obeyed by calls that were not told themselves. */
export const LONGEST_PUSHBACK_MS = 60_000

/** Until when calls wait, because an endpoint asked some process to wait. */
export class HeldPushbacks {
  readonly #clock: Clock
  readonly #until = new RecentMap<string, number>(MAX_KEYS)
  /** When the last of them is over. */
  #latest = -Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether there is any. */
  get any(): boolean {
    return this.#latest > this.#clock.now()
  }

  /** An earlier end than the known one changes nothing. */
  hold(scope: PushbackScope, forMs: number): void {
    const until = this.#clock.now() + Math.min(forMs, LONGEST_PUSHBACK_MS)
    const key = keyOf(scope)
    if (until <= (this.#until.peek(key) ?? -Infinity)) return
    this.#until.set(key, until)
    this.#latest = Math.max(this.#latest, until)
  }

  /** How long calls wait. 0: not at all. Milliseconds. */
  heldMs(scope: PushbackScope): number {
    return Math.max(0, (this.#until.peek(keyOf(scope)) ?? -Infinity) - this.#clock.now())
  }
}

function keyOf({ at, account, model }: PushbackScope): string {
  return `${at}\n${account}\n${model}`
}
