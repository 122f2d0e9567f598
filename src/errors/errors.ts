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
  AttemptTransport,
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
  /** The endpoint made an id from a secret. The id can be read, but is never printed. */
  readonly hidesResponseId?: boolean | undefined
  readonly continuity?: Continuity | undefined
  readonly callId?: number | undefined
}

/**
 * A property that can be read but is never printed, not even by `util.inspect` with `showHidden`. It holds the
 * conversation, or comes from the caller's code, and may hold secrets.
 */
export function keepOutOfPrint<E extends Error>(error: E, name: string, value: unknown): E {
  return Object.defineProperty(error, name, { get: () => value, enumerable: false, configurable: true })
}

/** Shared by all copies of the package in a process, so that the guards work across them. */
const BRAND = Symbol.for('resilient-responses.error')

function isBranded(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
  } catch {
    // A `Proxy` that throws on access is not an error of this library.
    return false
  }
}

/**
 * The base class of every error of this library. Match on `code` (see `docs/errors.md`), with `isResilientError(error,
 * code)`, or with `findResilientError(error)` when a host has wrapped the error.
 */
export class ResilientError extends Error {
  override readonly name: string = 'ResilientError'
  /** One for each cause: `ttfb_timeout`, `connection_reset`, `stream_incomplete`, … */
  readonly code: ErrorCode
  /** Whether a retry could help. Whether it is safe is a separate question: see `replaySafety`. */
  readonly retryable: boolean
  readonly replaySafety: ReplaySafety
  /** Whether any byte of an answer was received. */
  readonly responseStarted: boolean
  /** The phase of the last attempt when it ended. */
  readonly phase: AttemptPhase
  /** The history of the call: one record per attempt, in order. */
  readonly attempts: readonly AttemptRecord[]
  /** Why there was no (further) retry. */
  readonly giveUpReason: GiveUpReason | undefined
  /** The hint of the endpoint: how long to wait before a new call. Milliseconds. */
  readonly retryAfterMs: number | undefined
  /** `x-request-id` of every answered attempt, in order. */
  readonly requestIds: readonly string[]
  readonly responseId: string | undefined
  /** Only for calls with `previous_response_id`: the conversation still exists, but the endpoint was not reached. */
  readonly continuity: Continuity | undefined
  /** The number of the call in telemetry and in the header `x-resilient-responses`. `undefined` if no call made the error. */
  readonly callId: number | undefined

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
    this.callId = details.callId
    Object.defineProperty(this, BRAND, { value: true })
  }

  /**
   * The history of the call in a few readable lines. Begins with the endpoint's message if there is one, or with the
   * message of an error that a retry cannot heal. Contains no header values and no query values.
   */
  explain(): string {
    return explainHistory({ ...this, opening: openingOf(this) })
  }

  /**
   * What `JSON.stringify` and loggers write: the name, the message and the properties that may be printed. Leaves out `cause`,
   * `stack`, bodies, headers and partial output.
   */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), name: this.name, message: this.message }
  }

  /** Whether a value is an error of any copy of this library. */
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    const branded = isBranded(value)
    // Subclasses keep the ordinary meaning of `instanceof`.
    return this === ResilientError ? branded : Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

/**
 * An option, argument or environment variable that is not accepted. The message names the path, the value and what is
 * accepted.
 */
export class ConfigurationError extends ResilientError {
  override readonly name: string = 'ConfigurationError'
  /** For example `timeouts.ttfbMs`. Empty when the options as a whole are wrong. */
  readonly path: string

  constructor(message: string, path: string) {
    super(message, { code: 'invalid_configuration', retryable: false })
    this.path = path
  }
}

/** The client was closed before the call, or destroyed during it. */
export class ClientClosedError extends ResilientError {
  override readonly name: string = 'ClientClosedError'

  constructor(message: string, details: Partial<ResilientErrorDetails> = {}) {
    super(message, { ...details, code: 'client_closed', retryable: false })
  }
}

/** A deadline fired. `deadline` holds its name, its value and the source of the value. */
export class DeadlineError extends ResilientError {
  override readonly name: string = 'DeadlineError'
  readonly deadline: DeadlineInfo | undefined

  constructor(message: string, details: ResilientErrorDetails & { readonly deadline?: DeadlineInfo | undefined }) {
    super(message, details)
    this.deadline = details.deadline
  }
}

/** The connection to the endpoint failed: DNS, TCP, TLS, proxy, a reset or an early close. */
export class ConnectionError extends ResilientError {
  override readonly name: string = 'ConnectionError'
}

/** The answer violated HTTP, its encoding, the event stream format, or a limit. */
export class ProtocolError extends ResilientError {
  override readonly name: string = 'ProtocolError'
}

/** The endpoint's words, as `UpstreamError` keeps them. */
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

/** The endpoint reported the failure, by status or inside the stream. Its own words are kept beside our `message`. */
export class UpstreamError extends ResilientError {
  override readonly name: string = 'UpstreamError'
  /** The HTTP status of the answer, or the status that a failure inside a stream names (`code: 402`). */
  readonly status: number | undefined
  /** `error.code` of the endpoint, for example `context_length_exceeded`. At most 100 characters. (`code` is ours.) */
  readonly upstreamCode: string | undefined
  /** `error.type` of the endpoint. At most 100 characters. */
  readonly type: string | undefined
  /** `error.param` of the endpoint: the wrong parameter. At most 100 characters. */
  readonly param: string | undefined
  /** `error.message` of the endpoint, up to 8 192 characters, without secrets of the request. */
  readonly upstreamMessage: string | undefined
  /**
   * How to fix it, where the answer shows that the address is wrong: a 404 that does not come from the API, or `http:`
   * to a port for `https:`. Also part of `message`. `undefined` for all other answers.
   */
  readonly advice: string | undefined
  /**
   * What the endpoint sent: the parsed JSON of an answer, its text if it is not JSON, or the event that reported the
   * failure. Unchanged, so it may echo the request. Never printed.
   */
  readonly body: unknown
  /** Headers of the answer, with lower-case names. Never printed. */
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
 * The endpoint says that it does not know `previous_response_id`. A lost connection never becomes this error.
 * `onPreviousResponseNotFound` can rebuild the request.
 */
export class PreviousResponseNotFoundError extends UpstreamError {
  override readonly name: string = 'PreviousResponseNotFoundError'
}

/** The endpoint does not support the parameter named by `parameter`. The message says what to use instead. */
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

/** What an agent may keep of an interrupted stream. */
export interface PartialOutput {
  /** The text that was streamed. */
  readonly text: string
  /** Items that were finished. */
  readonly finishedItems: readonly unknown[]
  /** Items that were under way. Never run a tool call from here: its arguments are incomplete. */
  readonly unfinishedItems: readonly unknown[]
}

/** The request could not be made: its body failed, `headers()` failed, or a redirect was refused. */
export class RequestError extends ResilientError {
  override readonly name: string = 'RequestError'
}

/**
 * The call continues a response (`previous_response_id`), and it is not known which of the `endpoints` is its owner.
 * Any other endpoint would answer that the response does not exist. `endpointOf` can name the owner, and
 * `onPreviousResponseNotFound` can rebuild the request.
 */
export class StateNotPortableError extends RequestError {
  override readonly name: string = 'StateNotPortableError'
}

/**
 * The stream broke after output was handed over, so the caller would have seen a retry. `code` names the cause
 * (`connection_reset`, `stream_incomplete`, `idle_timeout`, …).
 */
export class StreamInterruptedError extends ResilientError {
  override readonly name: string = 'StreamInterruptedError'
  /** `sequence_number` of the last delivered event, where the endpoint numbers its events. */
  readonly lastSequenceNumber: number | undefined
  readonly deadline: DeadlineInfo | undefined
  /** The output so far. Only on errors of `client.responses`. Never printed. */
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
    // It is output of the model.
    keepOutOfPrint(this, 'partial', details.partial)
  }
}

/** Whether `error` itself is an error of this library, and has this `code` if one is given. Does not follow `cause`. */
export function isResilientError(error: unknown, code?: ErrorCode): error is ResilientError {
  return error instanceof ResilientError && (code === undefined || error.code === code)
}
