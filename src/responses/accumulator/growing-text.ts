import type { Loose } from './json.ts'

/** More characters than any text of a response has, and half of what V8 can hold in one string. */
export const MAX_TEXT = 2 ** 28

/**
 * Appends a delta to the text under a key. Anything but a string is no delta.
 *
 * @returns by how many characters the text would grow; beyond `MAX_TEXT` it does not.
 */
export function append(owner: Loose, key: string, delta: unknown): number {
  if (typeof delta !== 'string') return 0
  owner[key] = appended(owner[key], delta)
  return delta.length
}

/** Replaces the text under a key. Anything but a string replaces nothing. Returns by how many characters it grew. */
export function replace(owner: Loose, key: string, text: unknown): number {
  if (typeof text !== 'string') return 0
  const grown = text.length - lengthOf(owner[key])
  owner[key] = text
  return grown
}

export function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0
}

/** A text and the delta that follows it. */
export function appended(known: unknown, delta: string): string {
  if (typeof known !== 'string' || known === '') return delta
  if (known.length + delta.length > MAX_TEXT) return known
  const text = known + delta
  const step = flatteningStep(text.length)
  if (Math.floor(known.length / step) !== Math.floor(text.length / step)) flatten(text)
  return text
}

/**
 * After how many characters a growing text is flattened. V8 keeps a text that was appended to as a tree of its pieces,
 * some 50 bytes for each delta. 4096, and for long texts a share of their length, so that the copying stays linear.
 */
function flatteningStep(length: number): number {
  return Math.max(4096, 1 << (29 - Math.clz32(length)))
}

/** To read one character, V8 makes one string of the tree, and keeps it in its place. */
function flatten(text: string): number {
  return text.charCodeAt(text.length - 1)
}
