import type { Clock } from '../core/clock.ts'

/** Options of a `ClientCache`: how its clients are made, judged and ended, and how many are kept. */
export interface ClientCacheOptions<C> {
  /**
   * Builds the client for a key. At most one build per key runs at a time, apart from builds that exceeded `createMs`.
   * A failed build is not cached.
   */
  create(key: string): C | PromiseLike<C>
  /**
   * Called whenever a cached client is about to be leased. Where it returns `false` or throws, the client is evicted
   * and a new one is built. Must return at once: for a promise `acquire` rejects with a `ConfigurationError`.
   */
  isUsable(client: C): boolean
  /** Called exactly once per client: when it has left the cache and its last lease has ended, or on `destroy()`. */
  destroy(client: C): void | PromiseLike<void>
  /**
   * Called when a client stops getting leases, before its last lease ends. A pool closes its idle connections here.
   * Errors are ignored.
   */
  retire?(client: C): void
  /**
   * The most clients to keep. When there are more, the least recently used client is evicted. Default 100, at least 1.
   */
  readonly maxEntries?: number
  /**
   * A client without a lease is destroyed after this time. Milliseconds, default 300 000, at most 2 147 483 647; `0`
   * keeps it until it is evicted.
   */
  readonly idleTtlMs?: number
  /**
   * How long `create` may take. After that all waiting callers get `create_timeout`, the next `acquire` of the key
   * starts a new build, and a client that comes later is destroyed. Milliseconds, default 30 000, at most 2 147 483
   * 647; `0`: no limit.
   */
  readonly createMs?: number
  /** Default: the system clock. */
  readonly clock?: Clock
  /** Called with each event of a client, in order. Errors are ignored. */
  onEvent?(event: ClientCacheEvent): void
}

/** What happened to a cached client. Told to `onEvent` of the cache. */
export interface ClientCacheEvent {
  readonly type: 'created' | 'poisoned' | 'evicted' | 'destroyed'
  readonly key: string
  readonly generation: number
  readonly reason?: string
}

/** The right to use a client for one piece of work. */
export interface ClientLease<C> extends Disposable {
  /** Was neither closed nor poisoned when the lease was given. */
  readonly client: C
  /** The n-th client built for its key, from 1. */
  readonly generation: number
  /** Gives the client no new leases. Does not end this lease. Later calls do nothing. */
  poison(reason: string): void
  /** Ends the lease. Idempotent; also `Symbol.dispose`, so that `using lease = await cache.acquire(key)` works. */
  release(): void
}

/** Counts of a cache, at this moment. */
export interface ClientCacheStats {
  /** Clients that may get leases. */
  readonly entries: number
  /** Clients that get no new lease but still have one. */
  readonly retired: number
  readonly leases: number
  readonly hits: number
  readonly created: number
  readonly poisoned: number
  readonly evicted: number
  readonly destroyed: number
}
