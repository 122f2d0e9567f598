import type { DeadlineInfo } from './attempt-record.ts'
import { keepOutOfPrint, ResilientError, type ResilientErrorDetails } from './resilient-error.ts'
import type { UpstreamWords } from './upstream-words.ts'

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
export { isResilientError, keepOutOfPrint, ResilientError, type ResilientErrorDetails } from './resilient-error.ts'
export type { UpstreamWords } from './upstream-words.ts'

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
  /**
   * A possible cause and what to do about it, where the connection was accepted at once and no byte of an answer came. Also part of
   * `message`. `undefined` for all other deadlines.
   */
  readonly advice: string | undefined

  constructor(
    message: string,
    details: ResilientErrorDetails & {
      readonly deadline?: DeadlineInfo | undefined
      readonly advice?: string | undefined
    },
  ) {
    super(message, details)
    this.deadline = details.deadline
    this.advice = details.advice
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
