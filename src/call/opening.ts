/** What the first bytes of an answer look like. */
export type Opening = 'stream' | 'json' | 'page' | 'text'

const BOM = [0xef, 0xbb, 0xbf] as const
const [TAB, LF, CR, SPACE] = [9, 10, 13, 32]

/** The fields of an event stream, of which one begins every line that is no comment. */
const FIELDS = ['data', 'event', 'id', 'retry'] as const
const LONGEST_FIELD = 5

/**
 * What an answer is, by its first bytes: labels are wrong too often. `undefined`: these bytes do not say enough yet. Pure.
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
  if (FIELDS.some((field) => /^[:\r\n]/.test(word.slice(field.length)) && word.startsWith(field))) return 'stream'
  return FIELDS.some((field) => field.startsWith(word)) ? undefined : 'text'
}

/** Where the first character is that is no white space; `undefined` while there is none. */
function firstSignificant(bytes: Uint8Array): number | undefined {
  let at = 0
  while (at < BOM.length && bytes[at] === BOM[at]) at++
  if (at === bytes.length) return undefined
  // Half a byte order mark is a character like any other.
  if (at < BOM.length) at = 0
  while (at < bytes.length && isWhite(bytes[at] as number)) at++
  return at === bytes.length ? undefined : at
}

function isWhite(byte: number): boolean {
  return byte === LF || byte === CR || byte === SPACE || byte === TAB
}

/** A field with a space before it is none. */
function beginsLine(bytes: Uint8Array, at: number): boolean {
  return at === 0 || (bytes[at - 1] !== SPACE && bytes[at - 1] !== TAB)
}
