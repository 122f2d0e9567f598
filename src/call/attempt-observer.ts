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

/** What is observed, and how it is judged. */
export interface ObserverOptions {
  readonly request: TransportRequest
  readonly transport: Transport
  readonly clock: Clock
  readonly log: AttemptLog
  readonly limits: AttemptLimits
  readonly deadlines: CallDeadlines
  /** Which of several endpoints the attempt goes to. */
  readonly target?: Target | undefined
  readonly kind: ReaderContext['kind']
  readonly commitWithId: boolean
  /** See `CallRequest.expects`. */
  readonly expects?: readonly string[] | undefined
  readonly reading: ReaderSettings
  /** See `ReaderContext.couldRepeat`. */
  readonly couldRepeat?: ReaderContext['couldRepeat']
  /** Called with the status and headers of the answer. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined
}

/** The attempt that acts on the observations. */
export interface ObservedAttempt {
  readonly ended: boolean
  /** The head of the answer has arrived. `isFinal`: it is handed over before its body is known. */
  onAnswer(isFinal: boolean): void
  /** A piece of the answer was read, or the reading ended. */
  onRead(result: ReadResult): void
  onFirstEvent(): void
  /** The prelude must be handed over now. */
  onCommitDue(): void
}

/** Paths of objects that only the endpoint that made them has. */
const KEPT = /\/(?:responses|conversations)(?:\/|$)/

/**
 * Receives all reports of the transport and the watchdog about one attempt. Reads the answer, so that the attempt gets
 * one read result for each report. Informs the watchdog, the log and the endpoint.
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

  /** Status and headers of the answer, once they have arrived. */
  get answer(): ResponseHead | undefined {
    return this.#answer
  }

  /** The answer is not an event stream: it was judged as a whole. */
  get readsWhole(): boolean {
    return this.#reader?.readsWhole === true
  }

  /** `response.id` of the stream, once an event carried it. */
  get responseId(): string | undefined {
    return this.#responseId
  }

  /** `sequence_number` of the last event other than a heartbeat, if the endpoint numbers its events. */
  get lastSequenceNumber(): number | undefined {
    return this.#lastSequenceNumber
  }

  /** The endpoint reported a failure. An event that explains it may follow within a moment. */
  get lingering(): boolean {
    return this.watchdog.times.lingeringAt !== undefined
  }

  /** The credentials of the request. Computed only when there is a text to redact, which is rare. */
  get secrets(): readonly string[] {
    const { url, headers } = this.#options.request
    return secretsOf(url, headers)
  }

  /** The answer may hold an id whose owner has to be remembered. */
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
    // The endpoint has already reported the failure. The end of the connection changes nothing.
    if (this.lingering) {
      this.onLingerDue()
      return
    }
    const failed = transportFailure(error, this.#broken)
    this.#tell(this.#reader?.salvaged?.() ?? failing(this.#reader?.brokenOff?.(failed) ?? failed))
  }

  // What the watchdog reports.

  onExpired(deadline: DeadlineInfo): void {
    // A used-up quota must not be retried because the connection was silent after the words about it.
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
    // The listener of the first event may have ended the attempt.
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
    // Read at once, because an event keeps the whole text of its chunk alive.
    if (last !== undefined) this.#lastSequenceNumber = sequenceNumberOf(last)
  }

  /** Remembers the owner from the first event on: the response may be cancelled or continued while it streams. */
  #takeId(event: unknown): void {
    this.#responseId = responseIdOf(event)
    const { target } = this.#options
    if (target !== undefined && this.#responseId !== undefined) for (const id of idsOfEvent(event)) target.saw(id)
  }
}

function failing(failed: Failure): ReadResult {
  return { ...NOTHING_READ, failure: failed }
}
