const LF = 10
const CR = 13

/**
 * Follows an event stream. Knows whether the bytes so far end between two frames, where the sidecar can insert an event. A frame
 * ends with a blank line; lines end with LF, CR or CRLF.
 */
export class FrameBoundary {
  /** Number of line ends at the end of the bytes so far, at most 2. Starts with 2: the start of a stream is a boundary. */
  #lineEnds = 2
  #endsWithCr = false

  get isBetweenFrames(): boolean {
    return this.#lineEnds >= 2
  }

  push(bytes: Uint8Array): void {
    // The last four bytes decide: CR LF CR LF is the longest blank line.
    const from = Math.max(0, bytes.length - 4)
    if (from > 0) {
      this.#lineEnds = 0
      this.#endsWithCr = false
    }
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]
      if (byte === LF && this.#endsWithCr) this.#endsWithCr = false
      else if (byte === LF || byte === CR) {
        this.#lineEnds = Math.min(2, this.#lineEnds + 1)
        this.#endsWithCr = byte === CR
      } else {
        this.#lineEnds = 0
        this.#endsWithCr = false
      }
    }
  }
}
