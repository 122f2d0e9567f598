/** What the first bytes of an answer look like. */
export type Opening = 'stream' | 'json' | 'page' | 'text'

const BOM = [0xef, 0xbb, 0xbf] as const
const [TAB, LF, CR, SPACE] = [9, 10, 13, 32]

/** The fields of an event stream. Every line except comments begins with one. */
const FIELDS = ['data', 'event', 'id', 'retry'] as const
const LONGEST_FIELD = 5

/**
 * What an answer is, by its first bytes, because the `content-type` is often wrong. `undefined`: not enough bytes yet.
 * Pure.
 *
 * - `stream`: a comment, or a field of an event stream at the beginning of a line;
 * - `json`: an object, a list or a string; `page`: markup; `text`: anything else.
 */
export function openingOf(bytes: Uint8Array): Opening | undefined {
  const at = firstSignificant(bytes)
  if (at === undefined) return undefined
  switch (String.fromCharCode(bytes[at] as number)) {
    case '{':
    case '[':
    case '"':
      return 'json'
    case '<':
      return 'page'
    case ':':
      return beginsLine(bytes, at) ? 'stream' : 'text'
  }
  if (!beginsLine(bytes, at)) return 'text'
  const word = String.fromCharCode(...bytes.subarray(at, at + LONGEST_FIELD + 1))
  if (FIELDS.some((field) => word.startsWith(field) && /^[:\r\n]/.test(word.slice(field.length)))) return 'stream'
  return FIELDS.some((field) => field.startsWith(word)) ? undefined : 'text'
}

/** Position of the first character that is not white space. `undefined` while only white space has come. */
function firstSignificant(bytes: Uint8Array): number | undefined {
  let at = 0
  while (at < BOM.length && bytes[at] === BOM[at]) at++
  if (at === bytes.length) return undefined
  // An incomplete byte order mark is treated like any other character.
  if (at < BOM.length) at = 0
  while (at < bytes.length && isWhite(bytes[at] as number)) at++
  return at === bytes.length ? undefined : at
}

function isWhite(byte: number): boolean {
  return byte === LF || byte === CR || byte === SPACE || byte === TAB
}

/** A field must not have a space before it. */
function beginsLine(bytes: Uint8Array, at: number): boolean {
  return at === 0 || (bytes[at - 1] !== SPACE && bytes[at - 1] !== TAB)
}
