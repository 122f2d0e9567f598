import type { Clock } from '../core/clock.ts'
import type { Failure } from '../errors/failure.ts'
import type { ClassifyHook, ClassifyProblem } from '../retry/classify-hook.ts'
import type { SseEvent } from '../sse/sse-reader.ts'
import type { CommitReason } from '../telemetry/events.ts'
import type { ResponseHead, TransportRequest } from '../transport/transport.ts'
import type { Chunk } from './chunk.ts'

/** What a piece of a body means for its attempt. */
export interface ReadResult {
  /** To be handed over, or held. */
  readonly chunk?: Chunk | undefined
  readonly commit?: CommitReason | undefined
  /** The body is complete as far as the call is concerned: what the endpoint sends on is its own affair. */
  readonly finished?: boolean | undefined
  /** The attempt failed. With `finished`, the endpoint said so and its words are part of the output. */
  readonly failure?: Failure | undefined
  /** Wait a moment for what may follow. */
  readonly linger?: boolean | undefined
  /** What came last may be the end of the answer, all but the blank line behind it. */
  readonly mayBeLast?: boolean | undefined
}

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

/** The attempt whose answer is read. */
export interface ReaderOwner {
  /** Told of every event, for the watchdog. */
  onEvent(event: SseEvent): void
  /** Told which reading takes over from the one that had the first bytes. */
  readsWith(reading: ResponseReader): void
  /** What was asked. */
  readonly url: URL
  /** What must not appear in an excerpt: the credentials of the request. */
  readonly secrets: readonly string[]
  /** What was sent: an endpoint may echo it. */
  readonly request: Pick<TransportRequest, 'headers' | 'body'>
  /** Whether somebody remembers where responses live. */
  readonly wantsIds: boolean
  /** Told of the ids of an answer that is no event stream. */
  onIds(ids: readonly string[]): void
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
  readonly owner: ReaderOwner
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
