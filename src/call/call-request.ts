import type { Admission } from '../admission/admission.ts'
import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Endpoints } from '../endpoints/endpoints.ts'
import type { AttemptRecord } from '../errors/errors.ts'
import type { CallFleet } from '../fleet-port/call-fleet.ts'
import type { HedgeSettings, Hedging } from '../hedge/hedging.ts'
import type { RetryBudget } from '../retry/budget.ts'
import type { RetryPolicy } from '../retry/decide.ts'
import type { ReplayTraits } from '../retry/replay-safety.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { CallersForm, HeaderPairs, RequestBody, Transport } from '../transport/transport.ts'
import type { LatencyTraits, TimeoutSettings } from '../watchdog/deadlines.ts'
import type { PreviousResponseNotFoundHook } from './not-found.ts'
import type { ModelTraits } from './request-traits.ts'
import type { ReaderSettings } from './response-reader.ts'
import type { SocketRouting } from './socket-plan.ts'

/** The caller's request. The same for every attempt, except for headers with rotating credentials. */
export interface CallRequest {
  readonly url: URL
  readonly method: string
  readonly body: RequestBody
  readonly dispatcher?: unknown
  /** See `TransportRequest.callersForm`. */
  readonly callersForm?: CallersForm | undefined
  /** See `TransportRequest.signal`. */
  readonly signal?: AbortSignal | undefined
  /** The caller's headers, which are known at once. */
  readonly given: HeaderPairs
  /** The headers of one attempt. */
  headers(ask: HeaderAsk): Promise<HeaderPairs>
  /** Whether `headers` with `refresh` can give a new credential after a 401. */
  canRefresh(): boolean
  readonly latency: LatencyTraits
  readonly replay: Omit<ReplayTraits, 'bodyOpened'>
  /** Whether the request has `previous_response_id`. */
  readonly continuation: boolean
  /** Whether the request has `background`, and not `store: false`. */
  readonly commitWithId: boolean
  /** See `RequestTraits.mayBeOver`. */
  readonly mayBeOver: boolean
  readonly asks: ModelTraits
  /** What the caller has named the call by, for telemetry. */
  readonly label?: string | undefined
  /** The response or conversation that the call continues, or that its address names. */
  readonly continues: string | undefined
  /** Calls with the same text go to the same one of several endpoints while it is ready. */
  readonly affinity?: string | undefined
  /** The endpoint keeps the response, or what the call is about. */
  readonly stored: boolean
  /** The ids that the response of the answer may have. Any other response is not the requested one. */
  readonly expects?: readonly string[] | undefined
}

/** The attempt that headers are made for. */
export interface HeaderAsk {
  /** Address of the attempt. */
  readonly url: URL
  readonly body: RequestBody
  readonly callId: number
  readonly attempt: number
  /** The credential was refused: get a new one. */
  readonly refresh: boolean
  /** Ends the work on the headers. */
  readonly scope: AbortScope
}

/** Why the headers of an instrumentation were left out. */
export type InstrumentationProblem = 'threw' | 'timed_out' | 'invalid_result'

/** The headers that the client's instrumentations add to the attempts of one call. */
export interface AddedHeaders {
  /**
   * The headers of one attempt, with lower-case names. A promise only if an instrumentation returned one. Rejects only with the
   * reason of an abort of `ask.scope`, and never throws.
   *
   * @param onProblem called with the index of each instrumentation that failed.
   */
  get(
    ask: AddedAsk,
    onProblem: (index: number, problem: InstrumentationProblem) => void,
  ): HeaderPairs | Promise<HeaderPairs>
}

/** What the headers of instrumentations depend on. */
export interface AddedAsk extends HeaderAsk {
  readonly method: string
  /** The scope of what instrumentations still do. Made when it is first needed: most functions return their headers at once. */
  readonly running: () => AbortScope
}

/** Which attempt is sent. */
export interface SentAttempt {
  readonly callId: number
  readonly attempt: number
}

/** Runs the sending of an attempt. */
export type SendIn = <T>(attempt: SentAttempt, send: () => T) => T

/** The context of a call, made by its client. Calls share it, so it holds nothing that belongs to one call. */
export interface CallContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly telemetry: TelemetryEmitter
  readonly timeouts: TimeoutSettings
  readonly policy: RetryPolicy
  readonly budget: RetryBudget | undefined
  readonly reading: ReaderSettings
  /** Start of the call's time, on the monotonic clock. Earlier than the call if it continues another one. */
  readonly startedAt?: number | undefined
  /** How many attempts the calls that this one continues have made. For the message of an error. */
  readonly attemptsBefore?: number | undefined
  /**
   * Attempts that were answered with redirects, if the call follows one. Its own attempts continue their numbers and
   * times.
   */
  readonly earlier?: readonly AttemptRecord[] | undefined
  /** For the drop-in. Off for other faces. */
  readonly beforeCommitMs: number
  readonly commitAfterMs: number
  /**
   * The face can take output back, or resume it, so a call does not end with an attempt that broke after the commit.
   * The call waits for the reader to continue, until nothing was read for `staleMs`, or the time of the call is over.
   */
  readonly restartable: boolean
  readonly onPreviousResponseNotFound: PreviousResponseNotFoundHook | undefined
  /** Set if responses may come over WebSockets. */
  readonly sockets?: SocketRouting | undefined
  /** Set if several endpoints answer the same calls. */
  readonly endpoints: Endpoints | undefined
  /** Set if clients of other processes are told, and tell. */
  readonly fleet?: CallFleet | undefined
  /** Set if calls are limited. */
  readonly admission: { readonly gate: Admission; readonly queueMs: number } | undefined
  /** Set if an instrumentation of the client makes headers. Belongs to this call and its asynchronous context. */
  readonly added?: AddedHeaders | undefined
  /** Set if an instrumentation of the client sends in another asynchronous context. Calls `send` exactly once. */
  readonly sendIn?: SendIn | undefined
  /** Set if silent attempts are hedged. */
  readonly hedge: { readonly hedging: Hedging; readonly settings: HedgeSettings } | undefined
  /** Called once, when the call and its body are over. */
  onEnded(scope: AbortScope): void
}
