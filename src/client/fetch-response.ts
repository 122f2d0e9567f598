import type { Attempt } from '../call/attempt.ts'
import type { Call } from '../call/call.ts'
import type { Consumer } from '../core/mailbox.ts'
import type { CallHistory } from '../errors/explain.ts'
import type { Failure } from '../errors/failure.ts'
import { callHeader, GIVEN_UP_HEADER, rememberGivenUp } from '../errors/given-up.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { fetchedResponse } from './fetched-response.ts'

/** Statuses whose response must not have a body (fetch standard, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

export interface ResponseOptions {
  readonly call: Call
  readonly attempt: Attempt
  readonly url: string
  readonly redirected: boolean
  readonly method: string
  /** The caller's signal. Obeyed until the body is read, even if all of it has arrived. */
  readonly signal: AbortSignal | undefined
  /** The body may end before its last byte, so `content-length` would be wrong. */
  readonly endsEarly: boolean
  /** Our retries are used up, and the SDK must not retry either. */
  readonly spent: boolean
  /**
   * Set on the last answer of a failed call: the header that leads from the SDK's error to the history of the call.
   */
  readonly givenUp: string | undefined
  readonly history: CallHistory
  readonly streamFailure: 'error' | 'sse_error'
  /** The event stream that was made from a whole answer and replaces it. Empty if no event is left. */
  readonly made?: string | undefined
  /** In the place of the answer's own status. */
  readonly status?: number | undefined
}

/**
 * Frees the connection of a body that was dropped unread. Registered on the stream, because a caller may keep the
 * stream without its response. Registered objects survive every minor collection, which took a third of the time of a
 * short call, so they are unregistered as soon as there is nothing to free.
 */
const abandoned = new FinalizationRegistry<Attempt>((attempt) => attempt.cancel())

/** Makes a real `Response` of the answer of an attempt. Its body takes the output of the attempt. */
export function toResponse(options: ResponseOptions): Response {
  const { attempt, url, redirected, method, history } = options
  const status = options.status ?? attempt.answer?.status ?? 200
  const bodyless = NULL_BODY_STATUSES.has(status) || method === 'HEAD'
  if (bodyless && !attempt.ended) attempt.cancel()
  const statusText = options.status === undefined ? cleanStatusText(attempt.answer?.statusText ?? '') : ''
  return fetchedResponse(
    bodyless ? null : options.made === undefined ? bodyOf(options) : wholeBody(options.made, options.signal),
    { status, statusText, headers: headersOf(attempt.answer?.headers ?? [], options) },
    { url, redirected, history },
  )
}

/**
 * Passed to the constructor and never added afterwards. Some servers replace the global `Response` with one that is
 * built again when it is read, and then headers that were added later would appear twice.
 */
function headersOf(pairs: HeaderPairs, { endsEarly, spent, givenUp, made, call }: ResponseOptions): HeaderPairs {
  const ours: Array<readonly [string, string]> = []
  if (made) ours.push(['content-type', 'text/event-stream'])
  if (spent) ours.push(['x-should-retry', 'false'])
  // A passthrough answer keeps the headers that it came with.
  const isPassed = call.request.latency.kind === 'passthrough'
  if (givenUp !== undefined || !isPassed) ours.push([GIVEN_UP_HEADER, givenUp ?? callHeader(call.log.id)])
  if (!endsEarly && ours.length === 0) return pairs
  const replaced = new Set(ours.map(([name]) => name))
  if (endsEarly) replaced.add('content-length')
  return [...pairs.filter(([name]) => !replaced.has(name)), ...ours]
}

function bodyOf(options: ResponseOptions): ReadableStream<Uint8Array> {
  const { attempt } = options
  // Nothing is read ahead here: bytes of a socket read wait in the attempt.
  const stream = new ReadableStream<Uint8Array>(new BodySource(options), { highWaterMark: 0 })
  if (!attempt.ended) abandoned.register(stream, attempt, attempt)
  return stream
}

type Controller = ReadableStreamDefaultController<Uint8Array>

/**
 * Takes the output of an attempt. Drops its reference to the call at the end: Node's streams may survive several minor
 * collections, and would keep everything of the call alive.
 */
class BodySource implements Consumer {
  readonly #streamFailure: ResponseOptions['streamFailure']
  #call: Call | undefined
  #attempt: Attempt | undefined
  #controller: Controller | undefined
  #signal: AbortSignal | undefined
  readonly #history: CallHistory
  /** All output was handed over; the end of the stream was not. */
  #isAtEnd = false

  constructor({ call, attempt, streamFailure, signal, history }: ResponseOptions) {
    this.#history = history
    this.#call = call
    this.#attempt = attempt
    this.#signal = signal
    this.#streamFailure = streamFailure
  }

  /**
   * An abort in the same turn as the read must still make it fail, as it does with the built-in `fetch`. So what has
   * already come is handed over in a later microtask.
   */
  pull(controller: Controller): Promise<void> | undefined {
    const output = this.#attempt?.output
    const isWaiting = output !== undefined && output.items.length === 0 && !output.ended
    if (this.#signal !== undefined && !isWaiting) return Promise.resolve().then(() => this.#pass(controller))
    this.#pass(controller)
    return undefined
  }

  /** Called by the output. */
  onReady(): void {
    if (this.#controller !== undefined) this.#pass(this.#controller)
  }

  #pass(controller: Controller): void {
    // A call that has received everything has no listener any more. A check leaves no listener on the signal.
    const signal = this.#signal
    const attempt = this.#attempt
    if (signal?.aborted) {
      attempt?.output.discard(signal.reason)
      this.#letGo()
      controller.error(signal.reason)
      return
    }
    if (attempt === undefined) {
      if (this.#isAtEnd) this.#close(controller)
      return
    }
    const { output } = attempt
    const taken = output.take()
    switch (taken.kind) {
      case 'item':
        controller.enqueue(owned(taken.item.bytes))
        // A second pending read has already taken the rest.
        if (this.#attempt === undefined) return
        if (!output.over) attempt.resume()
        else if (signal === undefined) this.#close(controller)
        else this.#waitAtEnd(signal)
        return
      case 'end':
        this.#close(controller)
        return
      case 'failed':
        this.#fail(controller, attempt, taken.error)
        return
      case 'nothing':
        // Chunks are then passed on as they come, so that reading need not pause and no promise waits.
        this.#controller = controller
        output.whenReady(this)
        attempt.resume()
        return
    }
  }

  cancel(): void {
    const attempt = this.#attempt
    this.#letGo()
    attempt?.cancel()
  }

  /** The next read asks the signal again before it ends the stream: a body is not whole before its end was read. */
  #waitAtEnd(signal: AbortSignal): void {
    this.#letGo()
    this.#signal = signal
    this.#isAtEnd = true
  }

  #close(controller: Controller): void {
    this.#letGo()
    controller.close()
  }

  /** Everything received was taken. Failing earlier would drop what is queued. */
  #fail(controller: Controller, attempt: Attempt, error: unknown): void {
    const call = this.#call
    this.#letGo()
    if (call === undefined || attempt.record?.outcome === 'aborted') {
      controller.error(error)
      return
    }
    const failed = error as Failure
    const interrupted = call.errorOf(failed, attempt)
    const { code, giveUpReason, retryAfterMs } = interrupted
    // For `explain(response)`.
    Object.assign(this.#history, { code, giveUpReason, retryAfterMs, deadline: failed.deadline })
    // An SDK that makes an error of what the body says has the headers of the answer.
    rememberGivenUp(
      call.log.id,
      { attempts: call.attempts.length, reason: interrupted.giveUpReason },
      () => interrupted,
    )
    if (this.#streamFailure === 'error') {
      controller.error(new TypeError('terminated', { cause: interrupted }))
      return
    }
    const event = {
      type: 'error',
      sequence_number: (attempt.lastSequenceNumber ?? -1) + 1,
      error: { type: 'server_error', code: failed.code, message: interrupted.message, param: null },
    }
    controller.enqueue(new TextEncoder().encode(`event: error\ndata: ${JSON.stringify(event)}\n\n`))
    controller.close()
  }

  #letGo(): void {
    if (this.#attempt !== undefined) abandoned.unregister(this.#attempt)
    this.#attempt = undefined
    this.#call = undefined
    this.#signal = undefined
    this.#isAtEnd = false
  }
}

/** A complete body, which still fails after an abort by the caller, until its end was read. */
export function wholeBody(text: string, signal: AbortSignal | undefined): ReadableStream<Uint8Array> | string {
  if (signal === undefined) return text
  let isGiven = false
  const pass = (controller: Controller): void => {
    if (signal.aborted) controller.error(signal.reason)
    else if (isGiven) controller.close()
    else controller.enqueue(new TextEncoder().encode(text))
    isGiven = true
  }
  // In a later microtask, for the same reason as in `BodySource`.
  const pull = (controller: Controller): Promise<void> => Promise.resolve().then(() => pass(controller))
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
}

/** A reader of the body may transfer the buffer of a chunk, so the buffer must hold nothing else. */
function owned(bytes: Uint8Array): Uint8Array {
  const isOwn = bytes.byteLength === bytes.buffer.byteLength && bytes.constructor === Uint8Array
  return isOwn ? bytes : new Uint8Array(bytes)
}

/** `Response` refuses characters that some servers put into the reason phrase. */
function cleanStatusText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
}
