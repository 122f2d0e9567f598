/**
 * A text prepared for comparison: lower case, with spaces for white space and `+`. `at` maps each character to its
 * position in the source, plus one entry for the end. Absent when the positions are equal.
 */
export interface Comparable {
  readonly text: string
  readonly at: Uint32Array | undefined
}

export function comparable(source: string): Comparable {
  return { text: folded(source), at: undefined }
}

/** Replaces single characters, so that positions stay. An echoed query has `+`, `%20` or spaces for its spaces. */
function folded(text: string): string {
  return text.replace(/[A-Z\u00c0-\u00d6\u00d8-\u00de]+/g, (run) => run.toLowerCase()).replace(/[^\S ]|\+/g, ' ')
}

/** One or more characters, and their offset from the beginning of the escape. */
type Piece = readonly [text: string, offset: number]

/** One way of escaping. Operates on lower-case text. */
interface Escaping {
  /** A text without this character has no such escapes. */
  readonly mark: string
  readonly pattern: RegExp
  /** Returns nothing for text that only looks like an escape. */
  decode(found: string): readonly Piece[]
}

/** URL escapes: bytes of UTF-8. Invalid bytes become U+FFFD one by one, as in every decoder. */
export const URL_ESCAPES: Escaping = {
  mark: '%',
  pattern: /(?:%[\da-f]{2})+/g,
  decode(found) {
    const bytes = Buffer.from(found.replaceAll('%', ''), 'hex')
    const pieces: Piece[] = []
    for (let index = 0; index < bytes.length; ) {
      const length = sequenceLength(bytes, index)
      pieces.push([length === 0 ? '\ufffd' : bytes.toString('utf8', index, index + length), index * 3])
      index += Math.max(length, 1)
    }
    return pieces
  },
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  colon: ':',
  equals: '=',
  gt: '>',
  lt: '<',
  nbsp: ' ',
  plus: ' ',
  quot: '"',
  sol: '/',
}

const HTML_ESCAPES: Escaping = {
  mark: '&',
  pattern: /&(?:#\d{1,7}|#x[\da-f]{1,6}|amp|apos|colon|equals|gt|lt|nbsp|plus|quot|sol);/g,
  decode(found) {
    const name = found.slice(1, -1)
    if (!name.startsWith('#')) return [[ENTITIES[name] ?? '', 0]]
    return [[ofCodePoint(name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))), 0]]
  },
}

/** Escapes of JSON, and the additional ones of JavaScript and Python. */
const STRING_ESCAPES: Escaping = {
  mark: '\\',
  pattern: /\\(?:u[\da-f]{4}|u\{[\da-f]{1,6}\}|x[\da-f]{2}|[bfnrtv]|[^\da-z])/g,
  decode(found) {
    if (found.length > 2) return [[ofCodePoint(Number.parseInt(found.replace(/[\\ux{}]/g, ''), 16)), 0]]
    const char = found[1] as string
    return [[char === 'b' ? '\b' : 'fnrtv'.includes(char) ? ' ' : char, 0]]
  },
}

const ESCAPINGS: readonly Escaping[] = [URL_ESCAPES, HTML_ESCAPES, STRING_ESCAPES]

/** Removes the escapes of one kind. `undefined` if there are none. Linear in the text. */
export function unescaped({ text, at }: Comparable, { mark, pattern, decode }: Escaping): Comparable | undefined {
  if (!text.includes(mark)) return undefined
  let decoded = ''
  const places: number[] = []
  const placeOf = (index: number): number => (at === undefined ? index : (at[index] as number))
  let from = 0
  const keep = (to: number): void => {
    decoded += text.slice(from, to)
    for (let index = from; index < to; index++) places.push(placeOf(index))
  }
  for (const { 0: found, index } of text.matchAll(pattern)) {
    keep(index)
    for (const [piece, offset] of decode(found)) {
      decoded += piece
      for (let unit = 0; unit < piece.length; unit++) places.push(placeOf(index + offset))
    }
    from = index + found.length
  }
  if (from === 0) return undefined
  keep(text.length)
  places.push(placeOf(text.length))
  return { text: folded(decoded), at: Uint32Array.from(places) }
}

function ofCodePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
}

/** The number of bytes of the character that begins here. 0 if the bytes are invalid. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const first = bytes[index] as number
  if (first < 0x80) return 1
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  for (let next = 1; next < length; next++) if (((bytes[index + next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

/**
 * The text itself, the text without each kind of escapes, and each of those without each kind again: JSON in JSON, a
 * URL in HTML.
 */
export function layersOf(text: string): Comparable[] {
  const plain = comparable(text)
  const once = withoutEscapes(plain)
  return [plain, ...once, ...once.flatMap(withoutEscapes)]
}

function withoutEscapes(layer: Comparable): Comparable[] {
  return ESCAPINGS.map((kind) => unescaped(layer, kind)).filter((other) => other !== undefined)
}
