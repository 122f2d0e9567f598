import type { CallHistory } from './explain.ts'

/**
 * The call histories of objects that callers get: answers, results, and reasons of aborts. `undefined`: several calls, so it
 * tells of none of them. Holds only records.
 */
export const HISTORIES = new WeakMap<object, CallHistory | undefined>()

/** Stores the history for `explain(subject)`, invisible on the subject. */
export function rememberHistory<T extends object>(subject: T, history: CallHistory): T {
  HISTORIES.set(subject, history)
  return subject
}
