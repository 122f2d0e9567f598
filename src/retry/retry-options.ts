import { ms, sectionOr } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { budgetRules, type RetryBudgetOptions } from './budget.ts'

/** The option `retry` of a client: pauses before retries, and the budget. */
export interface RetryOptions {
  /**
   * The longest first wait after an overload (429, 503 and the like). Each further wait may be twice as long. The wait is a random
   * part of that. Milliseconds, default 500.
   */
  readonly baseDelayMs?: number | undefined
  /** The longest wait after an overload without a hint. Milliseconds, default 20 000. */
  readonly maxDelayMs?: number | undefined
  /**
   * Milliseconds, default 60 000. A hint is the time that the endpoint asks to wait. A longer one than this ends the call at once,
   * with `retryAfterMs` on the error. A shorter one is waited for, plus a random time up to a tenth of it (250 ms to 5 s).
   */
  readonly maxHintMs?: number | undefined
  /** Limits the retries of all calls to an origin together. `false`: no limit. A view cannot change it. */
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
