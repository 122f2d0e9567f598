import type { Clock } from '../core/clock.ts'
import { NONE } from '../core/lists.ts'
import type { Failure } from '../errors/failure.ts'
import type { ClassifyHook, ClassifyProblem } from '../retry/classify-hook.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type { ResponseHead, TransportRequest } from '../transport/transport.ts'
import type { Chunk } from './chunk.ts'

/**
 * What a piece of a body means for its attempt: everything that a reader reports. `bytes` are handed over, or held; they are
 * empty where there is nothing to hand over. `events` are all that were seen, in order.
 */
export interface ReadResult extends Chunk {
  readonly commit?: CommitReason | undefined
  /** The body is complete as far as the call is concerned: what the endpoint sends on is its own affair. */
  readonly finished?: boolean | undefined
  /** The attempt failed. With `finished`, the endpoint said so and its words are part of the output. */
  readonly failure?: Failure | undefined
  /** What is held so far is not handed over: it would end the stream for whoever reads bytes. */
  readonly drops?: boolean | undefined
  /** Wait a moment for what may follow. */
  readonly linger?: boolean | undefined
  /** What came last may be the end of the answer, all but the blank line behind it. */
  readonly mayBeLast?: boolean | undefined
  /** Ids of what the endpoint keeps, where the answer is no event stream: of an event stream, the events name them. */
  readonly ids?: readonly string[] | undefined
  /** The whole answer as JSON, where the answer is no event stream: telemetry tells the facts of the response. */
  readonly answer?: unknown
  /** What reads on: the first bytes have shown what the answer is. */
  readonly next?: ResponseReader | undefined
}

const NO_BYTES = new Uint8Array()

/** A piece that brought nothing to hand over, and no event. */
export const NOTHING_READ: ReadResult = { bytes: NO_BYTES, events: NONE }

/** How the body of one answer is read. One per kind of answer; pure of time and I/O. */
export interface ResponseReader {
  push(bytes: Uint8Array): ReadResult
  /** The body ended. */
  end(): ReadResult
  /** Nothing followed in the time that `linger` asked for, or that an error answer has. */
  lingered?(): ReadResult
  /** Whether what is held is the end of the answer, all but the blank line behind it. Changes nothing. */
  holdsLast?(): boolean
  /** The body ends here, however: what is held, where that ends the answer; `undefined` where it does not. */
  salvaged?(): ReadResult | undefined
  /** What it amounts to that the body broke off; without it, what the transport reported. */
  brokenOff?(failed: Failure): Failure
  /** From now on the output is handed over as it comes. */
  committed?(): void
  /** The answer is judged as a whole, and holds no events. */
  readonly readsWhole?: boolean
}

/** How a client, or one of its faces, reads answers: the same for all its calls. */
export interface ReaderSettings {
  /** The consumer reads events; otherwise it reads bytes, and not every event needs parsing. */
  readonly needsEvents: boolean
  /** Hand on whole frames only, so that a frame of our own can follow at any time (`streamFailure: 'sse_error'`). */
  readonly wholeFrames: boolean
  readonly commitAt: 'progress' | 'first_event'
  readonly maxEventBytes: number
  readonly maxPreludeBytes: number
  /** The user's word on failures of the endpoint. */
  readonly classify?: ClassifyHook | undefined
}

/** What a reading needs to know of its call. */
export interface ReaderContext {
  readonly head: ResponseHead
  readonly kind: 'stream' | 'json' | 'passthrough'
  /** `background` and `store`: the caller needs the id as soon as there is one. */
  readonly commitWithId: boolean
  /** See `CallRequest.expects`. */
  readonly expects?: readonly string[] | undefined
  readonly settings: ReaderSettings
  readonly clock: Pick<Clock, 'wallNow'>
  /** What was asked, with its credentials: an endpoint may echo them, and they must not be shown. */
  readonly request: Pick<TransportRequest, 'url' | 'headers' | 'body'>
  /** It is remembered at which endpoint a response lives: the ids in an answer are looked for. */
  readonly wantsIds: boolean
  readonly log: { classifyFailed(problem: ClassifyProblem): void }
  /** Of a passthrough call: whether such an answer could get another attempt. */
  readonly couldRepeat?: ((failed: Failure) => boolean) | undefined
}

export function headerOf(head: ResponseHead, name: string): string | undefined {
  return head.headers.find(([candidate]) => candidate === name)?.[1]
}

export function requestIdOf(head: ResponseHead): string | undefined {
  return headerOf(head, 'x-request-id') ?? headerOf(head, 'request-id')
}
