import type { Clock } from '../core/clock.ts'
import { RecentMap } from '../core/recent-map.ts'
import { notNegative, whole } from '../core/rule-kinds.ts'
import { defaultsOf, type Rules } from '../core/rules.ts'

/**
 * Limits how much retries amplify an outage: the retries of all calls to one origin draw on one budget, which successes
 * refill. Free of charge are the first reconnect of a call after a lost connection, every reconnect where no connection
 * was made, and the first two retries of a call after a gateway's 502 or 504 without a hint.
 */
export interface RetryBudgetOptions {
  /** How many retries an origin has at first, and at most. 1 to 1 000 000, default 20. */
  readonly capacity: number
  /** How many retries a successful call adds. Default 0.5: in the long run one retry for two successes. */
  readonly depositPerSuccess: number
  /** How many retries each minute adds, so that a client with few calls recovers from an outage. Default 2. */
  readonly refillPerMinute: number
}

export const budgetRules = {
  capacity: { ...whole(1), default: 20 },
  depositPerSuccess: { ...notNegative, default: 0.5 },
  refillPerMinute: { ...notNegative, default: 2 },
} as const satisfies Rules<RetryBudgetOptions>

export const DEFAULT_BUDGET: RetryBudgetOptions = defaultsOf(budgetRules)

export class RetryBudget {
  readonly #options: RetryBudgetOptions
  readonly #clock: Clock
  #balance: number
  #updatedAt: number

  constructor(options: RetryBudgetOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#balance = options.capacity
    this.#updatedAt = clock.now()
  }

  get balance(): number {
    this.#refill()
    return this.#balance
  }

  deposit(): void {
    this.#refill()
    this.#balance = Math.min(this.#options.capacity, this.#balance + this.#options.depositPerSuccess)
  }

  /** Takes 1. Returns `false` and takes nothing when there is less than 1. */
  withdraw(): boolean {
    this.#refill()
    if (this.#balance < 1) return false
    this.#balance -= 1
    return true
  }

  #refill(): void {
    const now = this.#clock.now()
    const gained = ((now - this.#updatedAt) / 60_000) * this.#options.refillPerMinute
    this.#updatedAt = now
    this.#balance = Math.min(this.#options.capacity, this.#balance + gained)
  }
}

const MAX_ORIGINS = 256

/**
 * The budgets of one client, one per origin. Bounded: the least recently used one is dropped, and starts full again.
 */
export class RetryBudgets {
  readonly #options: RetryBudgetOptions | false
  readonly #clock: Clock
  readonly #byOrigin = new RecentMap<string, RetryBudget>(MAX_ORIGINS)

  constructor(options: RetryBudgetOptions | false, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** `undefined` when the option is `false`. */
  of(origin: string): RetryBudget | undefined {
    const options = this.#options
    return options === false ? undefined : this.#byOrigin.obtain(origin, () => new RetryBudget(options, this.#clock))
  }

  /** The balance of each origin. */
  balances(): Record<string, number> {
    return Object.fromEntries([...this.#byOrigin.entries()].map(([origin, budget]) => [origin, budget.balance]))
  }
}
