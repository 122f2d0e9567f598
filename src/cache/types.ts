import type { Clock } from '../core/clock.ts'

export interface ClientCacheOptions<C> {
  /**
   * Builds the client for a key; at most one build per key runs at a time, beside those that took longer than `createMs`.
   * A failed build is not cached.
   */
  create(key: string): C | PromiseLike<C>
  /**
   * Asked on every hit. A client that says no, or throws, is evicted and a new one is built. It answers at once: where it
   * returns a promise, `acquire` rejects with a `ConfigurationError`.
   */
  isUsable(client: C): boolean
  /** Called exactly once per client: when it left the cache and its last lease ended, or on `destroy()`. */
  destroy(client: C): void | PromiseLike<void>
  /** Called when a client gets no new leases any more, before its last lease ends: a pool closes its idle connections here. What it throws is ignored. */
  retire?(client: C): void
  /** Clients kept at most; beyond it the one used longest ago goes. Default 100, at least 1. */
  readonly maxEntries?: number
  /** A client without a lease is destroyed after this many ms. Default 300 000, at most 2 147 483 647; `0` keeps it until it is evicted. */
  readonly idleTtlMs?: number
  /**
   * How long `create` may take: then all who wait for it get `create_timeout`, the next `acquire` of the key builds anew, and
   * a client that comes later is destroyed. Milliseconds, default 30 000, at most 2 147 483 647; `0`: as long as it takes.
   */
  readonly createMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
  /** Told what happens to clients, in order. What it throws is ignored. */
  onEvent?(event: ClientCacheEvent): void
}

export interface ClientCacheEvent {
  readonly type: 'created' | 'poisoned' | 'evicted' | 'destroyed'
  readonly key: string
  readonly generation: number
  readonly reason?: string
}

/** The right to use a client for one piece of work. */
export interface ClientLease<C> extends Disposable {
  /** Neither closed nor poisoned when the lease was given. */
  readonly client: C
  /** The n-th client built for its key, from 1. Rises with every client built. */
  readonly generation: number
  /** The client gets no new lease from now on. Does not end this lease; later calls do nothing. */
  poison(reason: string): void
  /** Ends the lease. Idempotent; also `Symbol.dispose`, so that `using lease = await cache.acquire(key)` works. */
  release(): void
}

export interface ClientCacheStats {
  /** Clients that may get leases. */
  readonly entries: number
  /** Clients that get no new lease but still serve one. */
  readonly retired: number
  readonly leases: number
  readonly hits: number
  readonly created: number
  readonly poisoned: number
  readonly evicted: number
  readonly destroyed: number
}
