import type { AbortScope } from '../core/abort.ts'
import { jsonOf } from '../core/json-text.ts'
import { type AttemptRecord, RequestError, ResilientError } from '../errors/errors.ts'
import { type CallHistory, explainHistory } from '../errors/explain.ts'
import { openingOf } from '../errors/opening.ts'
import { abandoned } from './abandoned.ts'
import { resultOfSession } from './fold.ts'
import type { ResponseObject, ResponseStreamEvent, ResponseUsage } from './schema/index.ts'
import type { SessionEvent } from './session-events.ts'
import type { Session } from './session-port.ts'
import { type ResponseStreamIterator, StreamReader } from './stream-reader.ts'

export type { ResponseStreamIterator } from './stream-reader.ts'

function factsOf(error: ResilientError): Omit<CallHistory, 'attempts'> {
  const { code, giveUpReason, retryAfterMs, continuity } = error
  const { deadline, advice } = error as Pick<CallHistory, 'deadline' | 'advice'>
  return { code, giveUpReason, retryAfterMs, continuity, deadline, advice }
}

/** Used in place of a constructor, which would show internal types in the declarations. */
export let openStream: <E extends SessionEvent>(
  session: Session,
  scope: AbortScope,
  asked?: string,
) => ResponseStream<E>

/** The error of this library that ended a stream. `undefined` while it runs, after a success, and after the caller's own abort. */
export let failureOf: (stream: ResponseStream<SessionEvent>) => ResilientError | undefined

/**
 * The events of one response as they come, over all its attempts. It starts when it is created, and reads at most one
 * socket read ahead. Iterate it, call `finalResponse()`, or both.
 */
export class ResponseStream<E extends SessionEvent = ResponseStreamEvent> implements AsyncIterable<E>, AsyncDisposable {
  readonly #session: Session
  readonly #scope: AbortScope
  readonly #asked: string | undefined
  #reader: StreamReader<E> | undefined

  static {
    openStream = (session, scope, asked) => new ResponseStream(session, scope, asked)
    failureOf = (stream) => stream.#failure
  }

  private constructor(session: Session, scope: AbortScope, asked: string | undefined) {
    this.#session = session
    this.#scope = scope
    this.#asked = asked
    abandoned.register(this, scope, this)
  }

  /** `response.id`, once an event carried it. On a resumed stream the id that was resumed, from the start. */
  get id(): string | undefined {
    return this.#session.seen.id ?? this.#asked
  }

  /** The tokens of the response, once the endpoint has reported them. */
  get usage(): ResponseUsage | undefined {
    return this.#session.seen.usage ?? undefined
  }

  /**
   * The endpoint's id of the request, from the header `x-request-id` or a similar one: quote it to the endpoint's
   * support. Belongs to the attempt that is being read, else to the last attempt that had one. `undefined` before that.
   */
  get requestId(): string | undefined {
    return this.#session.requestId ?? this.attempts.findLast(({ requestId }) => requestId !== undefined)?.requestId
  }

  /** The number of the call in telemetry, on errors and in the log. `undefined` until the call begins. */
  get callId(): number | undefined {
    return this.#session.callId
  }

  /** The history of the call so far: one record for each ended attempt. */
  get attempts(): readonly AttemptRecord[] {
    return this.#session.attempts
  }

  /**
   * The history of the call so far in readable lines: one for each ended attempt, and one that says why the call
   * failed, or that the caller aborted it.
   */
  explain(): string {
    const { attempts } = this
    const { startedAt } = this.#session
    const failure = this.#failure
    if (failure === undefined) return explainHistory({ attempts, startedAt, aborted: this.#scope.aborted })
    return explainHistory({ ...factsOf(failure), opening: openingOf(failure), attempts, startedAt })
  }

  get #failure(): ResilientError | undefined {
    const end = this.#scope.aborted ? this.#scope.reason : this.#session.failure
    return end instanceof ResilientError ? end : undefined
  }

  /**
   * The whole response, once it is over. Reads the stream, also while an iteration pauses. The iterator still gets every
   * event: what was read for this call is kept in memory for it.
   *
   * @throws ResponseFailedError when the endpoint reports a failure; StreamInterruptedError, with `partial`, when the
   * stream broke; other errors of this library before output; the caller's own reason on an abort.
   */
  async finalResponse(): Promise<ResponseObject> {
    // An iteration that begins in the same tick reads the stream, and this call only waits.
    await Promise.resolve()
    if (this.#reader === undefined) {
      this.#reader = new StreamReader(this, this.#session, this.#scope)
      this.#reader.readToEnd()
    }
    await this.#reader.whenOver()
    return resultOfSession(this.#session)
  }

  /** The text of the whole response. Throws as `finalResponse()`. */
  async outputText(): Promise<string> {
    await this.finalResponse()
    return this.#session.seen.outputText
  }

  /** Ends the stream at once: a pending read and `finalResponse()` reject with `reason`. */
  abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    this.#scope.abort(reason)
    this.#session.leave(reason)
  }

  /**
   * The events as lines of JSON in UTF-8, which `ResponseStream.fromReadableStream` of the openai package reads. Counts
   * as the iteration of the stream. Cancelling it ends the stream.
   */
  toReadableStream(): ReadableStream<Uint8Array> {
    const iterator = this[Symbol.asyncIterator]()
    const encoder = new TextEncoder()
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await iterator.next()
          if (done) controller.close()
          else controller.enqueue(encoder.encode(`${jsonOf(value)}\n`))
        },
        async cancel() {
          await iterator.return?.()
        },
      },
      { highWaterMark: 0 },
    )
  }

  /**
   * Ends the stream and frees its connection, for `await using`. Changes nothing after the terminal event. Before it,
   * `finalResponse()` rejects with `stream_abandoned`, as after leaving the loop early. Never rejects.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader ??= new StreamReader(this, this.#session, this.#scope)
    await this.#reader.return()
  }

  /**
   * Iterates once. The iterator is iterable, so a loop can continue after `next()`. Leaving the loop early frees the
   * connection, and so does `await using` with the iterator.
   *
   * @throws RequestError `stream_consumed` if the stream was already read.
   */
  [Symbol.asyncIterator](): ResponseStreamIterator<E> {
    if (this.#reader !== undefined) {
      throw new RequestError(
        'The stream was already read. A response can be iterated once: keep the events, or use finalResponse().',
        {
          code: 'stream_consumed',
        },
      )
    }
    this.#reader = new StreamReader(this, this.#session, this.#scope)
    return this.#reader
  }
}
