import type { Admission } from '../admission/admission.ts'
import type { AbortScope } from '../core/abort.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { Endpoints } from '../endpoints/endpoints.ts'
import type { AttemptRecord } from '../errors/errors.ts'
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

/** What the caller asked for. The same for every attempt but for the headers, which may carry rotating credentials. */
export interface CallRequest {
  readonly url: URL
  readonly method: string
  readonly body: RequestBody
  readonly dispatcher?: unknown
  /** See `TransportRequest.callersForm`. */
  readonly callersForm?: CallersForm | undefined
  /** See `TransportRequest.signal`. */
  readonly signal?: AbortSignal | undefined
  /** Those that are known before anybody is asked: the caller's own. */
  readonly given: HeaderPairs
  /** Headers for one attempt. */
  headers(ask: HeaderAsk): Promise<HeaderPairs>
  /** Whether asking with `refresh` can do better after a 401. */
  canRefresh(): boolean
  readonly latency: LatencyTraits
  readonly replay: Omit<ReplayTraits, 'bodyOpened'>
  /** Carries `previous_response_id`. */
  readonly continuation: boolean
  /** `background` and `store`. */
  readonly commitWithId: boolean
  readonly asks: ModelTraits
  /** What the caller has named the call by, for telemetry. */
  readonly label?: string | undefined
  /** The response or conversation that the call continues, or that its address names. */
  readonly continues: string | undefined
  /** The ids that the response of the answer may have; any other one is not the response that was asked for. */
  readonly expects?: readonly string[] | undefined
}

/** What the headers are made for. */
export interface HeaderAsk {
  /** Where the attempt goes. */
  readonly url: URL
  readonly body: RequestBody
  readonly callId: number
  readonly attempt: number
  /** The credential was refused, get a new one. */
  readonly refresh: boolean
  /** Asking ends with it. */
  readonly scope: AbortScope
}

/** Why what an instrumentation gave was left out. */
export type InstrumentationProblem = 'threw' | 'timed_out' | 'invalid_result'

/** Headers that the instrumentations of the client add to the attempts of one call. */
export interface AddedHeaders {
  /**
   * Those for one attempt, with names in lower case. Rejects only with the reason of an abort of `ask.scope`.
   *
   * @param onProblem told of each instrumentation that failed, by its index.
   */
  get(
    ask: HeaderAsk & { readonly method: string },
    onProblem: (index: number, problem: InstrumentationProblem) => void,
  ): Promise<HeaderPairs>
}

/** Which attempt is sent. */
export interface SentAttempt {
  readonly callId: number
  readonly attempt: number
}

/** Runs the sending of an attempt. */
export type SendIn = <T>(attempt: SentAttempt, send: () => T) => T

/** What a call runs with. Belongs to its client. */
export interface CallContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly telemetry: TelemetryEmitter
  readonly timeouts: TimeoutSettings
  readonly policy: RetryPolicy
  readonly budget: RetryBudget | undefined
  readonly scope: AbortScope
  readonly reading: ReaderSettings
  /** When the time of the call began, on the monotonic clock: earlier than the call where it goes on with another one. */
  readonly startedAt?: number | undefined
  /** The attempts that were answered with redirects, where the call follows them: its own are numbered and timed with them. */
  readonly earlier?: readonly AttemptRecord[] | undefined
  /** Times of the drop-in; off for other faces. */
  readonly beforeCommitMs: number
  readonly commitAfterMs: number
  /**
   * The face can take output back, or pick it up: a call does not end with an attempt that broke after the commit. It waits
   * for the reader, who says how to go on, until nothing was read for `staleMs`, or the time of the call is over.
   */
  readonly restartable: boolean
  readonly onPreviousResponseNotFound: PreviousResponseNotFoundHook | undefined
  /** Set where several endpoints answer the same calls. */
  readonly endpoints: Endpoints | undefined
  /** Set where calls wait for their turn. */
  readonly admission: { readonly gate: Admission; readonly queueMs: number } | undefined
  /** Set where an instrumentation of the client makes headers; of this call alone, in its asynchronous context. */
  readonly added?: AddedHeaders | undefined
  /** Set where an instrumentation of the client runs what is sent in a context of its own: calls `send` exactly once. */
  readonly sendIn?: SendIn | undefined
  /** Set where a silent attempt gets company. */
  readonly hedge: { readonly hedging: Hedging; readonly settings: HedgeSettings } | undefined
  /** Told once, when the call and its body are over. */
  onEnded(scope: AbortScope): void
}
