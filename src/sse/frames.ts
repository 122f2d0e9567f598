/** Finds where frames begin and end in the text of an event stream. */

const BLANK_LINE = /(?:\r\n|\r(?!\n)|\n){2}/g

const EVENT_FIELD = 'event: '
const DATA_FIELD = 'data: '

/** A frame of the plain shape, found without a parser. */
export interface PlainFrame {
  readonly event: string | undefined
  readonly data: string
  /** Where the next frame begins. */
  readonly end: number
}

/**
 * The frame at `from`, if it has the shape of nearly all frames: complete, with at most one `event:` line, one `data:`
 * line, and LF line ends. All other frames need the parser. `from` must be the start of a frame, and `text` free of
 * CRs.
 */
export function plainFrame(text: string, from: number): PlainFrame | undefined {
  let at = from
  let event: string | undefined
  if (text.startsWith(EVENT_FIELD, at)) {
    const lineEnd = text.indexOf('\n', at)
    if (lineEnd <= at + EVENT_FIELD.length) return undefined
    event = text.slice(at + EVENT_FIELD.length, lineEnd)
    at = lineEnd + 1
  }
  if (!text.startsWith(DATA_FIELD, at)) return undefined
  const dataAt = at + DATA_FIELD.length
  const lineEnd = text.indexOf('\n', dataAt)
  if (lineEnd <= dataAt || text.charCodeAt(lineEnd + 1) !== 10) return undefined
  return { event, data: text.slice(dataAt, lineEnd), end: lineEnd + 2 }
}

/** Returns a function that finds the end of the frame at `from`: after the next blank line, with any line ends. */
export function frameEnds(text: string): (from: number) => number {
  if (!text.includes('\r')) return (from) => frameEnd(text, from)
  const blankLine = new RegExp(BLANK_LINE)
  return (from) => frameEndWithCr(text, from, blankLine)
}

/** A line end at `from` completes a blank line that the previous piece began. */
function frameEnd(text: string, from: number): number {
  if (text.charCodeAt(from) === 10) return from + 1
  const blank = text.indexOf('\n\n', from)
  return blank === -1 ? text.length : blank + 2
}

/** Like `frameEnd`, for text with any mix of CR, LF and CRLF. */
function frameEndWithCr(text: string, from: number, blankLine: RegExp): number {
  if (isLineEnd(text.charCodeAt(from))) return text.startsWith('\r\n', from) ? from + 2 : from + 1
  blankLine.lastIndex = from
  return blankLine.test(text) ? blankLine.lastIndex : text.length
}

/**
 * The number of bytes of `chunk` that hold the first `used` characters of its text. These end with a line end. Invalid
 * UTF-8 changes the number of characters, but not of line ends, so the line ends after them are counted from the back.
 *
 * @param heldBack line ends at the end of the chunk that are not in the text yet.
 */
export function bytesUpTo(chunk: Uint8Array, text: string, used: number, heldBack: number): number {
  if (used === 0) return 0
  let following = heldBack
  for (let i = used; i < text.length; i++) if (isLineEnd(text.charCodeAt(i))) following++
  let at = chunk.length
  for (; at > 0; at--) if (isLineEnd(chunk[at - 1] as number) && following-- === 0) break
  return at
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13
}
