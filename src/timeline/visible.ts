/** Controls, marks of direction, separators of lines, halves of characters, and private ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

/** A text of the caller or the endpoint, for one line of a terminal or a page: what cannot be seen, or is obeyed, becomes `�`. */
export function visible(text: string): string {
  return text.replace(UNSEEN, '\ufffd')
}

/** An object with all its texts made visible, to any depth. */
export function allVisible<T>(value: T): T {
  if (typeof value === 'string') return visible(value) as T
  if (Array.isArray(value)) return value.map(allVisible) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, allVisible(each)])) as T
}
