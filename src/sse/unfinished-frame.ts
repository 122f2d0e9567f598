import { createParser } from 'eventsource-parser'
import { parsedFrame } from './frame-event.ts'

/**
 * How far into a frame the type of its event is searched, in the name of the frame or the first field of its data.
 * Characters.
 */
const OPENING = 200

/** Types that may end a response. May match too much: the whole frame is parsed before a decision. */
const MAY_END = /response\.(?:completed|failed|incomplete|cancelled|done|error)|["\s:]error/

const BLANK_LINE_END = /(?:\r\n|\r|\n){2}$/
const LINE_END = /[\r\n]$/
const CLOSES_JSON = /\}(?:\r\n|\r|\n)?$/

/**
 * The frame whose blank line has not come, kept only while it may be the last of the stream. Some endpoints never send
 * the blank line after `response.completed`, and keep the connection open. The parser holds the same pieces.
 */
export class UnfinishedFrame {
  #pieces: string[] = []
  #opening = ''
  #endedLine = false
  #closesJson = false
  /** The frame cannot be the last, and is not kept. */
  #skips = false

  /** Adds a piece of text that ends with the frame, or with what has arrived of it. `false`: the frame has ended. */
  add(piece: string): boolean {
    const tail = piece.slice(-4)
    const isBlank = piece === '\n' || piece === '\r' || piece === '\r\n'
    if (BLANK_LINE_END.test(tail) || (isBlank && this.#endedLine)) return false
    this.#closesJson = CLOSES_JSON.test(tail) || (isBlank && this.#closesJson)
    this.#endedLine = LINE_END.test(tail)
    if (!this.#skips) this.#keep(piece)
    return true
  }

  #keep(piece: string): void {
    this.#pieces.push(piece)
    if (this.#opening.length >= OPENING) return
    this.#opening += piece.slice(0, OPENING - this.#opening.length)
    if (this.#opening.length < OPENING || MAY_END.test(this.#opening)) return
    this.#skips = true
    this.#pieces = []
  }

  /** Cheap check with rare false positives, which `isTerminal` finds. */
  get mayBeLast(): boolean {
    return this.#closesJson && !this.#skips && this.#pieces.length > 0 && MAY_END.test(this.#opening)
  }

  /** Whether it holds a complete terminal event. */
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
