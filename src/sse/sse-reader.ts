import { createParser, type EventSourceParser } from 'eventsource-parser'
import { appended, NONE } from '../core/lists.ts'
import { type Decoder, decodeWhole, giveBackDecoder, takeDecoder } from './decoders.ts'
import { isBlank, isDoneMark, mayBeExplained, parsedDelta } from './event-data.ts'
import { type Frame, parsedFrame, type SseEvent, type SseProblem, sniffedFrame } from './frame-event.ts'
import { bytesUpTo, frameEnds, plainFrame } from './frames.ts'
import { deltaAt, type Run, runAfter } from './runs.ts'
import type { SseRead } from './sse-read.ts'
import { UnfinishedFrame } from './unfinished-frame.ts'

export type { SseEvent, SseProblem } from './frame-event.ts'
export type { SseRead } from './sse-read.ts'

/** The blank line that ends a frame. */
const REPAIR = '\n\n'

const FIELD_NAME_SLACK = 64

const LONE_CR = /\r(?!\n|$)/

/**
 * Reads bytes into events. One reader per stream. Accepts any cut of the bytes, every line ending, a BOM, and invalid
 * UTF-8 (U+FFFD). Stops at the first terminal event; after it, reads only the event that may follow an `error`, or a
 * failure without a reason.
 *
 * Frames without data, and frames named `keepalive` or `ping` whose data is not JSON, count as comments. The text of an
 * error (`data: error: …`) becomes an `error` event for a consumer of events. A consumer of bytes could not parse that
 * frame: for it the text is a problem, and the frame is not handed on.
 */
export class SseReader {
  /** Kept only while it holds part of a character or of a frame: most streams wait most of the time. */
  #decoder: Decoder | undefined
  #parser: EventSourceParser | undefined
  readonly #maxEventBytes: number
  #events: readonly SseEvent[] = NONE
  #problem: SseProblem | undefined
  #ended = false
  #lingering = false
  #done = false
  /** A CR at the end of a chunk, held back because its LF may still come. */
  #heldCr = ''
  /** The stream uses single CRs, so they are not held back. */
  #loneCrs = false
  /**
   * Whether the next frame can skip the parser, because the parser holds no part of a frame. `false` at the start,
   * where a BOM may come.
   */
  #betweenFrames = false
  #endedWithLf = false
  #begun = false
  #hasEvents = false
  /** The frame that was read last is an end mark before any event. */
  #isEarlyMark = false
  /** Where the text of the chunk continues after it. */
  #begin = 0
  /** Only while a frame has begun and not ended. */
  #unfinished: UnfinishedFrame | undefined
  /** How the deltas of the current run begin. */
  #run: Run | undefined

  /**
   * While `true`, every event is parsed. Afterwards only events whose class depends on their content are parsed, and a
   * run of deltas is reported as its last. That is enough to see liveness and the end of a stream whose bytes are
   * forwarded.
   */
  parseAll = true
  readonly #untilProgress: boolean

  /**
   * @param untilProgress for a consumer of bytes: `parseAll` ends with the first progress event, even inside a chunk.
   */
  constructor(maxEventBytes: number, untilProgress = false) {
    this.#maxEventBytes = maxEventBytes
    this.#untilProgress = untilProgress
  }

  /** The terminal event was seen, and no further event is expected. */
  get ended(): boolean {
    return this.#ended
  }

  /** An `error` event or a failure without a reason was seen. The next event may explain it. */
  get lingering(): boolean {
    return this.#lingering && !this.#ended
  }

  push(chunk: Uint8Array): SseRead {
    this.#events = NONE
    if (this.#isOver()) return this.#take(0)
    const endsLine = chunk.at(-1) === 10
    let text = this.#heldCr + this.#decoded(chunk, endsLine)
    this.#heldCr = ''
    if (!endsLine && text.endsWith('\r') && !this.#loneCrs) {
      this.#loneCrs = LONE_CR.test(text)
      if (!this.#loneCrs) {
        this.#heldCr = '\r'
        text = text.slice(0, -1)
      }
    }
    const used = this.#feed(text)
    // After a line end the decoder holds no part of a character.
    if ((this.#betweenFrames && endsLine) || this.#isOver()) this.#letGo()
    // After the end the chunk may hold bytes that are in no text: a CR, or half a character.
    const heldBack = this.#heldCr.length
    const bytes = this.#isOver() ? bytesUpTo(chunk, text, used, heldBack) : chunk.length
    return this.#take(bytes, this.#begin === 0 ? 0 : bytesUpTo(chunk, text, this.#begin, heldBack))
  }

  /** Whether a part of a frame has come. */
  get isInFrame(): boolean {
    return this.#unfinished !== undefined
  }

  /** Whether the incomplete frame may be a terminal event without its blank line. */
  get mayHoldLast(): boolean {
    return this.#unfinished?.mayBeLast === true
  }

  /** Whether the incomplete frame is one. Changes nothing: the frame may still continue. */
  holdsLast(): boolean {
    return !this.#isOver() && this.#unfinished?.isTerminal === true
  }

  /**
   * Called at the end of the bytes. Reads a last frame that holds a complete terminal event without its blank line.
   * `repair` is then what forwarded bytes need to complete the frame. Any other rest was cut off.
   */
  end(): SseRead & { readonly repair: string | undefined } {
    this.#events = NONE
    if (this.#isOver()) return { ...this.#take(0), repair: undefined }
    this.#feed(`${this.#heldCr}${this.#decoder?.decode() ?? ''}\n\n`)
    this.#letGo()
    if (this.#ended || this.#events.some((event) => event.class === 'terminal'))
      return { ...this.#take(REPAIR.length), repair: REPAIR }
    this.#events = NONE
    this.#problem = undefined
    return { ...this.#take(0), repair: undefined }
  }

  /** Nearly all chunks hold only whole characters. They need no decoder, which halves the cost. */
  #decoded(chunk: Uint8Array, endsLine: boolean): string {
    if (endsLine && this.#decoder === undefined) return decodeWhole(chunk)
    this.#decoder ??= takeDecoder()
    return this.#decoder.decode(chunk, { stream: true })
  }

  #add(event: SseEvent): void {
    this.#events = appended(this.#events, event)
  }

  #take(bytes: number, from = 0): SseRead {
    const events = this.#events
    // A waiting stream must not keep its delivered events alive.
    this.#events = NONE
    return { events, problem: this.#problem, bytes, from, done: this.#done }
  }

  /**
   * Feeds the parser frame by frame, so that the end of the terminal frame is known to the character.
   *
   * @returns how many characters belong to the stream.
   */
  #feed(text: string): number {
    const hasCr = text.includes('\r')
    let endOf: ((from: number) => number) | undefined
    let from = 0
    this.#begin = 0
    while (from < text.length && !this.#isOver()) {
      if (this.#betweenFrames && !hasCr) {
        from = this.#readRun(text, from)
        if (from === text.length) break
        const frame = plainFrame(text, from)
        if (frame !== undefined) {
          this.#onFrame(frame)
          if (this.#problem !== undefined) break
          from = frame.end
          if (this.#isEarlyMark) this.#beginAt(from)
          this.#unfinished = undefined
          continue
        }
      }
      endOf ??= frameEnds(text)
      const to = endOf(from)
      const piece = from === 0 && to === text.length ? text : text.slice(from, to)
      this.#parser ??= this.#createParser()
      this.#parser.feed(piece)
      this.#begun = true
      // An unreadable frame is not handed on. The frames before it are.
      if (this.#problem !== undefined) break
      this.#betweenFrames =
        !hasCr && (piece === '\n' ? this.#betweenFrames || this.#endedWithLf : piece.endsWith('\n\n'))
      this.#endedWithLf = piece.endsWith('\n')
      this.#unfinished ??= new UnfinishedFrame()
      if (!this.#unfinished.add(piece)) this.#unfinished = undefined
      from = to
      if (this.#isEarlyMark) this.#beginAt(from)
    }
    return from
  }

  #beginAt(at: number): void {
    this.#begin = at
    this.#isEarlyMark = false
  }

  /**
   * Reads deltas of one type, which make up nearly all of a stream. Where events are not parsed, the last one stands
   * for all.
   *
   * @returns the start of the first frame that needs a closer look.
   */
  #readRun(text: string, from: number): number {
    const run = this.#run
    if (run === undefined || this.#lingering) return from
    const { type } = run
    const longest = this.#maxEventBytes > 0 ? this.#maxEventBytes : Infinity
    let at = from
    let last: string | undefined
    while (at < text.length) {
      const data = deltaAt(run, text, at)
      if (data === undefined || data.length > longest) break
      if (this.parseAll) {
        const json = parsedDelta(data, type)
        if (json === undefined) break
        this.#add({ type, class: 'progress', data, json })
      } else {
        last = data
      }
      at += run.dataAt + data.length + 2
    }
    if (last !== undefined) this.#add({ type, class: 'progress', data: last, json: undefined })
    return at
  }

  #createParser(): EventSourceParser {
    const parser = createParser({
      onEvent: (message) => this.#onFrame(message),
      // The parser counts UTF-16 units, which are never more than the bytes of UTF-8. It also counts the field name,
      // but only where a chunk ends within the line. The slack leaves the decision to `#onFrame`, for any chunks.
      ...(this.#maxEventBytes > 0 ? { maxBufferSize: this.#maxEventBytes + FIELD_NAME_SLACK } : {}),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#problem ??= { kind: 'event_too_large' }
      },
    })
    // A byte order mark counts only at the very beginning, which is over for a parser that is made later.
    if (this.#begun) parser.feed(':\n')
    return parser
  }

  /** Releases parser and decoder, which hold nothing of the stream now. */
  #letGo(): void {
    this.#unfinished = undefined
    this.#parser = undefined
    if (this.#decoder !== undefined) giveBackDecoder(this.#decoder)
    this.#decoder = undefined
  }

  #isOver(): boolean {
    return this.#ended || this.#done || this.#problem !== undefined
  }

  #onFrame(message: Frame): void {
    if (this.#isOver()) return
    const { data } = message
    if (this.#maxEventBytes > 0 && data.length > this.#maxEventBytes) {
      this.#problem = { kind: 'event_too_large' }
      return
    }
    if (isBlank(data)) return
    if (isDoneMark(data)) {
      // A `[DONE]` before any event does not end the stream.
      if (!this.#hasEvents) {
        this.#isEarlyMark = true
        return
      }
      this.#done = true
      // Nothing more will follow the `error` either.
      this.#ended = this.#lingering
      return
    }
    const readsText = !this.#untilProgress
    const event = this.parseAll ? parsedFrame(message, readsText) : sniffedFrame(message, readsText)
    if (event === undefined) return
    if ('kind' in event) {
      this.#problem = event
      return
    }
    if (this.#lingering && event.class !== 'terminal') return
    this.#hasEvents = true
    this.#add(event)
    if (event.class === 'progress') {
      if (this.#untilProgress) this.parseAll = false
      if (event.type.endsWith('.delta')) this.#run = runAfter(this.#run, event.type, message)
    }
    if (event.class !== 'terminal') return
    // Some endpoints send a more detailed `response.failed` after `error`, others an `error` after `response.failed`.
    if (!this.#lingering && mayBeExplained(event)) this.#lingering = true
    else this.#ended = true
  }
}
