/** Several of something of which there is mostly one: that one is no list then, which a stream would hold to its end. */
export type Few<T extends object> = T | readonly T[] | undefined

export function listOf<T extends object>(few: Few<T>): readonly T[] {
  if (few === undefined) return []
  return Array.isArray(few) ? (few as readonly T[]) : [few as T]
}

export function including<T extends object>(few: Few<T>, one: T): Few<T> {
  return few === undefined ? one : [...listOf(few), one]
}

export function without<T extends object>(few: Few<T>, one: T): Few<T> {
  const left = listOf(few).filter((other) => other !== one)
  return left.length > 1 ? left : left[0]
}
