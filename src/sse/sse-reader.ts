import { createParser, type EventSourceParser } from 'eventsource-parser'
import { appended, NONE } from '../core/lists.ts'
import { type Decoder, decodeWhole, giveBackDecoder, takeDecoder } from './decoders.ts'
import { isBlank, isDoneMark, mayBeExplained, parsedDelta, TYPE_PREFIX } from './event-data.ts'
import { type Frame, parsedFrame, type SseEvent, type SseProblem, sniffedFrame } from './frame-event.ts'
import { bytesUpTo, frameEnds, plainFrame } from './frames.ts'
import { type Run, runOf } from './runs.ts'
import type { SseRead } from './sse-read.ts'
import { UnfinishedFrame } from './unfinished-frame.ts'

export type { SseEvent, SseProblem } from './frame-event.ts'
export type { SseRead } from './sse-read.ts'

/** The blank line that ends a frame. */
const REPAIR = '\n\n'

const FIELD_NAME_SLACK = 64

const LONE_CR = /\r(?!\n|$)/

/**
 * Bytes in, events out. Runs once per stream; tolerates any cut of the bytes, every line ending, a BOM, and invalid UTF-8
 * (U+FFFD). Stops at the first terminal event, and looks at nothing behind it but the one event that may follow `error`, or a
 * failure without a reason.
 *
 * Frames without data, and frames named `keepalive` or `ping` whose data is no JSON, count as comments. The text of an error
 * (`data: error: …`) is an `error` event for whoever reads events. Whoever reads bytes could not parse that frame: there it
 * is a problem, and the frame is not handed on.
 */
export class SseReader {
  /** Only while something of a character or of a frame is kept in it: most streams spend their time waiting. */
  #decoder: Decoder | undefined
  #parser: EventSourceParser | undefined
  readonly #maxEventBytes: number
  #events: readonly SseEvent[] = NONE
  #problem: SseProblem | undefined
  #ended = false
  #lingering = false
  #done = false
  /** A CR at the end of a chunk whose LF may still come: half a line end, held back from the parser. */
  #heldCr = ''
  /** The stream uses lone CRs, so none of them is held back. */
  #loneCrs = false
  /** The parser has nothing of a frame, so that the next one need not pass through it. Not at the start: there may be a BOM. */
  #betweenFrames = false
  #endedWithLf = false
  #begun = false
  #hasEvents = false
  /** The frame that was read last is an end mark before any event. */
  #isEarlyMark = false
  /** Where behind it the text of the chunk goes on. */
  #begin = 0
  readonly #unfinished = new UnfinishedFrame()
  /** How the deltas of the current run begin. */
  #run: Run | undefined

  /**
   * While `true`, every event is parsed. Afterwards only those are whose class depends on it, and of deltas that follow each
   * other the last is told: enough to know liveness and the end of a stream whose bytes are forwarded as they are.
   */
  parseAll = true
  readonly #untilProgress: boolean

  /**
   * @param untilProgress for whoever reads bytes: `parseAll` ends with the first event of progress, which may come in the middle
   * of a chunk.
   */
  constructor(maxEventBytes: number, untilProgress = false) {
    this.#maxEventBytes = maxEventBytes
    this.#untilProgress = untilProgress
  }

  /** The terminal event was seen, and nothing more is to come. */
  get ended(): boolean {
    return this.#ended
  }

  /** An `error` event was seen, or a failure without a reason; what follows may say more. */
  get lingering(): boolean {
    return this.#lingering && !this.#ended
  }

  push(chunk: Uint8Array): SseRead {
    this.#events = NONE
    if (this.#isOver()) return this.#take(0)
    const endsLine = chunk.at(-1) === 10
    let text = this.#heldCr + this.#decoded(chunk, endsLine)
    this.#heldCr = ''
    if (text.endsWith('\r') && !this.#loneCrs) {
      this.#loneCrs = LONE_CR.test(text)
      if (!this.#loneCrs) {
        this.#heldCr = '\r'
        text = text.slice(0, -1)
      }
    }
    const used = this.#feed(text)
    // Behind a line end the decoder holds no half of a character.
    if ((this.#betweenFrames && endsLine) || this.#isOver()) this.#letGo()
    // Counted wherever the stream is over: behind its end the chunk may hold what is in no text, a CR or half a character.
    const heldBack = this.#heldCr.length
    const bytes = this.#isOver() ? bytesUpTo(chunk, text, used, heldBack) : chunk.length
    return this.#take(bytes, this.#begin === 0 ? 0 : bytesUpTo(chunk, text, this.#begin, heldBack))
  }

  /** The frame that is not complete may be a terminal event that only lacks its blank line. */
  get mayHoldLast(): boolean {
    return this.#unfinished.mayBeLast
  }

  /** Whether it is one. Changes nothing: the frame may still go on. */
  holdsLast(): boolean {
    return !this.#isOver() && this.#unfinished.isTerminal
  }

  /**
   * The bytes have ended. A last frame that holds a complete terminal event and only lacks its blank line is read:
   * `repair` is then what forwarded bytes need to make it a frame for others, too. Anything else left over was cut off.
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

  /** A chunk that holds no half of a character, which practically all do, needs no decoder of its own, and costs half. */
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
    // Handed on: a stream that waits holds none of what it has brought.
    this.#events = NONE
    return { events, problem: this.#problem, bytes, from, done: this.#done }
  }

  /**
   * Feeds frame by frame, so that the end of the terminal one is known to the character.
   *
   * @returns how many characters belong to the stream.
   */
  #feed(text: string): number {
    const hasCr = text.includes('\r')
    const endOf = frameEnds(text)
    let from = 0
    this.#begin = 0
    while (from < text.length && !this.#isOver()) {
      if (this.#betweenFrames && !hasCr) {
        from = this.#readRun(text, from)
        const frame = plainFrame(text, from)
        if (frame !== undefined) {
          this.#onFrame(frame)
          if (this.#problem !== undefined) break
          from = frame.end
          if (this.#isEarlyMark) this.#beginAt(from)
          this.#unfinished.clear()
          continue
        }
        if (from === text.length) break
      }
      const to = endOf(from)
      const piece = from === 0 && to === text.length ? text : text.slice(from, to)
      this.#parser ??= this.#createParser()
      this.#parser.feed(piece)
      this.#begun = true
      // A frame that cannot be read is not handed on; those before it are.
      if (this.#problem !== undefined) break
      this.#betweenFrames =
        !hasCr && (piece === '\n' ? this.#betweenFrames || this.#endedWithLf : piece.endsWith('\n\n'))
      this.#endedWithLf = piece.endsWith('\n')
      this.#unfinished.add(piece)
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
   * Reads deltas of one type, which is practically all of a stream. Where events are not parsed, the last stands for all.
   *
   * @returns where the first frame begins that has to be looked at more closely.
   */
  #readRun(text: string, from: number): number {
    const run = this.#run
    if (run === undefined || this.#lingering) return from
    const { opening, dataAt, type } = run
    const longest = this.#maxEventBytes > 0 ? this.#maxEventBytes : Infinity
    let at = from
    let last: string | undefined
    while (text.slice(at, at + opening.length) === opening) {
      const lineEnd = text.indexOf('\n', at + opening.length)
      if (text.charCodeAt(lineEnd + 1) !== 10 || text.charCodeAt(lineEnd - 1) !== 125 /* } */) break
      if (lineEnd - at - dataAt > longest) break
      const data = text.slice(at + dataAt, lineEnd)
      if (this.parseAll) {
        const json = parsedDelta(data, type)
        if (json === undefined) break
        this.#add({ type, class: 'progress', data, json })
      } else {
        last = data
      }
      at = lineEnd + 2
    }
    if (last !== undefined) this.#add({ type, class: 'progress', data: last, json: undefined })
    return at
  }

  #createParser(): EventSourceParser {
    const parser = createParser({
      onEvent: (message) => this.#onFrame(message),
      // The parser counts UTF-16 units; no text has more of them than bytes of UTF-8. It counts the field's name, too, but
      // only where a chunk ends within the line: the slack leaves the verdict to `#onFrame`, whatever the chunks.
      ...(this.#maxEventBytes > 0 ? { maxBufferSize: this.#maxEventBytes + FIELD_NAME_SLACK } : {}),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.#problem ??= { kind: 'event_too_large' }
      },
    })
    // A byte order mark counts at the very beginning alone: for a parser that is made later, that is behind it.
    if (this.#begun) parser.feed(':\n')
    return parser
  }

  /** Nothing of the stream is kept in them. */
  #letGo(): void {
    this.#unfinished.clear()
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
      // Nothing can be over before anything came.
      if (!this.#hasEvents) {
        this.#isEarlyMark = true
        return
      }
      this.#done = true
      // Nothing more will be said behind the `error` either.
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
      if (event.type.endsWith('.delta')) this.#beginRun(event, message)
    }
    if (event.class !== 'terminal') return
    // Some endpoints send `response.failed` behind `error`, with more to say; others send them the other way round.
    if (!this.#lingering && mayBeExplained(event)) this.#lingering = true
    else this.#ended = true
  }

  /** The first delta shows how those behind it begin. */
  #beginRun({ type }: SseEvent, { data, event: name }: Frame): void {
    if (name !== undefined && name !== type) return
    if (!data.startsWith(type, TYPE_PREFIX.length) || !data.startsWith(TYPE_PREFIX)) return
    const named = name !== undefined
    if (this.#run?.type !== type || this.#run.named !== named) this.#run = runOf(type, named)
  }
}
