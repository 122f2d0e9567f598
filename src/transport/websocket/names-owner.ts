/** In a JSON string each quote has a backslash before it, so these bytes are a key or a whole string. */
const NAMES_OF_OWNERS = [Buffer.from('"response_id"'), Buffer.from('"stream_id"')]

/** How both names end, and what they have before that. */
const UNDERSCORE = 95
const I = 105
const D = 100
const QUOTE = 34
const END_LENGTH = '_id"'.length
const BEGINNINGS = [Buffer.from('"response'), Buffer.from('"stream')]

/**
 * Messages up to this length are searched in JavaScript. A search by `Buffer.includes` takes as long for 20 bytes as for 2000, and is
 * called for each message: it was a seventh of the CPU of a stream of deltas.
 */
const LONGEST_SCANNED = 500

/** Whether a message names the response or the stream that it belongs to. */
export function namesOwner(bytes: Buffer): boolean {
  if (bytes.length > LONGEST_SCANNED) return NAMES_OF_OWNERS.some((name) => bytes.includes(name))
  let at = END_LENGTH - 1
  // From one possible last byte of `_id"` to the next. The byte at `at` tells how far that is at least.
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      if (isEnd(bytes, at) && BEGINNINGS.some((name) => endsWith(bytes, at + 1 - END_LENGTH, name))) return true
      at += END_LENGTH
    } else at += byte === D ? 1 : byte === I ? 2 : byte === UNDERSCORE ? 3 : END_LENGTH
  }
  return false
}

function isEnd(bytes: Buffer, at: number): boolean {
  return bytes[at - 1] === D && bytes[at - 2] === I && bytes[at - 3] === UNDERSCORE
}

/** Whether the bytes before `end` end with `name`. */
function endsWith(bytes: Buffer, end: number, name: Buffer): boolean {
  const from = end - name.length
  if (from < 0) return false
  for (let i = name.length - 1; i >= 0; i--) if (bytes[from + i] !== name[i]) return false
  return true
}
