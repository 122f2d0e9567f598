import type { AttemptPhase, AttemptRecord, Continuity, GiveUpReason, ReplaySafety } from './attempt-record.ts'
import { ERROR_CATALOG, type ErrorCode } from './catalog.ts'
import { explainHistory } from './explain.ts'
import { openingOf } from './opening.ts'

/** The fields of an error, for those who make one in a test. */
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
  readonly startedAt?: string | undefined
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
 * code)`, or with `findResilientError(error)` when an SDK has wrapped the error.
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
  /**
   * Only for calls with `previous_response_id`: how the call failed, while the conversation still exists. `undefined` when the
   * endpoint said that it does not know the response, and when nothing was sent.
   */
  readonly continuity: Continuity | undefined
  /** The number of the call in telemetry and in the header `x-resilient-responses`. `undefined` if no call made the error. */
  readonly callId: number | undefined
  /**
   * When the call began, as ISO 8601 has it, in UTC: `2026-11-28T15:40:50.000Z`. Times of `attempts` count from it. `undefined` if
   * no call made the error.
   */
  readonly startedAt: string | undefined

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
    this.startedAt = details.startedAt
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

/** Whether `error` itself is an error of this library, and has this `code` if one is given. Does not follow `cause`. */
export function isResilientError(error: unknown, code?: ErrorCode): error is ResilientError {
  return error instanceof ResilientError && (code === undefined || error.code === code)
}
