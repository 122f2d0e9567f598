import type { AttemptRecord } from '../errors/attempt-record.ts'

/** The attempts of each response that was returned, for `explain(response)`. Holds only records. */
const ATTEMPTS = new WeakMap<object, readonly AttemptRecord[]>()

export function rememberAttempts<T extends object>(result: T, attempts: readonly AttemptRecord[]): T {
  ATTEMPTS.set(result, attempts)
  return result
}

export function attemptsOf(result: unknown): readonly AttemptRecord[] | undefined {
  return typeof result === 'object' && result !== null ? ATTEMPTS.get(result) : undefined
}
