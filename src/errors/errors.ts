import type {
  AttemptPhase,
  AttemptRecord,
  Continuity,
  DeadlineInfo,
  GiveUpReason,
  ReplaySafety,
} from './attempt-record.ts'
import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'
import { explainHistory } from './explain.ts'
import { openingOf } from './opening.ts'

export type {
  AttemptPhase,
  AttemptRecord,
  Continuity,
  DeadlineInfo,
  GiveUpReason,
  HedgeCause,
  ReplaySafety,
} from './attempt-record.ts'

export interface ResilientErrorDetails {
  readonly code: ErrorCode
  readonly cause?: unknown
  readonly retryable?: boolean | undefined
  readonly replaySafety?: ReplaySafety | undefined
  readonly responseStarted?: boolean | undefined
  readonly phase?: AttemptPhase | undefined
  readonly attempts?: readonly AttemptRecord[] | undefined
  readonly giveUpReason?: GiveUpReason | undefined
  readonly retryAfterMs?: number | undefined
  readonly requestIds?: readonly string[] | undefined
  readonly responseId?: string | undefined
  /** An endpoint has made an id of what must not be shown: it can be read, and no print-out of the error shows it. */
  readonly hidesResponseId?: boolean | undefined
  readonly continuity?: Continuity | undefined
}

/**
 * A property that can be read, and that no printing of the error shows, not even `util.inspect` with `showHidden`: what it
 * holds is the conversation, or comes from the caller's own code, and may hold secrets.
 */
export function keepOutOfPrint<E extends Error>(error: E, name: string, value: unknown): E {
  return Object.defineProperty(error, name, { get: () => value, enumerable: false, configurable: true })
}

/** Shared by every copy of the package in a process, so that the guards work across them. */
const BRAND = Symbol.for('resilient-responses.error')

function isBranded(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
  } catch {
    // A `Proxy` that lets nobody in is none of ours.
    return false
  }
}

/**
 * The base of every error of this library. Match on `code` (see `docs/errors.md`), with `isResilientError(error, code)`,
 * or with `findResilientError(error)` when a host has wrapped it.
 */
export class ResilientError extends Error {
  override readonly name: string = 'ResilientError'
  /** One per cause: `ttfb_timeout`, `connection_reset`, `stream_incomplete`, … */
  readonly code: ErrorCode
  /** Whether asking again could help. It says nothing about safety: see `replaySafety`. */
  readonly retryable: boolean
  readonly replaySafety: ReplaySafety
  /** Whether any byte of an answer had been seen. */
  readonly responseStarted: boolean
  /** Where the last attempt was when it ended. */
  readonly phase: AttemptPhase
  /** The history of the call, one record per attempt, in order. */
  readonly attempts: readonly AttemptRecord[]
  /** Why there was no (further) retry. */
  readonly giveUpReason: GiveUpReason | undefined
  /** The endpoint's own delay, in milliseconds, when it gave one: how long to wait before a new call. */
  readonly retryAfterMs: number | undefined
  /** `x-request-id` of every attempt that was answered, in order. */
  readonly requestIds: readonly string[]
  readonly responseId: string | undefined
  /** Only on calls that carry `previous_response_id`: the conversation is not gone, the endpoint was not reached. */
  readonly continuity: Continuity | undefined

  constructor(message: string, details: ResilientErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    const lane = ERROR_CATALOG[details.code].lane
    this.code = details.code
    this.retryable = details.retryable ?? (lane === 'connection' || lane === 'pushback')
    this.replaySafety = details.replaySafety ?? 'safe'
    this.responseStarted = details.responseStarted ?? false
    this.phase = details.phase ?? 'preparing'
    this.attempts = details.attempts ?? []
    this.giveUpReason = details.giveUpReason
    this.retryAfterMs = details.retryAfterMs
    this.requestIds = details.requestIds ?? []
    this.responseId = details.responseId
    if (details.hidesResponseId) keepOutOfPrint(this, 'responseId', details.responseId)
    this.continuity = details.continuity
    Object.defineProperty(this, BRAND, { value: true })
  }

  /**
   * The history of the call in a few lines that a person can read. Begins with the endpoint's own words where there are any, and
   * with the message of an error that another attempt cannot heal. Holds no header and no query value.
   */
  explain(): string {
    return explainHistory({ ...this, opening: openingOf(this) })
  }

  /** Whether a value is an error of this library, of whichever copy of it. */
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    const branded = isBranded(value)
    // Subclasses keep the ordinary meaning of `instanceof`.
    return this === ResilientError ? branded : Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

/** An option, argument or environment variable that is not accepted. The message names path, value and what is. */
export class ConfigurationError extends ResilientError {
  override readonly name: string = 'ConfigurationError'
  /** For example `timeouts.ttfbMs`. Empty when the whole was wrong. */
  readonly path: string

  constructor(message: string, path: string) {
    super(message, { code: 'invalid_configuration', retryable: false })
    this.path = path
  }
}

/** The client was closed before, or destroyed during, the call. */
export class ClientClosedError extends ResilientError {
  override readonly name: string = 'ClientClosedError'

  constructor(message: string, details: Partial<ResilientErrorDetails> = {}) {
    super(message, { ...details, code: 'client_closed', retryable: false })
  }
}

/** A deadline fired. `deadline` names it, its value and where the value came from. */
export class DeadlineError extends ResilientError {
  override readonly name: string = 'DeadlineError'
  readonly deadline: DeadlineInfo | undefined

  constructor(message: string, details: ResilientErrorDetails & { readonly deadline?: DeadlineInfo | undefined }) {
    super(message, details)
    this.deadline = details.deadline
  }
}

/** The way to the endpoint failed: DNS, TCP, TLS, proxy, a reset or an early close. */
export class ConnectionError extends ResilientError {
  override readonly name: string = 'ConnectionError'
}

/** The answer broke HTTP, its encoding, the event stream, or a limit. */
export class ProtocolError extends ResilientError {
  override readonly name: string = 'ProtocolError'
}

/** What the endpoint said, as `UpstreamError` keeps it. */
export interface UpstreamWords {
  readonly status?: number | undefined
  readonly upstreamCode?: string | undefined
  readonly type?: string | undefined
  readonly param?: string | undefined
  readonly upstreamMessage?: string | undefined
  readonly advice?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The endpoint itself reported the failure, by status or inside the stream. Its words are kept beside our `message`. */
export class UpstreamError extends ResilientError {
  override readonly name: string = 'UpstreamError'
  /** The HTTP status of the answer, or the status that a failure inside a stream names (`code: 402`). */
  readonly status: number | undefined
  /** `error.code` of the endpoint, for example `context_length_exceeded`. `code` is our own. At most 100 characters. */
  readonly upstreamCode: string | undefined
  /** `error.type` of the endpoint. At most 100 characters. */
  readonly type: string | undefined
  /** `error.param` of the endpoint: the parameter at fault. At most 100 characters. */
  readonly param: string | undefined
  /** `error.message` of the endpoint, whole up to 8 192 characters, without secrets of the request. */
  readonly upstreamMessage: string | undefined
  /**
   * What to do about it, where the answer shows that the address is wrong: a 404 that no API gives, `http:` to a port for
   * `https:`. A part of `message`. `undefined` for all other answers.
   */
  readonly advice: string | undefined
  /**
   * What the endpoint sent: the JSON of an answer, its text where it is no JSON, or the event that reported the failure. As it
   * came, so it may hold what the endpoint was sent: no print-out of the error shows it.
   */
  readonly body: unknown
  /** Headers of the answer, names in lower case. No print-out of the error shows them. */
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(message: string, details: ResilientErrorDetails & UpstreamWords) {
    super(message, details)
    this.status = details.status
    this.upstreamCode = details.upstreamCode
    this.type = details.type
    this.param = details.param
    this.upstreamMessage = details.upstreamMessage
    this.advice = details.advice
    keepOutOfPrint(this, 'body', details.body)
    keepOutOfPrint(this, 'headers', details.headers)
  }
}

/**
 * The endpoint genuinely does not know `previous_response_id`. Only its own word becomes this error: a lost connection never
 * does. `onPreviousResponseNotFound` can answer it with a rebuilt request.
 */
export class PreviousResponseNotFoundError extends UpstreamError {
  override readonly name: string = 'PreviousResponseNotFoundError'
}

/** The endpoint refuses a parameter that others know. `parameter` names it; the message says what works there. */
export class UnsupportedByEndpointError extends UpstreamError {
  override readonly name: string = 'UnsupportedByEndpointError'
  readonly parameter: string

  constructor(
    message: string,
    details: ConstructorParameters<typeof UpstreamError>[1] & { readonly parameter: string },
  ) {
    super(message, details)
    this.parameter = details.parameter
  }
}

/** What an agent may keep of a stream that broke. */
export interface PartialOutput {
  /** The text that was streamed. */
  readonly text: string
  /** Items that the endpoint had finished. */
  readonly finishedItems: readonly unknown[]
  /** Items that were under way: never run a tool call from among these, its arguments did not finish. */
  readonly unfinishedItems: readonly unknown[]
}

/** The request could not be made: its body failed, `headers()` failed, or a redirect was refused. */
export class RequestError extends ResilientError {
  override readonly name: string = 'RequestError'
}

/**
 * The call continues a response (`previous_response_id`), and it is not known which of the `endpoints` has it: any other one
 * would say that there is no such response. `endpointOf` can tell, and `onPreviousResponseNotFound` can rebuild the request.
 */
export class StateNotPortableError extends RequestError {
  override readonly name: string = 'StateNotPortableError'
}

/**
 * The stream broke after output had been handed over, so a retry would have been seen. `code` names the cause
 * (`connection_reset`, `stream_incomplete`, `idle_timeout`, …).
 */
export class StreamInterruptedError extends ResilientError {
  override readonly name: string = 'StreamInterruptedError'
  /** `sequence_number` of the last event that was delivered, where the endpoint numbers its events. */
  readonly lastSequenceNumber: number | undefined
  readonly deadline: DeadlineInfo | undefined
  /** What came of the response; only on errors of `client.responses`, and in no print-out of them. */
  readonly partial: PartialOutput | undefined

  constructor(
    message: string,
    details: ResilientErrorDetails & {
      readonly lastSequenceNumber?: number | undefined
      readonly deadline?: DeadlineInfo | undefined
      readonly partial?: PartialOutput | undefined
    },
  ) {
    super(message, details)
    this.lastSequenceNumber = details.lastSequenceNumber
    this.deadline = details.deadline
    // It is the model's output.
    keepOutOfPrint(this, 'partial', details.partial)
  }
}

/** Whether `error` itself is an error of this library, and of this `code` if one is given. Follows no `cause`. */
export function isResilientError(error: unknown, code?: ErrorCode): error is ResilientError {
  return error instanceof ResilientError && (code === undefined || error.code === code)
}
