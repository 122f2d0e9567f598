import { ms, sectionOr } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { budgetRules, type RetryBudgetOptions } from './budget.ts'

/** The option `retry` of a client: pauses before retries, and the budget. */
export interface RetryOptions {
  /** First back-off after a pushback. Doubles each time, with full jitter. Milliseconds, default 500. */
  readonly baseDelayMs?: number | undefined
  /** Longest back-off after a pushback. Milliseconds, default 20 000. */
  readonly maxDelayMs?: number | undefined
  /**
   * A longer hint ends the call at once, with `retryAfterMs` on the error. A shorter hint is waited for, plus up to a
   * tenth of it (250 ms to 5 s) as jitter. Milliseconds, default 60 000.
   */
  readonly maxHintMs?: number | undefined
  /** Limits the retries of all calls to one origin together. `false` turns it off. See `RetryBudgetOptions`. */
  readonly budget?: Partial<RetryBudgetOptions> | false | undefined
}

export const retryRules = {
  baseDelayMs: { ...ms, default: 500 },
  maxDelayMs: { ...ms, default: 20_000 },
  maxHintMs: { ...ms, default: 60_000 },
  budget: sectionOr(
    [false],
    'false, or an object with capacity (from 1), depositPerSuccess (from 0) and refillPerMinute (from 0)',
    budgetRules,
  ),
} as const satisfies Rules<RetryOptions>
