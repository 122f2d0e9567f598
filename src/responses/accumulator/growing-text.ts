import type { Loose } from './json.ts'

/** Appends a delta to the text under a key. Anything but a string is no delta. */
export function append(owner: Loose, key: string, delta: unknown): void {
  if (typeof delta === 'string') owner[key] = appended(owner[key], delta)
}

/** A text and the delta that follows it. */
export function appended(known: unknown, delta: string): string {
  if (typeof known !== 'string' || known === '') return delta
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
