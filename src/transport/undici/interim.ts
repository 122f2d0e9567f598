/** `HTTP/1.1 1xx`. 101 is not an interim answer: it ends HTTP on this connection. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r\n]/
const STATUS_LINE_BYTES = 13
const BLANK_LINE = '\r\n\r\n'

/**
 * Removes interim answers (1xx) before the final one from what a socket has read. undici treats an unexpected `100
 * Continue` as a connection error, though a client must be able to ignore it (RFC 9110 15.2). Holds at most one interim
 * answer, however many come.
 */
export class InterimFilter {
  readonly #maxBytes: number
  #held: Buffer | undefined

  /** @param maxBytes a larger interim answer is passed to undici, and fails there like every head that is too large. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The rest of a read: the beginning of the final answer. `undefined` while there is none. */
  pass(chunk: Buffer): Buffer | undefined {
    let bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = undefined
    for (;;) {
      const start = bytes.toString('latin1', 0, STATUS_LINE_BYTES)
      const mayBecome = bytes.length < STATUS_LINE_BYTES && 'HTTP/1.'.startsWith(start.slice(0, 7))
      if (!mayBecome && !INTERIM.test(start)) break
      const end = bytes.indexOf(BLANK_LINE)
      if (end < 0 && bytes.length > this.#maxBytes) break
      if (end < 0) {
        this.#held = bytes
        return undefined
      }
      bytes = bytes.subarray(end + BLANK_LINE.length)
      if (bytes.length === 0) return undefined
    }
    return bytes
  }
}
