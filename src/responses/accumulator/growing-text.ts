import type { Loose } from './json.ts'

/** More characters than any text of a response has, and half of the longest string of V8. */
export const MAX_TEXT = 2 ** 28

/**
 * Appends a delta to the text under a key. Ignores a delta that is not a string.
 *
 * @returns by how many characters the text would grow. Above `MAX_TEXT` it does not grow.
 */
export function append(owner: Loose, key: string, delta: unknown): number {
  if (typeof delta !== 'string') return 0
  owner[key] = appended(owner[key], delta)
  return delta.length
}

/** Replaces the text under a key. Ignores a value that is not a string. Returns by how many characters it grew. */
export function replace(owner: Loose, key: string, text: unknown): number {
  if (typeof text !== 'string') return 0
  const grown = text.length - lengthOf(owner[key])
  owner[key] = text
  return grown
}

export function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0
}

/** A text with the next delta. */
export function appended(known: unknown, delta: string): string {
  if (typeof known !== 'string' || known === '') return delta
  if (known.length + delta.length > MAX_TEXT) return known
  const text = known + delta
  const step = flatteningStep(text.length)
  if (Math.floor(known.length / step) !== Math.floor(text.length / step)) flatten(text)
  return text
}

/**
 * After how many characters a growing text is flattened. V8 keeps appended text as a tree of its pieces, about 50 bytes
 * for each delta. 4096, and for long texts a share of their length, so that copying stays linear.
 */
function flatteningStep(length: number): number {
  return Math.max(4096, 1 << (29 - Math.clz32(length)))
}

/** Reading one character makes V8 flatten the tree in place. */
function flatten(text: string): number {
  return text.charCodeAt(text.length - 1)
}
