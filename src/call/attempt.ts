import type { Target } from '../endpoints/endpoints.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { Failure } from '../errors/failure.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type { Exchange, ResponseHead, TransportRequest } from '../transport/transport.ts'
import type { AttemptTimes } from '../watchdog/deadlines.ts'
import { phaseOf } from './attempt-failure.ts'
import { AttemptObserver, type ObservedAttempt, type ObserverOptions } from './attempt-observer.ts'
import { idsBeside } from './ids-beside.ts'
import { COMMITTED, type Opened } from './opened.ts'
import { Output } from './output.ts'
import type { ReadResult } from './response-reader.ts'
import { diedAsStale } from './stale-connection.ts'

export interface AttemptOptions extends ObserverOptions {
  readonly number: number
  /** Runs the sending of the request, in a context of an instrumentation. */
  readonly sendIn?: ((send: () => Exchange) => Exchange) | undefined
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

/**
 * One exchange with the endpoint. Bytes come in from the transport, are read, and wait in `output`: held until the commit, then
 * passed on as they are taken. It ends once, whoever ends it, and then nothing of it is left.
 */
export class Attempt implements ObservedAttempt {
  readonly output = new Output()
  readonly opened: Promise<Opened>
  /** How it failed; set when it has ended with a failure, before or after the commit. */
  failed: Failure | undefined
  /** Its history; set when it has ended. */
  record: AttemptRecord | undefined
  readonly #options: AttemptOptions
  readonly #observer: AttemptObserver
  readonly #exchange: Exchange
  #resolveOpened: ((opened: Opened) => void) | undefined
  #untouched: Response | undefined
  #commitReason: CommitReason | undefined
  #paused = false
  #endedAt = 0

  constructor(options: AttemptOptions) {
    this.#options = options
    this.opened = new Promise((resolve) => {
      this.#resolveOpened = resolve
    })
    this.#observer = new AttemptObserver(options, this)
    options.log.started(options.request.connection, options.target?.endpoint)
    const send = (): Exchange => options.transport.send(options.request, this.#observer)
    this.#exchange = options.sendIn === undefined ? send() : options.sendIn(send)
  }

  get number(): number {
    return this.#options.number
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

  get target(): Target | undefined {
    return this.#options.target
  }

  /** Status and headers of the answer, once there is one. */
  get answer(): ResponseHead | undefined {
    return this.#observer.answer
  }

  get ended(): boolean {
    return this.record !== undefined
  }

  /** The answer is no event stream: it was judged as a whole, and its output holds no events. */
  get readsWhole(): boolean {
    return this.#observer.readsWhole
  }

  /** When it did what, on the monotonic clock. */
  get times(): Readonly<AttemptTimes> {
    return this.#observer.watchdog.times
  }

  /** Closed before the request came: see `diedAsStale`. */
  get connectionWasStale(): boolean {
    return diedAsStale(this.failed, this.#options.log.connection, this.times, this.#endedAt)
  }

  /** `sequence_number` of the last event that was no heartbeat, where the endpoint numbers its events. */
  get lastSequenceNumber(): number | undefined {
    return this.#observer.lastSequenceNumber
  }

  /** The endpoint's id of the request, once the headers of the answer are there. */
  get requestId(): string | undefined {
    return this.#options.log.requestId
  }

  /** `response.id` of the stream, once an event carried it. */
  get responseId(): string | undefined {
    return this.#observer.responseId
  }

  /** The credentials of the request. */
  get secrets(): readonly string[] {
    return this.#observer.secrets
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
    this.#observer.watchdog.resume()
    this.#exchange.resume()
  }

  // What the observer tells.

  onAnswer(isFinal: boolean): void {
    if (isFinal) this.#commit('answer')
    else if (this.#options.kind === 'passthrough') this.#exchange.readCopy?.()
  }

  onFirstEvent(): void {
    this.#options.onFirstEvent?.(this)
  }

  onCommitDue(): void {
    this.#commit('commit_after')
  }

  onRead(result: ReadResult): void {
    if (result.drops) this.output.clear()
    if (result.bytes.length > 0) this.output.put(result)
    if (result.commit !== undefined) this.#commit(result.commit)
    if (this.ended) return
    if (result.linger) this.#linger()
    if (result.finished) this.#complete(result.failure)
    else if (result.failure !== undefined) this.#fail(result.failure)
    else {
      this.output.notify()
      // A consumer that waited has taken it by now.
      if (this.committed && !this.#observer.lingering) this.#holdBack()
    }
  }

  // Inside.

  #commit(reason: CommitReason): void {
    if (this.committed) return
    this.#options.onCommit?.(this)
    this.#commitReason = reason
    this.#options.target?.sawLife()
    this.#observer.committed(reason)
    this.#settleOpened(COMMITTED)
    if (this.#options.kind === 'passthrough' && this.#exchange.takeResponse !== undefined) this.#passOn()
    else this.#holdBack()
  }

  /** The transport's own response has the body from here on. */
  #passOn(): void {
    const untouched = this.#exchange.takeResponse?.()
    this.#untouched = untouched
    if (untouched !== undefined && this.#observer.wantsIds) void this.#findIdsBeside(untouched)
    this.#finish('committed')
    this.output.end()
  }

  async #findIdsBeside(untouched: Response): Promise<void> {
    for (const id of await idsBeside(untouched)) this.#options.target?.saw(id)
  }

  /** Back-pressure: while the consumer has something to take, nothing more is read. */
  #holdBack(): void {
    if (this.#paused || this.ended || this.output.bytes === 0) return
    this.#paused = true
    this.#observer.watchdog.pause()
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

  /** What may follow is read whether the consumer reads or not: it is one event, and a moment. */
  #linger(): void {
    this.#observer.watchdog.lingering()
    if (!this.#paused) return
    this.#paused = false
    this.#observer.watchdog.resume()
    this.#exchange.resume()
  }

  /** The first word counts. */
  #settleOpened(opened: Opened): void {
    this.#resolveOpened?.(opened)
    this.#resolveOpened = undefined
  }

  #finish(outcome: AttemptRecord['outcome']): void {
    const { times } = this
    this.#observer.watchdog.stop()
    this.#endedAt = this.#options.clock.now()
    const { failed, responseId } = this
    const facts = { outcome, phase: phaseOf(times), times, failure: failed, responseId }
    this.record = this.#options.log.ended(facts, this.#observer)
    this.#options.owner.onAttemptEnded(this)
  }
}
