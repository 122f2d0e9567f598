import type { Clock } from '../core/clock.ts'
import type { Target } from '../endpoints/endpoints.ts'
import type { DeadlineInfo } from '../errors/errors.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { secretsOf } from '../errors/redact.ts'
import { responseIdOf, responseStatus } from '../sse/event-classes.ts'
import { sequenceNumberOf } from '../sse/event-data.ts'
import { idsOfEvent } from '../sse/response-ids.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type {
  ConnectionInfo,
  ExchangeObserver,
  ResponseHead,
  Transport,
  TransportRequest,
} from '../transport/transport.ts'
import type { AttemptLimits, CallDeadlines } from '../watchdog/deadlines.ts'
import { Watchdog, type WatchdogEvents } from '../watchdog/watchdog.ts'
import { type BrokenAttempt, deadlineFailure, transportFailure } from './attempt-failure.ts'
import type { AttemptLog } from './attempt-log.ts'
import { readerFor } from './reader-for.ts'
import {
  NOTHING_READ,
  type ReaderContext,
  type ReaderSettings,
  type ReadResult,
  type ResponseReader,
} from './response-reader.ts'

/** What is observed, and what it is judged by. */
export interface ObserverOptions {
  readonly request: TransportRequest
  readonly transport: Transport
  readonly clock: Clock
  readonly log: AttemptLog
  readonly limits: AttemptLimits
  readonly deadlines: CallDeadlines
  /** Which of several endpoints it goes to. */
  readonly target?: Target | undefined
  readonly kind: ReaderContext['kind']
  readonly commitWithId: boolean
  /** See `CallRequest.expects`. */
  readonly expects?: readonly string[] | undefined
  readonly reading: ReaderSettings
  /** See `ReaderContext.couldRepeat`. */
  readonly couldRepeat?: ReaderContext['couldRepeat']
  /** Told of the status and headers of the answer. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined
}

/** The attempt that acts on what was observed. */
export interface ObservedAttempt {
  readonly ended: boolean
  /** The head of the answer is there. `isFinal`: it is handed over before its body is known. */
  onAnswer(isFinal: boolean): void
  /** A piece of the answer was read, or the reading ended. */
  onRead(result: ReadResult): void
  onFirstEvent(): void
  /** The prelude must be handed over now. */
  onCommitDue(): void
}

/** What lies below is kept by the endpoint that made it. */
const KEPT = /\/(?:responses|conversations)(?:\/|$)/

/**
 * What the transport and the watchdog report of one attempt. The answer is read, so that the attempt gets one read result for
 * each report; the watchdog, the log and the endpoint are told.
 */
export class AttemptObserver implements ExchangeObserver, WatchdogEvents {
  readonly watchdog: Watchdog
  readonly #options: ObserverOptions
  readonly #attempt: ObservedAttempt
  #answer: ResponseHead | undefined
  #reader: ResponseReader | undefined
  #responseId: string | undefined
  #lastSequenceNumber: number | undefined

  constructor(options: ObserverOptions, attempt: ObservedAttempt) {
    this.#options = options
    this.#attempt = attempt
    this.watchdog = new Watchdog(options.clock, options.limits, options.deadlines, this)
  }

  /** Status and headers of the answer, once there is one. */
  get answer(): ResponseHead | undefined {
    return this.#answer
  }

  /** The answer is no event stream: it was judged as a whole. */
  get readsWhole(): boolean {
    return this.#reader?.readsWhole === true
  }

  /** `response.id` of the stream, once an event carried it. */
  get responseId(): string | undefined {
    return this.#responseId
  }

  /** `sequence_number` of the last event that was no heartbeat, where the endpoint numbers its events. */
  get lastSequenceNumber(): number | undefined {
    return this.#lastSequenceNumber
  }

  /** A failure was reported by the endpoint, and a moment is left for what may say more about it. */
  get lingering(): boolean {
    return this.watchdog.times.lingeringAt !== undefined
  }

  /** The credentials of the request. Looked for when there is something to hide them in: most attempts need none. */
  get secrets(): readonly string[] {
    const { url, headers } = this.#options.request
    return secretsOf(url, headers)
  }

  /** It is remembered at which endpoint a response lives, and the answer may hold one. */
  get wantsIds(): boolean {
    const { target, request } = this.#options
    return target !== undefined && KEPT.test(request.url.pathname)
  }

  /** The output is handed over from now on. */
  committed(reason: CommitReason): void {
    this.watchdog.committed(reason === 'answer')
    this.#reader?.committed?.()
    this.#options.log.committed(reason)
  }

  // What the transport reports.

  connecting(): void {
    this.watchdog.connecting()
  }

  connected(info: ConnectionInfo): void {
    this.watchdog.connected()
    this.#options.log.connected(info)
  }

  sending(): void {
    this.watchdog.sending()
  }

  sent(): void {
    this.watchdog.sent()
  }

  head(head: ResponseHead): void {
    this.#answer = head
    this.watchdog.sent()
    this.watchdog.byte()
    const { clock, log, request, kind, commitWithId, expects, reading: settings, couldRepeat, onHead } = this.#options
    const { wantsIds } = this
    log.headers(head, this)
    onHead?.(head)
    const context = { head, kind, commitWithId, expects, settings, clock, request, wantsIds, log, couldRepeat }
    const { reader, commitAtOnce, waitMs } = readerFor(context)
    this.#reader = reader
    if (waitMs !== undefined) this.watchdog.lingering(waitMs)
    this.#attempt.onAnswer(commitAtOnce)
  }

  data(bytes: Uint8Array): void {
    if (this.#attempt.ended) return
    this.watchdog.byte()
    if (this.#reader !== undefined) this.#tell(this.#reader.push(bytes))
  }

  end(): void {
    if (!this.#attempt.ended) this.#tell(this.#reader?.end() ?? failing(failure('empty_response')))
  }

  error(error: unknown): void {
    if (this.#attempt.ended) return
    // The endpoint has reported the failure already; what becomes of the connection changes nothing.
    if (this.lingering) {
      this.onLingerDue()
      return
    }
    const failed = transportFailure(error, this.#broken)
    this.#tell(this.#reader?.salvaged?.() ?? failing(this.#reader?.brokenOff?.(failed) ?? failed))
  }

  // What the watchdog reports.

  onExpired(deadline: DeadlineInfo): void {
    // A quota that is used up is not retried because the connection fell silent after the words that say so.
    if (this.lingering) this.onLingerDue()
    else this.#tell(this.#reader?.salvaged?.() ?? failing(deadlineFailure(deadline, this.#broken)))
  }

  onCommitDue(): void {
    this.#attempt.onCommitDue()
  }

  onLingerDue(): void {
    this.#tell(this.#reader?.lingered?.() ?? NOTHING_READ)
  }

  onHeldDue(): void {
    if (this.#reader?.holdsLast?.()) this.#tell(this.#reader.salvaged?.() ?? NOTHING_READ)
  }

  // Inside.

  get #broken(): BrokenAttempt {
    const { request, transport, kind, log } = this.#options
    return { request, transport, kind, times: this.watchdog.times, connection: log.connection }
  }

  #tell(result: ReadResult): void {
    if (this.#attempt.ended) return
    const { next, events, ids, answer } = result
    if (next !== undefined) this.#reader = next
    if (events.length > 0) this.#note(events)
    if (ids !== undefined) for (const id of ids) this.#options.target?.saw(id)
    if (answer !== undefined) this.#options.log.response(answer, this)
    // Who heard of the first event may have ended the attempt.
    if (this.#attempt.ended) return
    this.watchdog.holding(result.mayBeLast === true)
    this.#attempt.onRead(result)
  }

  #note(events: readonly SseEvent[]): void {
    const { watchdog } = this
    if (watchdog.times.firstEventAt === undefined) {
      this.#options.log.firstEvent((events[0] as SseEvent).type, this)
      this.#attempt.onFirstEvent()
    }
    let last: SseEvent | undefined
    for (const event of events) {
      watchdog.event(event.class === 'progress')
      if (event.class !== 'heartbeat') last = event
      if (this.#responseId === undefined) this.#takeId(event.json)
      if (event.class === 'terminal') this.#options.log.response(event.json, this)
      if (event.class !== 'lifecycle') continue
      const status = responseStatus(event.json)
      if (status !== undefined) watchdog.queued(status === 'queued')
    }
    // Read at once: an event holds on to all the text that it came with.
    if (last !== undefined) this.#lastSequenceNumber = sequenceNumberOf(last)
  }

  /** Where a response lives is known from the first event on: it may be cancelled, or continued, while it streams. */
  #takeId(event: unknown): void {
    this.#responseId = responseIdOf(event)
    const { target } = this.#options
    if (target !== undefined && this.#responseId !== undefined) for (const id of idsOfEvent(event)) target.saw(id)
  }
}

function failing(failed: Failure): ReadResult {
  return { ...NOTHING_READ, failure: failed }
}
