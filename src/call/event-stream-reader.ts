import { appended, NONE } from '../core/lists.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { errorFieldsOf, type UpstreamErrorFields } from '../retry/error-fields.ts'
import { reportsFailure, responseIdOf, responseStatus } from '../sse/event-classes.ts'
import { type SseEvent, type SseRead, SseReader } from '../sse/sse-reader.ts'
import type { CommitReason } from '../telemetry/events.ts'
import { otherApi, otherApiOf } from './other-apis.ts'
import {
  NOTHING_READ,
  type ReaderContext,
  type ReaderSettings,
  type ReadResult,
  type ResponseReader,
} from './response-reader.ts'
import { upstreamFailure } from './upstream-failure.ts'
import { wrongResponse } from './wrong-response.ts'

const encoder = new TextEncoder()

/**
 * Reads an event stream and applies the commit rule. Before the first progress everything is held, so that a failure
 * can be retried without a trace. From then on everything is handed over.
 */
export class EventStreamReader implements ResponseReader {
  readonly #head: ReaderContext['head']
  readonly #commitWithId: boolean
  readonly #settings: ReaderSettings
  readonly #clock: ReaderContext['clock']
  readonly #request: ReaderContext['request']
  readonly #log: ReaderContext['log']
  readonly #sse: SseReader
  readonly #expects: ReaderContext['expects']
  /** A typed face asked for one JSON answer and got a stream, which is handed over when it is complete. */
  readonly #isAnswer: boolean
  #heldBytes = 0
  /** Pieces of an incomplete frame. Joined once: joining on each chunk would take quadratic time for a large frame. */
  #cut: readonly Uint8Array[] = NONE
  #receivedBytes = 0
  #committed = false
  #reported: { readonly fields: UpstreamErrorFields | undefined; readonly body: unknown } | undefined
  #responseId: string | undefined
  /** The first meaningful event belonged to the Responses API. */
  #isIdentified = false

  constructor({ head, kind, commitWithId, expects, settings, clock, request, log }: ReaderContext) {
    this.#expects = expects
    this.#isAnswer = kind === 'json' && settings.needsEvents
    this.#head = head
    this.#commitWithId = commitWithId
    this.#settings = settings
    this.#clock = clock
    this.#request = request
    this.#log = log
    // Progress commits. After that only the bytes matter.
    this.#sse = new SseReader(settings.maxEventBytes, !settings.needsEvents)
  }

  push(bytes: Uint8Array): ReadResult {
    this.#receivedBytes += bytes.length
    const read = this.#sse.push(bytes)
    if (read.from === 0 || this.#committed) return this.#judge(read, bytes)
    this.#heldBytes = 0
    this.#cut = NONE
    const { from } = read
    return { ...this.#judge({ ...read, bytes: read.bytes - from }, bytes.subarray(from)), drops: true }
  }

  end(): ReadResult {
    const { isInFrame } = this.#sse
    const tapped = this.#sse.end()
    const verdict = this.#judge(
      tapped,
      tapped.repair === undefined ? NOTHING_READ.bytes : encoder.encode(tapped.repair),
    )
    if (verdict.finished || verdict.failure !== undefined) return verdict
    if (this.#reported !== undefined) return { ...verdict, ...this.#ending() }
    const facts = { ...this.#facts(), isInFrame }
    return {
      ...verdict,
      failure: failure(this.#receivedBytes === 0 ? 'empty_response' : 'stream_incomplete', undefined, facts),
    }
  }

  lingered(): ReadResult {
    return { ...NOTHING_READ, ...this.#ending() }
  }

  holdsLast(): boolean {
    return this.#sse.holdsLast()
  }

  salvaged(): ReadResult | undefined {
    const verdict = this.end()
    return verdict.finished ? verdict : undefined
  }

  committed(): void {
    this.#committed = true
    this.#sse.parseAll = this.#settings.needsEvents
  }

  #judge({ events, done, problem, bytes: usable }: SseRead, received: Uint8Array): ReadResult {
    let commit: CommitReason | undefined
    let last: SseEvent | undefined
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as SseEvent
      const wrong = this.#expects && wrongResponse(responseIdOf(event.json), this.#expects)
      if (wrong !== undefined) return { ...NOTHING_READ, events: events.slice(0, at), failure: wrong }
      const other = this.#isIdentified ? undefined : this.#identify(event)
      if (other !== undefined) return { ...NOTHING_READ, events: events.slice(0, at + 1), failure: otherApi(other) }
      commit ??= this.#commitFor(event)
      if (event.class === 'terminal') last = this.#report(event)
    }
    const bytes = this.#frames(usable >= received.length ? received : received.subarray(0, usable))
    if (!this.#committed) this.#heldBytes += bytes.length
    if (last !== undefined && (this.#sse.ended || !this.#sse.lingering)) {
      return { bytes, events, commit, ...this.#ending() }
    }
    // After an `error` the failure is known, and later problems change nothing.
    if (this.#reported !== undefined && (done || problem !== undefined)) {
      return { bytes, events, commit, ...this.#ending() }
    }
    if (problem !== undefined) return { bytes, events, commit, failure: this.#problem(problem) }
    if (done) return { bytes, events, commit, failure: failure('stream_incomplete', undefined, this.#facts()) }
    if (!this.#committed && this.#heldBytes > this.#settings.maxPreludeBytes) commit ??= 'prelude_full'
    return { bytes, events, commit, linger: last !== undefined, mayBeLast: this.#sse.mayHoldLast }
  }

  /** The name of another API whose stream this is, by its first event. */
  #identify({ class: found, json }: SseEvent): string | undefined {
    this.#isIdentified = found !== 'heartbeat'
    return found === 'lifecycle' ? otherApiOf(json) : undefined
  }

  /** With `wholeFrames`, bytes after the last complete frame wait for the rest of their frame. */
  #frames(bytes: Uint8Array): Uint8Array {
    if (!this.#settings.wholeFrames || bytes.length === 0) return bytes
    // The blank line may have begun in earlier bytes.
    const before = Buffer.concat(this.#cut.slice(-3)).subarray(-3)
    const end = lastFrameEnd(Buffer.concat([before, bytes])) - before.length
    if (end <= 0) {
      this.#cut = appended(this.#cut, bytes)
      return NOTHING_READ.bytes
    }
    const frames = Buffer.concat([...this.#cut, bytes.subarray(0, end)])
    this.#cut = end < bytes.length ? [bytes.subarray(end)] : NONE
    return frames
  }

  /** Why this event hands the output over. Terminal events are judged by their status. */
  #commitFor(event: SseEvent): CommitReason | undefined {
    if (this.#committed || event.class === 'terminal') return undefined
    if (this.#commitWithId && responseIdOf(event.json) !== undefined) return 'first_event'
    if (this.#isAnswer) return undefined
    if (event.class === 'progress') return 'progress'
    if (this.#settings.commitAt === 'first_event') return 'first_event'
    return undefined
  }

  /**
   * Stores what a terminal event reports. Of `error` and `response.failed`, in either order, the one with more detail
   * decides.
   */
  #report(event: SseEvent): SseEvent {
    this.#responseId = responseIdOf(event.json) ?? this.#responseId
    const { type, json } = event
    // A failed response is a result for a caller that asked for the response as JSON.
    const isResult = this.#isAnswer && responseStatus(json) === 'failed'
    if (isResult || !reportsFailure(type, json)) {
      this.#reported = undefined
      return event
    }
    const fields = typeof json === 'string' ? { message: json } : errorFieldsOf(json)
    const earlier = this.#reported
    const body = fields?.code === undefined && earlier?.fields !== undefined ? earlier.body : json
    this.#reported = { fields: richerOf(earlier?.fields, fields), body }
    return event
  }

  /** The meaning of the terminal events seen so far. */
  #ending(): Pick<ReadResult, 'finished' | 'commit' | 'failure'> {
    const reported = this.#reported
    if (reported === undefined) return { finished: true, commit: 'terminal' }
    // A failure does not commit: the caller decides whether it is handed over or retried.
    return { finished: true, failure: this.#upstream(reported.fields, reported.body) }
  }

  #upstream(error: UpstreamErrorFields | undefined, body: unknown): Failure {
    const context = {
      head: this.#head,
      settings: this.#settings,
      clock: this.#clock,
      request: this.#request,
      log: this.#log,
    }
    return upstreamFailure(context, { status: undefined, error, body, responseId: this.#responseId })
  }

  #problem(problem: NonNullable<SseRead['problem']>): Failure {
    if (problem.kind === 'error_text') return this.#upstream({ message: problem.text }, problem.text)
    if (problem.kind === 'malformed_event')
      return failure('malformed_event', `The data of an event is ${problem.detail}.`, this.#facts())
    const limit = this.#settings.maxEventBytes
    return failure('event_too_large', `One event is larger than limits.eventBytes (${limit} bytes).`, this.#facts())
  }

  #facts(): { responseId: string | undefined } {
    return { responseId: this.#responseId }
  }
}

/**
 * Combines two reports of one failure. The report with a code decides; if both have one, the later report. The other
 * report adds missing fields, unless it names another cause.
 */
function richerOf(
  earlier: UpstreamErrorFields | undefined,
  later: UpstreamErrorFields | undefined,
): UpstreamErrorFields | undefined {
  if (earlier === undefined || later === undefined) return later ?? earlier
  const [first, second] = later.code === undefined ? [earlier, later] : [later, earlier]
  const isSameCause = second.code === undefined || second.code === first.code
  return isSameCause ? { ...second, ...defined(first) } : first
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>
}

/** Where the last frame of `bytes` ends. 0 if none does. */
function lastFrameEnd(bytes: Buffer): number {
  return Math.max(
    ...['\n\n', '\r\n\r\n', '\r\r'].map((blank) => {
      const at = bytes.lastIndexOf(blank)
      return at === -1 ? 0 : at + blank.length
    }),
  )
}
