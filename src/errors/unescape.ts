/**
 * A text as it can be compared: letters in lower case, white space and `+` as spaces. `at` says where each character
 * begins in the source, with one more entry for the end of the text; absent where each stands where it stood.
 */
export interface Comparable {
  readonly text: string
  readonly at: Uint32Array | undefined
}

export function comparable(source: string): Comparable {
  return { text: folded(source), at: undefined }
}

/** One character for one, so that places stay. A query is echoed with `+`, `%20` or spaces for its spaces. */
function folded(text: string): string {
  return text.replace(/[A-Z\u00c0-\u00d6\u00d8-\u00de]+/g, (run) => run.toLowerCase()).replace(/[^\S ]|\+/g, ' ')
}

/** A character, or several, and how far behind the beginning of the escape its own part begins. */
type Piece = readonly [text: string, offset: number]

/** One way of writing characters with others. All of a text in lower case. */
interface Escaping {
  /** Without this character there is nothing to take off. */
  readonly mark: string
  readonly pattern: RegExp
  /** Nothing for what only looks like an escape. */
  decode(found: string): readonly Piece[]
}

/** Of a URL: bytes of UTF-8. What is none becomes U+FFFD, byte by byte, as in every decoder. */
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

/** Of JSON, and of JavaScript and Python, which write the same and more. */
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

/** The same text with the escapes of one kind taken off, or `undefined` where there is none. Linear in the text. */
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

/** How many bytes make the character that begins here; 0 if none does. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const first = bytes[index] as number
  if (first < 0x80) return 1
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  for (let next = 1; next < length; next++) if (((bytes[index + next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

/** As it is, and with each kind of escapes taken off, and with each taken off of that: JSON in JSON, a URL in HTML. */
export function layersOf(text: string): Comparable[] {
  const plain = comparable(text)
  const once = withoutEscapes(plain)
  return [plain, ...once, ...once.flatMap(withoutEscapes)]
}

function withoutEscapes(layer: Comparable): Comparable[] {
  return ESCAPINGS.map((kind) => unescaped(layer, kind)).filter((other) => other !== undefined)
}
