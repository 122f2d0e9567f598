import type { Clock } from '../core/clock.ts'
import type { Target } from '../endpoints/endpoints.ts'
import type { AttemptPhase, AttemptRecord, DeadlineInfo } from '../errors/errors.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { secretsOf } from '../errors/redact.ts'
import { classifyTransportError } from '../retry/classify-transport.ts'
import { responseIdOf, responseStatus } from '../sse/event-classes.ts'
import { sequenceNumberOf } from '../sse/event-data.ts'
import { idsOfEvent } from '../sse/response-ids.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type {
  ConnectionInfo,
  Exchange,
  ExchangeObserver,
  ResponseHead,
  Transport,
  TransportRequest,
} from '../transport/transport.ts'
import type { AttemptLimits, CallDeadlines } from '../watchdog/deadlines.ts'
import { Watchdog, type WatchdogEvents } from '../watchdog/watchdog.ts'
import { plainTextHint } from './address-advice.ts'
import type { AttemptLog } from './attempt-log.ts'
import { idsBeside } from './ids-beside.ts'
import { COMMITTED, type Opened } from './opened.ts'
import { Output } from './output.ts'
import { readerFor } from './reader-for.ts'
import type { ReaderContext, ReaderOwner, ReaderSettings, ReadResult, ResponseReader } from './response-reader.ts'
import { silenceHint } from './silence-hint.ts'
import { diedAsStale } from './stale-connection.ts'

export interface AttemptOptions {
  readonly number: number
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
  /** See `ReadingContext.couldRepeat`. */
  readonly couldRepeat?: ReaderContext['couldRepeat']
  /** Told of the status and headers of the answer. */
  readonly onHead?: ((head: ResponseHead) => void) | undefined
  /** Told of the first event of any kind. */
  readonly onFirstEvent?: ((attempt: Attempt) => void) | undefined
  /** Told right before the commit takes effect. */
  readonly onCommit?: ((attempt: Attempt) => void) | undefined
  readonly owner: AttemptOwner
}

export interface AttemptOwner {
  /** Told once, when nothing of the attempt is left running. */
  onAttemptEnded(attempt: Attempt): void
}

/** What lies below is kept by the endpoint that made it. */
const KEPT = /\/(?:responses|conversations)(?:\/|$)/

/**
 * One exchange with the endpoint, watched. Bytes come in from the transport, are read, and wait in `output`: held until
 * the commit, then passed on as they are taken. It ends once, whoever ends it, and then nothing of it is left.
 */
export class Attempt implements ExchangeObserver, ReaderOwner, WatchdogEvents {
  readonly number: number
  readonly output = new Output()
  readonly opened: Promise<Opened>
  /** Status and headers of the answer, once there is one. */
  answer: ResponseHead | undefined
  /** How it failed; set when it has ended with a failure, before or after the commit. */
  failed: Failure | undefined
  /** Its history; set when it has ended. */
  record: AttemptRecord | undefined
  readonly #options: AttemptOptions
  readonly #watchdog: Watchdog
  readonly #exchange: Exchange
  #resolveOpened: ((opened: Opened) => void) | undefined
  #reader: ResponseReader | undefined
  /** Until its number is taken: its data holds on to all the text that it came with. */
  #lastEvent: SseEvent | undefined
  #lastNumber: number | undefined
  #responseId: string | undefined
  #untouched: Response | undefined
  #commitReason: CommitReason | undefined
  #paused = false
  #endedAt = 0

  constructor(options: AttemptOptions) {
    this.#options = options
    this.number = options.number
    this.opened = new Promise((resolve) => {
      this.#resolveOpened = resolve
    })
    this.#watchdog = new Watchdog(options.clock, options.limits, options.deadlines, this)
    options.log.started(options.request.connection, options.target?.endpoint)
    this.#exchange = options.transport.send(options.request, this)
  }

  get committed(): boolean {
    return this.#commitReason !== undefined
  }

  /** Why its output was handed over; `undefined` before. */
  get commitReason(): CommitReason | undefined {
    return this.#commitReason
  }

  /** The transport's own response, for calls that are passed on untouched: its body belongs to whoever gets it. */
  get untouched(): Response | undefined {
    const isHeld = this.#options.kind === 'passthrough' && this.record?.outcome === 'answered'
    if (isHeld) this.#untouched ??= this.#exchange.takeResponse?.()
    return this.#untouched
  }

  /** What was sent. */
  get request(): TransportRequest {
    return this.#options.request
  }

  get url(): URL {
    return this.#options.request.url
  }

  get target(): Target | undefined {
    return this.#options.target
  }

  get ended(): boolean {
    return this.record !== undefined
  }

  /** The answer is no event stream: it was judged as a whole, and its output holds no events. */
  get readsWhole(): boolean {
    return this.#reader?.readsWhole === true
  }

  get responseStarted(): boolean {
    return this.#watchdog.times.lastByteAt !== undefined
  }

  /** Closed before the request came: see `diedAsStale`. */
  get connectionWasStale(): boolean {
    return diedAsStale(this.failed, this.#options.log.connection, this.#watchdog.times, this.#endedAt)
  }

  /** Since when its output waits for the consumer; `undefined` while the consumer keeps up. */
  get unreadSince(): number | undefined {
    return this.#watchdog.times.pausedAt
  }

  get phase(): AttemptPhase {
    const times = this.#watchdog.times
    if (this.committed) return 'committed'
    if (times.firstEventAt !== undefined) return 'prelude'
    if (times.sentAt !== undefined) return 'waiting'
    if (times.connectedAt !== undefined) return 'sending'
    return times.connectingAt === undefined ? 'preparing' : 'connecting'
  }

  /** `sequence_number` of the last event that was no heartbeat, where the endpoint numbers its events. */
  get lastSequenceNumber(): number | undefined {
    this.#takeNumber()
    return this.#lastNumber
  }

  /** The endpoint's id of the request, once the headers of the answer are there. */
  get requestId(): string | undefined {
    return this.#options.log.requestId
  }

  /** `response.id` of the stream, once an event carried it. */
  get responseId(): string | undefined {
    return this.#responseId
  }

  /** The caller aborted, or the client was destroyed. Poisons nothing: the connection did no wrong. */
  abort(reason: unknown): void {
    if (!this.ended) {
      this.#exchange.destroy()
      this.#finish('aborted')
    }
    this.output.discard(reason)
    this.#settleOpened({ kind: 'aborted', reason })
  }

  /** Another attempt of the call was first, or takes its place. Poisons nothing, as it is not known to have done wrong. */
  supersede(): void {
    if (!this.ended) {
      this.#exchange.destroy()
      this.#finish('lost')
    }
    this.output.discard(undefined)
    this.#settleOpened({ kind: 'lost' })
  }

  /** The answer leads on to another request, and nobody reads its body. The connection may serve another attempt. */
  leave(): void {
    this.#untouched?.body?.cancel().catch(() => {})
    if (!this.ended) {
      this.#exchange.drain()
      this.#finish('answered')
    }
    this.output.discard(undefined)
  }

  /** The consumer wants no more. */
  cancel(): void {
    this.untouched?.body?.cancel().catch(() => {})
    this.abort(undefined)
  }

  /** The consumer has taken something, or waits for more: reading goes on as soon as nothing lies about. */
  resume(): void {
    if (!this.#paused || this.ended || this.output.bytes > 0) return
    this.#paused = false
    this.#watchdog.resume()
    this.#exchange.resume()
  }

  // What the transport reports.

  connecting(): void {
    this.#watchdog.connecting()
  }

  connected(info: ConnectionInfo): void {
    this.#watchdog.connected()
    this.#options.log.connected(info)
  }

  sending(): void {
    this.#watchdog.sending()
  }

  sent(): void {
    this.#watchdog.sent()
  }

  head(head: ResponseHead): void {
    this.answer = head
    this.#watchdog.sent()
    this.#watchdog.byte()
    const { clock, log, kind, commitWithId, expects, reading: settings } = this.#options
    log.headers(head, this)
    this.#options.onHead?.(head)
    const { couldRepeat } = this.#options
    const chosen = readerFor({ head, kind, commitWithId, expects, settings, clock, owner: this, log, couldRepeat })
    this.#reader = chosen.reading
    if (chosen.waitMs !== undefined) this.#watchdog.lingering(chosen.waitMs)
    if (chosen.commitAtOnce) this.#commit('answer')
    else if (kind === 'passthrough') this.#exchange.readCopy?.()
  }

  data(bytes: Uint8Array): void {
    if (this.ended) return
    this.#watchdog.byte()
    if (this.#reader === undefined) return
    this.#act(this.#reader.push(bytes))
    this.#takeNumber()
  }

  end(): void {
    if (!this.ended) this.#act(this.#reader?.end() ?? { failure: failure('empty_response') })
  }

  error(error: unknown): void {
    if (this.ended) return
    // The endpoint's last word was spoken already; what becomes of the connection changes nothing.
    if (this.#lingering) {
      this.#settleLinger()
      return
    }
    const { url } = this
    const failed = classifyTransportError(error, { connecting: this.#unsent, host: url.host, secrets: this.secrets })
    const connectionReused = this.#options.log.connection?.reused === true
    const { responseStarted } = this
    const { code, connecting = false, message } = failed
    const hint = plainTextHint({ url, code, responseStarted, connectionReused, connecting })
    const hinted = hint === '' ? failed : { ...failed, message: `${message}${hint}` }
    this.#act(this.#reader?.salvaged?.() ?? { failure: this.#reader?.brokenOff?.(failed) ?? hinted })
  }

  // What the reading asks and reports.

  /** Looked for when there is something to hide them in: most attempts need none. */
  get secrets(): readonly string[] {
    const { url, headers } = this.#options.request
    return secretsOf(url, headers)
  }

  get wantsIds(): boolean {
    const { target, request } = this.#options
    return target !== undefined && KEPT.test(request.url.pathname)
  }

  onIds(ids: readonly string[]): void {
    for (const id of ids) this.#options.target?.saw(id)
  }

  readsWith(reading: ResponseReader): void {
    this.#reader = reading
  }

  onEvent(event: SseEvent): void {
    if (this.#watchdog.times.firstEventAt === undefined) {
      this.#options.log.firstEvent(event.type, this)
      this.#options.onFirstEvent?.(this)
    }
    this.#watchdog.event(event.class === 'progress')
    if (event.class !== 'heartbeat') this.#lastEvent = event
    if (this.#responseId === undefined) this.#takeId(event.json)
    if (event.class !== 'lifecycle') return
    const status = responseStatus(event.json)
    if (status !== undefined) this.#watchdog.queued(status === 'queued')
  }

  // What the watchdog reports.

  onExpired(deadline: DeadlineInfo): void {
    // A quota that is used up is not retried because the line fell silent behind the words.
    if (this.#lingering) {
      this.#settleLinger()
      return
    }
    const { host } = this.#options.request.url
    const message = `${host} timed out while ${this.phase}: ${deadline.name} deadline of ${deadline.ms} ms (${deadline.source})`
    const mayBeBuffered = deadline.name === 'ttfb' && this.#options.kind === 'stream'
    const hint = mayBeBuffered ? silenceHint(this.#watchdog.times) : ''
    const failed = failure(`${deadline.name}_timeout`, `${message}${hint}`, { deadline, connecting: this.#unsent })
    this.#act(this.#reader?.salvaged?.() ?? { failure: failed })
  }

  onCommitDue(): void {
    this.#commit('commit_after')
  }

  onLingerDue(): void {
    this.#settleLinger()
  }

  onHeldDue(): void {
    if (this.#reader?.holdsLast?.()) this.#act(this.#reader.salvaged?.() ?? {})
  }

  // Inside.

  /** Provably: there is no connection yet. */
  get #unsent(): boolean {
    const { phase } = this
    return phase === 'connecting' || (phase === 'preparing' && this.#options.transport.abilities.seesConnect)
  }

  #takeNumber(): void {
    if (this.#lastEvent === undefined) return
    this.#lastNumber = sequenceNumberOf(this.#lastEvent)
    this.#lastEvent = undefined
  }

  /** Where a response lives is known from the first event on: it may be cancelled, or continued, while it streams. */
  #takeId(event: unknown): void {
    this.#responseId = responseIdOf(event)
    const { target } = this.#options
    if (target !== undefined && this.#responseId !== undefined) for (const id of idsOfEvent(event)) target.saw(id)
  }

  #act(verdict: ReadResult): void {
    if (this.ended) return
    if (verdict.chunk !== undefined) this.output.put(verdict.chunk)
    if (verdict.commit !== undefined) this.#commit(verdict.commit)
    if (this.ended) return
    this.#watchdog.holding(verdict.mayBeLast === true)
    if (verdict.linger) this.#linger()
    if (verdict.finished) this.#complete(verdict.failure)
    else if (verdict.failure !== undefined) this.#fail(verdict.failure)
    else {
      this.output.notify()
      // A consumer that waited has taken it by now.
      if (this.committed && !this.#lingering) this.#holdBack()
    }
  }

  #commit(reason: CommitReason): void {
    if (this.committed) return
    this.#options.onCommit?.(this)
    this.#commitReason = reason
    this.#options.target?.sawLife()
    this.#watchdog.committed(reason === 'answer')
    this.#reader?.committed?.()
    this.#options.log.committed(reason)
    this.#settleOpened(COMMITTED)
    if (this.#options.kind === 'passthrough' && this.#exchange.takeResponse !== undefined) this.#passOn()
    else this.#holdBack()
  }

  /** The transport's own response has the body from here on. */
  #passOn(): void {
    const untouched = this.#exchange.takeResponse?.()
    this.#untouched = untouched
    if (untouched !== undefined && this.wantsIds) void idsBeside(untouched).then((ids) => this.onIds(ids))
    this.#finish('committed')
    this.output.end()
  }

  /** Back-pressure: while the consumer has something to take, nothing more is read. */
  #holdBack(): void {
    if (this.#paused || this.ended || this.output.bytes === 0) return
    this.#paused = true
    this.#watchdog.pause()
    this.#exchange.pause()
  }

  /** The call has all it needs: the caller is settled at once, the connection is drained behind its back. */
  #complete(failed: Failure | undefined): void {
    this.failed = failed
    this.#exchange.drain()
    this.#finish(this.committed ? 'committed' : 'answered')
    this.output.end()
    if (failed !== undefined) this.#settleOpened({ kind: 'failed', failure: failed })
  }

  #fail(failed: Failure): void {
    this.failed = failed
    // Before anybody decides about a retry: whoever asks for a client next must get another one.
    if (failed.lane === 'connection') this.#exchange.poison(failed.code)
    this.#exchange.destroy()
    this.#finish('failed')
    this.output.fail(failed)
    this.#settleOpened({ kind: 'failed', failure: failed })
  }

  /** A failure was reported, and a moment is left for what may say more about it. */
  get #lingering(): boolean {
    return this.#watchdog.times.lingeringAt !== undefined
  }

  /** What may follow is read whether the consumer reads or not: it is one event, and a moment. */
  #linger(): void {
    this.#watchdog.lingering()
    if (!this.#paused) return
    this.#paused = false
    this.#watchdog.resume()
    this.#exchange.resume()
  }

  #settleLinger(): void {
    this.#act(this.#reader?.lingered?.() ?? {})
  }

  /** The first word counts. */
  #settleOpened(opened: Opened): void {
    this.#resolveOpened?.(opened)
    this.#resolveOpened = undefined
  }

  #finish(outcome: AttemptRecord['outcome']): void {
    const phase = this.phase
    this.#watchdog.stop()
    this.#endedAt = this.#options.clock.now()
    this.record = this.#options.log.ended({ outcome, phase, times: this.#watchdog.times, failure: this.failed })
    this.#options.owner.onAttemptEnded(this)
  }
}
