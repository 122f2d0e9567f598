import { ms, sectionOr } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { budgetRules, type RetryBudgetOptions } from './budget.ts'

export interface RetryOptions {
  /** First step of the back-off after a pushback; doubles, with full jitter. Milliseconds, default 500. */
  readonly baseDelayMs?: number | undefined
  /** Its cap. Milliseconds, default 20 000. */
  readonly maxDelayMs?: number | undefined
  /**
   * A longer delay asked for by the endpoint ends the call at once, with `retryAfterMs` on the error. A shorter one is
   * waited for, and up to a tenth of it (250 ms to 5 s) as jitter. Milliseconds, default 60 000.
   */
  readonly maxHintMs?: number | undefined
  /** Bounds the retries of all calls to one origin together; `false` switches it off. See `RetryBudgetOptions`. */
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
