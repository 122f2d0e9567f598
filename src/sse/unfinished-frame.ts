import { createParser } from 'eventsource-parser'
import { parsedFrame } from './frame-event.ts'

/** Where the type of an event stands, by the name of its frame or as the first field of its data. Characters. */
const OPENING = 200

/** Types that end a response. More is looked at than is terminal, because the whole frame is parsed before anything is decided. */
const MAY_END = /response\.(?:completed|failed|incomplete|cancelled|done|error)|["\s:]error/

const BLANK_LINE_END = /(?:\r\n|\r|\n){2}$/
const LINE_END = /[\r\n]$/
const CLOSES_JSON = /\}(?:\r\n|\r|\n)?$/

/**
 * The frame that has begun and whose blank line has not come, kept only while it may be the last of the stream: some endpoints
 * never send the blank line behind `response.completed`, and keep the connection open. Its pieces are those that the parser
 * holds, too.
 */
export class UnfinishedFrame {
  #pieces: string[] = []
  #opening = ''
  #endedLine = false
  #closesJson = false
  /** It is none of interest, and is not kept. */
  #skips = false

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces = []
    this.#opening = ''
    this.#endedLine = false
    this.#closesJson = false
    this.#skips = false
  }

  /** A piece of text that ends with the frame, or with what has come of it. */
  add(piece: string): void {
    const tail = piece.slice(-4)
    const isBlank = piece === '\n' || piece === '\r' || piece === '\r\n'
    if (BLANK_LINE_END.test(tail) || (isBlank && this.#endedLine)) {
      this.clear()
      return
    }
    this.#closesJson = CLOSES_JSON.test(tail) || (isBlank && this.#closesJson)
    this.#endedLine = LINE_END.test(tail)
    if (this.#skips) return
    this.#pieces.push(piece)
    if (this.#opening.length >= OPENING) return
    this.#opening += piece.slice(0, OPENING - this.#opening.length)
    if (this.#opening.length < OPENING || MAY_END.test(this.#opening)) return
    this.#skips = true
    this.#pieces = []
  }

  /** Cheap, and right but for rare cases that `isTerminal` tells apart. */
  get mayBeLast(): boolean {
    return this.#closesJson && !this.#skips && this.#pieces.length > 0 && MAY_END.test(this.#opening)
  }

  /** It holds a whole terminal event. */
  get isTerminal(): boolean {
    if (!this.mayBeLast) return false
    let isTerminal = false
    const parser = createParser({
      onEvent: (frame) => {
        const event = parsedFrame(frame, true)
        isTerminal = event !== undefined && !('kind' in event) && event.class === 'terminal'
      },
    })
    parser.feed(`${this.#pieces.join('')}\n\n`)
    return isTerminal
  }
}
