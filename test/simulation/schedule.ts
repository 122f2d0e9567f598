import type { TimeoutOptions } from '../../src/index.ts'

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

export type DialFailure = 'ECONNREFUSED' | 'ECONNRESET' | 'ENETUNREACH' | 'ENOTFOUND' | 'EMFILE' | 'CERT_HAS_EXPIRED'

export interface AttemptPlan {
  /** If it needs a new connection. */
  readonly dial?: { readonly afterMs: number; readonly fails?: DialFailure } | 'hangs'
  readonly send?: 'stalls' | 'resets' | { readonly pieces: number; readonly everyMs: number }
  readonly headMs: number
  readonly firstMs: number
  readonly gapMs: number
  readonly answer: AnswerPlan
  /** Frames per socket read; 0: cut in the middle of frames. */
  readonly perRead: number
  readonly fault?: { readonly after: number; readonly how: StreamFault; readonly afterMs: number }
  /** How the endpoint treats the connection when it is done. */
  readonly then?: 'keeps' | 'closes' | 'lingers' | 'closes_soon' | 'fin_idle'
  readonly framing?: 'chunked' | 'until_close'
  /** A resumed background stream begins with so many events that were sent before, or leaves so many out. */
  readonly resume?: { readonly repeats?: number; readonly skips?: number; readonly refuses?: 400 | 404 }
}

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

export const HEALTHY: AttemptPlan = {
  headMs: 5,
  firstMs: 5,
  gapMs: 1,
  answer: { kind: 'stream', deltas: 2, keepalives: 0, end: { how: 'completed' } },
  perRead: 1,
}
