import type { Attempt } from '../call/attempt.ts'
import type { Call } from '../call/call.ts'
import type { Consumer } from '../core/mailbox.ts'
import type { CallHistory } from '../errors/explain.ts'
import type { Failure } from '../errors/failure.ts'
import { GIVEN_UP_HEADER } from '../errors/given-up.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { fetchedResponse } from './fetched-response.ts'

/** A response that must not have a body, whatever came (fetch standard, "null body status"). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

export interface ResponseOptions {
  readonly call: Call
  readonly attempt: Attempt
  readonly url: string
  readonly redirected: boolean
  readonly method: string
  /** The caller's: obeyed until the body is read, also where all of it has come in. */
  readonly signal: AbortSignal | undefined
  /** The body is not passed on to its last byte: a `content-length` would be wrong. */
  readonly endsEarly: boolean
  /** Our retries are spent: a host must not begin its own. */
  readonly spent: boolean
  /** Set on an answer with which the call gave up: what leads from a host's error to the history of the call. */
  readonly givenUp: string | undefined
  readonly history: CallHistory
  readonly streamFailure: 'error' | 'sse_error'
  /** The event stream that was made of a whole answer, and stands in its place. */
  readonly made?: string | undefined
  /** In the place of the answer's own status. */
  readonly status?: number | undefined
}

/**
 * Frees the connection of a body that was thrown away unread. It is attached to the stream, which a caller may hold on to
 * without its response. Whatever is registered outlives every minor collection, so nothing stays registered for longer than
 * there is something to free: with it, garbage collection was a third of a short call.
 */
const abandoned = new FinalizationRegistry<Attempt>((attempt) => attempt.cancel())

/** The attempt's answer as a real `Response`, whose body takes what the attempt hands over. */
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
 * Handed to the constructor, and never added afterwards: servers put a `Response` of their own in the place of the global
 * one, which makes another of its parts when it is looked at, and what was added before is there twice.
 */
function headersOf(pairs: HeaderPairs, { endsEarly, spent, givenUp, made }: ResponseOptions): HeaderPairs {
  const ours: Array<readonly [string, string]> = []
  if (made !== undefined) ours.push(['content-type', 'text/event-stream'])
  if (spent) ours.push(['x-should-retry', 'false'])
  if (givenUp !== undefined) ours.push([GIVEN_UP_HEADER, givenUp])
  if (!endsEarly && ours.length === 0) return pairs
  const replaced = new Set(ours.map(([name]) => name))
  if (endsEarly) replaced.add('content-length')
  return [...pairs.filter(([name]) => !replaced.has(name)), ...ours]
}

function bodyOf(options: ResponseOptions): ReadableStream<Uint8Array> {
  const { attempt } = options
  // Nothing is read ahead here: what one socket read brings waits in the attempt.
  const stream = new ReadableStream<Uint8Array>(new BodySource(options), { highWaterMark: 0 })
  if (!attempt.ended) abandoned.register(stream, attempt, attempt)
  return stream
}

type Controller = ReadableStreamDefaultController<Uint8Array>

/**
 * Takes what the attempt hands over. Lets go of the call when it is over: Node's streams may outlive several minor
 * collections, and everything that a call is made of would with them.
 */
class BodySource implements Consumer {
  readonly #streamFailure: ResponseOptions['streamFailure']
  #call: Call | undefined
  #attempt: Attempt | undefined
  #controller: Controller | undefined
  #signal: AbortSignal | undefined

  constructor({ call, attempt, streamFailure, signal }: ResponseOptions) {
    this.#call = call
    this.#attempt = attempt
    this.#signal = signal
    this.#streamFailure = streamFailure
  }

  pull(controller: Controller): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    // A call that has received everything no longer listens; to look is enough, and leaves nothing on the signal.
    const signal = this.#signal
    if (signal?.aborted) {
      attempt.output.discard(signal.reason)
      this.#letGo()
      controller.error(signal.reason)
      return
    }
    const { output } = attempt
    const taken = output.take()
    switch (taken.kind) {
      case 'item':
        controller.enqueue(owned(taken.item.bytes))
        if (output.over) this.#close(controller)
        else attempt.resume()
        return
      case 'end':
        this.#close(controller)
        return
      case 'failed':
        this.#fail(controller, attempt, taken.error)
        return
      case 'nothing':
        // Passed on right where it comes, so that reading need not stop for it, and no promise waits.
        this.#controller = controller
        output.whenReady(this)
        attempt.resume()
        return
    }
  }

  /** Told by the output. */
  onReady(): void {
    if (this.#controller !== undefined) this.pull(this.#controller)
  }

  cancel(): void {
    const attempt = this.#attempt
    this.#letGo()
    attempt?.cancel()
  }

  #close(controller: Controller): void {
    this.#letGo()
    controller.close()
  }

  /** All that was received has been taken: only now may the failure surface, because it would throw away what is queued. */
  #fail(controller: Controller, attempt: Attempt, error: unknown): void {
    const call = this.#call
    this.#letGo()
    if (call === undefined || attempt.record?.outcome === 'aborted') {
      controller.error(error)
      return
    }
    const failed = error as Failure
    const interrupted = call.errorOf(failed, attempt)
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
  }
}

/** A body that is there as a whole, and is still not handed out once the caller has aborted. */
export function wholeBody(text: string, signal: AbortSignal | undefined): ReadableStream<Uint8Array> | string {
  if (signal === undefined) return text
  const pull = (controller: Controller): void => {
    if (signal.aborted) {
      controller.error(signal.reason)
      return
    }
    controller.enqueue(new TextEncoder().encode(text))
    controller.close()
  }
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
}

/** Whoever reads a body may transfer the buffer of a chunk: it must hold nothing else. */
function owned(bytes: Uint8Array): Uint8Array {
  const isOwn = bytes.byteLength === bytes.buffer.byteLength && bytes.constructor === Uint8Array
  return isOwn ? bytes : new Uint8Array(bytes)
}

/** `Response` refuses what some servers put into their reason phrases. */
function cleanStatusText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
}
