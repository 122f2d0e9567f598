/** The empty list, one for all: many wait at the same time with nothing in theirs. */
export const NONE: readonly never[] = []

/** The list with one more. Mostly that is its first, and a list that was made by `push` has room for seventeen. */
export function appended<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one]
  ;(list as T[]).push(one)
  return list
}
