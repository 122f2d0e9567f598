const LF = 10
const CR = 13

/**
 * Follows an event stream and knows whether what was sent so far ends between two frames, where an event of the sidecar can
 * be put in. A frame ends with a blank line; lines end with LF, CR or CRLF.
 */
export class FrameBoundary {
  /** How many line ends the stream ends with, 2 at most. Nothing sent yet counts as a boundary. */
  #lineEnds = 2
  #endsWithCr = false

  get isBetweenFrames(): boolean {
    return this.#lineEnds >= 2
  }

  push(bytes: Uint8Array): void {
    // Only the last bytes count: at most CR LF CR LF.
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
