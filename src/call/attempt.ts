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
  /** Called with the first event of any kind. */
  readonly onFirstEvent?: ((attempt: Attempt) => void) | undefined
  /** Called right before the commit takes effect. */
  readonly onCommit?: ((attempt: Attempt) => void) | undefined
  readonly owner: AttemptOwner
}

export interface AttemptOwner {
  /** Called once, when nothing of the attempt is running any more. */
  onAttemptEnded(attempt: Attempt): void
}

/**
 * One exchange with the endpoint. Bytes come from the transport, are read, and wait in `output`: held until the commit,
 * then passed on as they are taken. An attempt ends once, and then nothing of it is left.
 */
export class Attempt implements ObservedAttempt {
  readonly output = new Output()
  readonly opened: Promise<Opened>
  /** Why it failed. Set when it has ended with a failure, before or after the commit. */
  failed: Failure | undefined
  /** Its record. Set when it has ended. */
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

  /** Why its output was handed over. `undefined` before. */
  get commitReason(): CommitReason | undefined {
    return this.#commitReason
  }

  /** The transport's own response, for calls that return it untouched. Its receiver owns the body. */
  get untouched(): Response | undefined {
    const isHeld = this.#options.kind === 'passthrough' && this.record?.outcome === 'answered'
    if (isHeld) this.#untouched ??= this.#exchange.takeResponse?.()
    return this.#untouched
  }

  /** The request that was sent. */
  get request(): TransportRequest {
    return this.#options.request
  }

  get target(): Target | undefined {
    return this.#options.target
  }

  /** Status and headers of the answer, once they have arrived. */
  get answer(): ResponseHead | undefined {
    return this.#observer.answer
  }

  get ended(): boolean {
    return this.record !== undefined
  }

  /** The answer is not an event stream: it was judged as a whole, and its output holds no events. */
  get readsWhole(): boolean {
    return this.#observer.readsWhole
  }

  /** The instants of the attempt, on the monotonic clock. */
  get times(): Readonly<AttemptTimes> {
    return this.#observer.watchdog.times
  }

  /** The connection was closed before the request came: see `diedAsStale`. */
  get connectionWasStale(): boolean {
    return diedAsStale(this.failed, this.#options.log.connection, this.times, this.#endedAt)
  }

  /** `sequence_number` of the last event other than a heartbeat, if the endpoint numbers its events. */
  get lastSequenceNumber(): number | undefined {
    return this.#observer.lastSequenceNumber
  }

  /** The endpoint's id of the request, once the headers have arrived. */
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

  /**
   * The caller aborted, or the client was destroyed. Does not poison the client, because the connection did not fail.
   */
  abort(reason: unknown): void {
    if (!this.ended) {
      this.#exchange.destroy()
      this.#finish('aborted')
    }
    this.output.discard(reason)
    this.#settleOpened({ kind: 'aborted', reason })
  }

  /**
   * Another attempt of the call was first, or replaces this one. Does not poison the client, because no failure is
   * known.
   */
  supersede(): void {
    if (!this.ended) {
      this.#exchange.destroy()
      this.#finish('lost')
    }
    this.output.discard(undefined)
    this.#settleOpened({ kind: 'lost' })
  }

  /** The answer leads to another request, and its body is not read. The connection may serve another attempt. */
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

  /** The consumer has taken something, or waits. Resumes reading once the output buffer is empty. */
  resume(): void {
    if (!this.#paused || this.ended || this.output.bytes > 0) return
    this.#paused = false
    this.#observer.watchdog.resume()
    this.#exchange.resume()
  }

  // Reports of the observer.

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
      // A waiting consumer has already taken it.
      if (this.committed && !this.#observer.lingering) this.#holdBack()
    }
  }

  // Private.

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

  /** From here on the transport's own response has the body. */
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

  /** Back-pressure: pauses reading while the output buffer is not empty. */
  #holdBack(): void {
    if (this.#paused || this.ended || this.output.bytes === 0) return
    this.#paused = true
    this.#observer.watchdog.pause()
    this.#exchange.pause()
  }

  /** The call has all it needs: the caller gets its result at once, and the connection is drained in the background. */
  #complete(failed: Failure | undefined): void {
    this.failed = failed
    this.#exchange.drain()
    this.#finish(this.committed ? 'committed' : 'answered')
    this.output.end()
    if (failed !== undefined) this.#settleOpened({ kind: 'failed', failure: failed })
  }

  #fail(failed: Failure): void {
    this.failed = failed
    // Before the retry decision, so that the retry gets another client.
    if (failed.lane === 'connection') this.#exchange.poison(failed.code)
    this.#exchange.destroy()
    this.#finish('failed')
    this.output.fail(failed)
    this.#settleOpened({ kind: 'failed', failure: failed })
  }

  /** An event that may follow is read even if the consumer does not read: it is one event, within a moment. */
  #linger(): void {
    this.#observer.watchdog.lingering()
    if (!this.#paused) return
    this.#paused = false
    this.#observer.watchdog.resume()
    this.#exchange.resume()
  }

  /** Only the first call counts. */
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
