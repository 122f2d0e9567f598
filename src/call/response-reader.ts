import type { Clock } from '../core/clock.ts'
import { NONE } from '../core/lists.ts'
import type { Failure } from '../errors/failure.ts'
import type { ClassifyHook, ClassifyProblem } from '../retry/classify-hook.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type { ResponseHead, TransportRequest } from '../transport/transport.ts'
import type { Chunk } from './chunk.ts'

/**
 * The result of reading a piece of a body: everything that a reader reports. `bytes` are handed over or held, and may
 * be empty. `events` are all events that were seen, in order.
 */
export interface ReadResult extends Chunk {
  readonly commit?: CommitReason | undefined
  /** The body is complete for the call. Anything after it is ignored. */
  readonly finished?: boolean | undefined
  /** The attempt failed. With `finished`, the endpoint reported it, and its words are part of the output. */
  readonly failure?: Failure | undefined
  /** What is held so far is not handed over, because a reader of bytes would take it for the end of the stream. */
  readonly drops?: boolean | undefined
  /** Wait a moment for an event that may follow. */
  readonly linger?: boolean | undefined
  /** The last bytes may be the end of the answer without its blank line. */
  readonly mayBeLast?: boolean | undefined
  /** Ids of objects that the endpoint keeps, if the answer is not an event stream. In a stream the events name them. */
  readonly ids?: readonly string[] | undefined
  /** The whole answer as JSON, if it is not an event stream: telemetry reports facts of the response. */
  readonly answer?: unknown
  /** The reader for the rest: the first bytes have shown what the answer is. */
  readonly next?: ResponseReader | undefined
}

const NO_BYTES = new Uint8Array()

/** A piece without bytes to hand over and without events. */
export const NOTHING_READ: ReadResult = { bytes: NO_BYTES, events: NONE }

/** Reads the body of one answer. One for each kind of answer. Without time and I/O. */
export interface ResponseReader {
  push(bytes: Uint8Array): ReadResult
  /** The body ended. */
  end(): ReadResult
  /** Nothing followed in the time of `linger`, or in the time for an error body. */
  lingered?(): ReadResult
  /** Whether the held bytes are the end of the answer without its blank line. Changes nothing. */
  holdsLast?(): boolean
  /** The body broke off: returns the held bytes if they complete the answer, otherwise `undefined`. */
  salvaged?(): ReadResult | undefined
  /** The failure if the body broke off. Without this method it is the failure of the transport. */
  brokenOff?(failed: Failure): Failure
  /** From now on the output is handed over as it comes. */
  committed?(): void
  /** The answer is judged as a whole, and holds no events. */
  readonly readsWhole?: boolean
}

/** How a client, or one of its faces, reads answers. Shared by all its calls. */
export interface ReaderSettings {
  /** The consumer reads events. Otherwise it reads bytes, and not every event needs parsing. */
  readonly needsEvents: boolean
  /** Pass on whole frames only, so that an `error` frame can follow at any time (`streamFailure: 'sse_error'`). */
  readonly wholeFrames: boolean
  readonly commitAt: 'progress' | 'first_event'
  readonly maxEventBytes: number
  readonly maxPreludeBytes: number
  /** The user's `classify`. */
  readonly classify?: ClassifyHook | undefined
}

/** What a reader needs to know about its call. */
export interface ReaderContext {
  readonly head: ResponseHead
  readonly kind: 'stream' | 'json' | 'passthrough'
  /** The request has `background`, and not `store: false`: the caller needs the id as soon as there is one. */
  readonly commitWithId: boolean
  /** See `CallRequest.expects`. */
  readonly expects?: readonly string[] | undefined
  readonly settings: ReaderSettings
  readonly clock: Pick<Clock, 'wallNow'>
  /** The request with its credentials: an endpoint may echo them, and they must not be shown. */
  readonly request: Pick<TransportRequest, 'url' | 'headers' | 'body'>
  /** The owner of a response is remembered, so ids in the answer are read. */
  readonly wantsIds: boolean
  readonly log: { classifyFailed(problem: ClassifyProblem): void }
  /** For a passthrough call: whether such an answer could be retried. */
  readonly couldRepeat?: ((failed: Failure) => boolean) | undefined
}

export function headerOf(head: ResponseHead, name: string): string | undefined {
  return head.headers.find(([candidate]) => candidate === name)?.[1]
}

/** A name, or several where the header came more than once. A sentence could be a part of the request that the endpoint repeats. */
const REQUEST_ID = /^[\w.:/@+=|~-]+(?:, ?[\w.:/@+=|~-]+)*$/

export function requestIdOf(head: ResponseHead): string | undefined {
  const id = headerOf(head, 'x-request-id') ?? headerOf(head, 'request-id')
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined
}
