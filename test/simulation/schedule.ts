import type { TimeoutOptions, WebSocketOptions } from '../../src/index.ts'

/**
 * A whole simulated world as plain JSON: drawn from a seed, cut down when it fails, kept and replayed. All times are
 * virtual milliseconds.
 */
export interface Schedule {
  /** Feeds the client's jitter and the order of what happens in the same tick. */
  readonly seed: number
  readonly client: ClientPlan
  /** Options of `withOptions`, one view each. */
  readonly views: readonly ViewPlan[]
  readonly endpoints: readonly EndpointPlan[]
  readonly calls: readonly CallPlan[]
  /** The event loop is blocked: timers fire late, and input that came meanwhile is read behind them. */
  readonly stalls: readonly { readonly at: number; readonly ms: number }[]
  /** The wall clock is set, forward or back. */
  readonly wallJumps: readonly { readonly at: number; readonly ms: number }[]
  /** How the client ends; `at`: in the middle of everything, else once all calls are over. */
  readonly end: { readonly how: 'close' | 'destroy'; readonly at?: number }
  /** How often input is read behind timers of the same tick, 0 to 1. */
  readonly reorder: number
}

export interface ViewPlan {
  readonly maxRetries?: number
  readonly timeouts?: TimeoutOptions
  readonly retryUnknown?: boolean
  readonly commit?: 'progress' | 'first_event'
  readonly commitAfterMs?: number
  readonly beforeCommitMs?: number
  readonly streamFailure?: 'error' | 'sse_error'
  readonly interruption?: 'error' | 'restart'
  readonly validate?: 'off' | 'report' | 'strict'
  readonly upgradeToStream?: boolean
  readonly retry?: { readonly baseDelayMs?: number; readonly maxDelayMs?: number; readonly maxHintMs?: number }
  readonly limits?: { readonly preludeBytes?: number }
}

export interface ClientPlan extends Omit<ViewPlan, 'retry'> {
  readonly retry?: NonNullable<ViewPlan['retry']> & {
    readonly budget?: false | { readonly capacity?: number; readonly depositPerSuccess?: number }
  }
  readonly hedge?: true | { readonly minMs: number; readonly maxConcurrent: number; readonly maxExtraShare: number }
  readonly isolation?: 'leased' | 'fresh'
  readonly keepAliveMs?: number
  readonly warm?: number
  readonly warmMs?: number
  readonly maxConnections?: number
  /** Where the credential comes from: an option, or a function that may take its time. */
  readonly auth?: { readonly kind: 'key' } | { readonly kind: 'function'; readonly afterMs: number }
  /** What `onPreviousResponseNotFound` does. */
  readonly hook?: 'none' | 'rebuild' | 'decline'
  /** All endpoints of the world answer the calls of this client, instead of the first alone. */
  readonly pool?: PoolPlan
  /** Responses are streamed over WebSockets where they can be. */
  readonly webSocket?: WebSocketOptions
}

export interface PoolPlan {
  /** One for each endpoint. */
  readonly weights: readonly number[]
  /** `endpointOf` tells where everything lives, after so long. Absent: the client has to know it by itself. */
  readonly endpointOfMs?: number
}

export interface EndpointPlan {
  readonly connectMs: number
  readonly restarts: readonly RestartPlan[]
  readonly sockets?: SocketsPlan
  /** For this time it answers every request with an error, and keeps its connections. */
  readonly fails?: { readonly at: number; readonly ms: number }
}

/** How an endpoint treats all its WebSockets. */
export interface SocketsPlan {
  /** It answers no pings. */
  readonly deaf?: boolean
  /** How long a socket takes responses. */
  readonly limitMs?: number
  /** What happens after that: the next request is refused, or the socket is closed as soon as it is idle. */
  readonly atLimit?: 'refuses' | 'closes'
  /** It announces how large a message may be. */
  readonly maxMessageBytes?: number
  /** Upgrades that no request waits for are refused. */
  readonly refusesProbes?: boolean
}

/** Every connection of an endpoint dies at once, and it takes no new ones for a while. */
export interface RestartPlan {
  readonly at: number
  readonly downMs: number
  readonly how: 'reset' | 'fin'
  /** Conversations and background responses are gone. */
  readonly losesState: boolean
}

export type Face =
  | 'stream'
  | 'create'
  | 'background'
  | 'background_create'
  | 'fetch_stream'
  | 'fetch_json'
  | 'fetch_once'
  | 'upgraded'
  | 'foreign_get'
  | 'foreign_post'
  | 'repeatable_post'
  | 'retrieve'
  | 'cancel'

export interface CallPlan {
  readonly id: number
  readonly face: Face
  readonly at: number
  /** The drop-in alone reaches others than the first. */
  readonly endpoint: number
  readonly view?: number
  readonly continuation?: boolean
  /** The call whose response it continues, reads or cancels, as soon as that one has shown an id. */
  readonly of?: number
  /** The endpoint is told not to store the response. */
  readonly store?: false
  readonly follows?: FollowPlan
  readonly conversation?: boolean
  readonly restart?: boolean
  /** Milliseconds after the start; negative: the signal is aborted before. */
  readonly abortAt?: number
  /** The consumer leaves after so many pieces. */
  readonly leaveAfter?: number
  readonly pauses?: readonly { readonly after: number; readonly ms: number }[]
  /** What the endpoint does with the first, second, … request of the call; a healthy answer to any further one. */
  readonly attempts: readonly AttemptPlan[]
}

/** The call goes on where another one has ended, as soon as that one is over. */
export interface FollowPlan {
  readonly call: number
  readonly afterMs: number
  /** By the id of its response; or with its input, its output and something new. */
  readonly by: 'id' | 'history'
  /** How the caller changes what it sends again. */
  readonly edit?: HistoryEdit
}

export type HistoryEdit =
  | 'without_ids'
  | 'bare_texts'
  | 'retext'
  | 'drop'
  | 'double'
  | 'reid'
  | 'other_field'
  | 'nothing_new'

export type DialFailure = 'ECONNREFUSED' | 'ECONNRESET' | 'ENETUNREACH' | 'ENOTFOUND' | 'EMFILE' | 'CERT_HAS_EXPIRED'

export interface AttemptPlan {
  /** If it needs a new connection. */
  readonly dial?: { readonly afterMs: number; readonly fails?: DialFailure } | 'hangs'
  /** If that is a WebSocket. */
  readonly upgrade?: UpgradePlan
  readonly send?: 'stalls' | 'resets' | { readonly pieces: number; readonly everyMs: number }
  readonly headMs: number
  readonly firstMs: number
  readonly gapMs: number
  readonly answer: AnswerPlan
  /** Frames per socket read; 0: cut in the middle of frames. */
  readonly perRead: number
  readonly fault?: {
    readonly after: number
    readonly how: StreamFault
    readonly afterMs: number
    /** Of a WebSocket that is closed at its end. */
    readonly closeCode?: number
  }
  /** An event of the response that comes again, on a WebSocket, after its end. */
  readonly late?: { readonly afterMs: number; readonly what: 'delta' | 'terminal' }
  /** The form of an error on a WebSocket. */
  readonly errorForm?: 'nested' | 'flat' | 'without_status'
  /** How the endpoint treats the connection when it is done. */
  readonly then?: 'keeps' | 'closes' | 'lingers' | 'closes_soon' | 'fin_idle'
  readonly framing?: 'chunked' | 'until_close'
  /** A resumed background stream begins with so many events that were sent before, or leaves so many out. */
  readonly resume?: { readonly repeats?: number; readonly skips?: number; readonly refuses?: 400 | 404 }
}

export type UpgradePlan =
  | 'unanswered'
  | 'invalid'
  | 'resets'
  /** A response that was not asked for comes together with the upgrade. */
  | 'greets'
  | { readonly status: number; readonly hintMs?: number }

export type StreamFault = 'reset' | 'fin' | 'stall' | 'garbage' | 'truncated' | 'bad_chunk' | 'comments' | 'end'

export type AnswerPlan =
  | { readonly kind: 'stream'; readonly deltas: number; readonly keepalives: number; readonly end: EndPlan }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: string
      readonly hintMs?: number
      readonly hintAs?: 'retry-after-ms' | 'retry-after' | 'message'
      readonly shouldRetry?: boolean
      readonly body: 'json' | 'html' | 'none'
    }

export type EndPlan =
  | { readonly how: 'completed' | 'incomplete' }
  | {
      readonly how: 'failed'
      readonly code: string
      readonly hintMs?: number
      readonly told: 'none' | 'before_failed' | 'only'
      /** The `error` event in front of `response.failed` does not say what went wrong. */
      readonly vague?: boolean
      /** Between `error` and the `response.failed` behind it. */
      readonly behindMs: number
    }

/** What an endpoint does that `fails`. */
export const FAILING: AttemptPlan = {
  headMs: 5,
  firstMs: 5,
  gapMs: 1,
  answer: { kind: 'status', status: 500, code: 'server_error', body: 'json' },
  perRead: 1,
}

export const HEALTHY: AttemptPlan = {
  headMs: 5,
  firstMs: 5,
  gapMs: 1,
  answer: { kind: 'stream', deltas: 2, keepalives: 0, end: { how: 'completed' } },
  perRead: 1,
}
