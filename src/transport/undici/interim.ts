/** `HTTP/1.1 1xx`; 101 is no interim answer but the end of HTTP on this connection. */
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r\n]/
const STATUS_LINE_BYTES = 13
const BLANK_LINE = '\r\n\r\n'

/**
 * Takes interim answers (1xx) out of what is read from a socket, before the final one: undici takes a
 * `100 Continue` that it did not ask for as the death of the connection, though a client must be able to ignore it
 * (RFC 9110 15.2). However many come, no more than one is held.
 */
export class InterimFilter {
  readonly #maxBytes: number
  #held: Buffer | undefined

  /** @param maxBytes an interim answer larger than this is left to undici, and fails there as every too large head does. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What is left of a read: the beginning of the final answer. `undefined` while there is none. */
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
