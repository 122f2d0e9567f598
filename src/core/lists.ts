/** One shared empty list: many streams wait at the same time with an empty one. */
export const NONE: readonly never[] = []

/** The list with one more item. Mostly it is the first, and a list made by `push` reserves room for seventeen. */
export function appended<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one]
  ;(list as T[]).push(one)
  return list
}
