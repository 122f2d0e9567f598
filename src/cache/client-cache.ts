import { type Clock, systemClock } from '../core/clock.ts'
import { ClientClosedError, ConfigurationError } from '../errors/errors.ts'
import { Callbacks } from './callbacks.ts'
import { type Entry, newEntry } from './entry.ts'
import { Generations } from './generations.ts'
import { IdleSweep } from './idle-sweep.ts'
import { Lease, type LeaseKeeper, withoutThis } from './lease.ts'
import { checkCacheOptions, limitsOf } from './limits.ts'
import { Making } from './making.ts'
import { Order } from './order.ts'
import { Owner } from './owner.ts'
import { Retired } from './retired.ts'
import type { ClientCacheEvent, ClientCacheOptions, ClientCacheStats, ClientLease } from './types.ts'

export type { ClientCacheEvent, ClientCacheOptions, ClientCacheStats, ClientLease } from './types.ts'

/** A client that is being built, for all callers that wait for it. */
interface Build<C> {
  waiting: number
  readonly making: Making<C>
  done: Promise<Entry<C>>
}

/**
 * `acquire` for a user with thousands of leases: returns the lease itself, whose methods need their `this`.
 *
 * @throws as `ClientCache.acquire`.
 */
export let acquireLease: <C>(cache: ClientCache<C>, key: string) => Promise<Lease<C>>

/**
 * Clients by key, handed out as leases. A poisoned client gets no new lease: the next `acquire` of the key gets a new
 * client, and the poisoned one is destroyed when its last lease ends. A lease names the generation of its client, so a
 * late failure of an old client cannot affect its successor.
 *
 * Generic: this package caches HTTP pools in it, and an agent can cache its own SDK clients.
 *
 * @throws ConfigurationError from the constructor, for an option that is not accepted.
 */
export class ClientCache<C> {
  readonly #options: ClientCacheOptions<C>
  readonly #owner: Owner<C>
  readonly #clock: Clock
  readonly #maxEntries: number
  readonly #createMs: number
  readonly #entries = new Map<string, Entry<C>>()
  /** The entries by last use, least recently used first. */
  readonly #byUse = new Order<Entry<C>>()
  readonly #retired = new Retired<C>()
  readonly #builds = new Map<string, Build<C>>()
  readonly #generations = new Generations()
  readonly #callbacks: Callbacks
  readonly #sweep: IdleSweep<C>
  readonly #keeper: LeaseKeeper<C> = {
    poison: (entry, reason) => this.#poison(entry, reason),
    release: (entry) => this.#release(entry),
  }
  #state: 'open' | 'closing' | 'destroyed' = 'open'
  #onDrained: Array<() => void> = []
  readonly #counts = { hits: 0, created: 0, poisoned: 0, evicted: 0, destroyed: 0 }

  constructor(options: ClientCacheOptions<C>) {
    checkCacheOptions(options)
    this.#options = options
    this.#owner = new Owner(options)
    this.#clock = options.clock ?? systemClock
    const { maxEntries, idleTtlMs, createMs } = limitsOf(options)
    this.#maxEntries = maxEntries
    this.#createMs = createMs
    this.#callbacks = new Callbacks(this.#clock)
    this.#sweep = new IdleSweep(this.#clock, idleTtlMs, (entry) => this.#retire(entry, 'idle'))
  }

  /**
   * Returns a lease on the client of `key`. Builds the client if the cache has no usable one.
   *
   * @throws ClientClosedError after `close()` or `destroy()`, also for callers that wait for a build; whatever `create`
   * throws; DeadlineError `create_timeout` when `create` takes longer than `createMs`.
   */
  acquire(key: string): Promise<ClientLease<C>> {
    return this.#acquire(key, withoutThis)
  }

  static {
    acquireLease = (cache, key) => cache.#acquire(key, (lease) => lease)
  }

  /** @param handedOutAs called with the lease in the same tick: a moment later its client may be unusable. */
  async #acquire<L>(key: string, handedOutAs: (lease: Lease<C>) => L): Promise<L> {
    for (;;) {
      this.#assertOpen()
      const cached = this.#entries.get(key)
      if (cached !== undefined) {
        if (this.#owner.isUsable(cached.client)) {
          this.#counts.hits++
          if (cached.leases++ === 0) this.#sweep.isNotIdle(cached)
          return handedOutAs(this.#lease(cached))
        }
        this.#retire(cached, 'unusable')
      }
      const build = this.#builds.get(key) ?? this.#build(key)
      build.waiting++
      const entry = await build.done
      if (this.#mayServe(entry)) return handedOutAs(this.#lease(entry))
      // The client was poisoned, evicted or closed since the end of the build: ask again.
      this.#release(entry)
    }
  }

  /**
   * Gives the client of `key` no new leases. It is destroyed when its last lease ends.
   *
   * @param options.generation evict only this generation: a late report about an old client then changes nothing.
   * @returns whether a client was evicted.
   */
  evict(key: string, options: { readonly generation?: number; readonly reason?: string } = {}): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    if (options.generation !== undefined && options.generation !== entry.generation) return false
    this.#retire(entry, options.reason ?? 'evicted')
    return true
  }

  /** Clients and leases, at this moment. Takes time in proportion to the number of keys. */
  stats(): ClientCacheStats {
    let leases = 0
    for (const entry of this.#entries.values()) leases += entry.leases
    for (const entry of this.#retired) leases += entry.leases
    return { entries: this.#entries.size, retired: this.#retired.size, leases, ...this.#counts }
  }

  /**
   * Gives out no more leases. Destroys idle clients now, and the others as their leases end. Resolves when all leases
   * have ended and all `create` and `destroy` callbacks have settled; it waits for callbacks at most 5 s. A client that
   * is created later is destroyed at once.
   */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    this.#giveUpBuilds('cache closed')
    for (const entry of [...this.#entries.values()]) this.#retire(entry, 'cache closed')
    if (this.#retired.size > 0) await new Promise<void>((resolve) => this.#onDrained.push(resolve))
    await this.#callbacks.settled()
  }

  /**
   * Destroys every client now, even one in use. Resolves when all `create` and `destroy` callbacks have settled, after
   * 5 s at most. A client that is created later is destroyed at once.
   */
  async destroy(): Promise<void> {
    this.#state = 'destroyed'
    this.#giveUpBuilds('cache destroyed')
    for (const entry of [...this.#entries.values()]) this.#retire(entry, 'cache destroyed')
    for (const entry of [...this.#retired]) this.#destroyEntry(entry)
    await this.#callbacks.settled()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw cacheClosed()
  }

  /** Whether a caller that waited for this client's build may get it. */
  #mayServe(entry: Entry<C>): boolean {
    if (this.#state !== 'open') return false
    // Eviction by another key does not make a client unusable.
    if (entry.retiredFor !== undefined && !entry.pushedOut) return false
    if (this.#owner.isUsable(entry.client)) return true
    this.#retire(entry, 'unusable')
    return false
  }

  #build(key: string): Build<C> {
    const making = new Making({
      create: () => this.#options.create(key),
      clock: this.#clock,
      ms: this.#createMs,
      tooLate: (client, why) => this.#retire(this.#enter(key, client), why),
    })
    this.#callbacks.creating(making.settled)
    const build: Build<C> = { waiting: 0, making, done: undefined as never }
    build.done = this.#built(key, build)
    this.#builds.set(key, build)
    return build
  }

  async #built(key: string, build: Build<C>): Promise<Entry<C>> {
    try {
      const client = await build.making.inTime
      const entry = this.#enter(key, client)
      if (this.#state !== 'open') {
        this.#retire(entry, 'cache closed')
        throw cacheClosed()
      }
      if (!this.#owner.isUsable(client)) {
        this.#retire(entry, 'unusable')
        throw this.#owner.answersLater
          ? new ConfigurationError('isUsable: returned a promise; accepted: true or false, at once.', 'isUsable')
          : new ConfigurationError(
              'create() returned a client for which isUsable() returned false; create() must return a usable client.',
              'create',
            )
      }
      // Counted from here on: a client that is evicted before they resume would be built again and again.
      entry.leases = build.waiting
      this.#entries.set(key, entry)
      this.#byUse.toEnd(entry)
      this.#makeRoom()
      return entry
    } finally {
      this.#builds.delete(key)
    }
  }

  /** Registers a created client. */
  #enter(key: string, client: C): Entry<C> {
    const generation = this.#generations.next(key, (other) => this.#isAlive(other))
    const entry = newEntry({ key, generation, client, idleSince: this.#clock.now() })
    this.#counts.created++
    this.#tell('created', entry)
    return entry
  }

  #giveUpBuilds(why: string): void {
    for (const { making } of this.#builds.values()) making.giveUp(cacheClosed(), why)
  }

  #isAlive(key: string): boolean {
    return this.#entries.has(key) || this.#retired.hasKey(key)
  }

  #lease(entry: Entry<C>): Lease<C> {
    if (entry.retiredFor === undefined) this.#byUse.toEnd(entry)
    return new Lease(entry, this.#keeper)
  }

  #poison(entry: Entry<C>, reason: string): void {
    if (entry.retiredFor !== undefined) return
    this.#counts.poisoned++
    this.#tell('poisoned', entry, reason)
    this.#retire(entry, reason)
  }

  #release(entry: Entry<C>): void {
    entry.leases--
    if (entry.leases > 0) return
    if (entry.retiredFor !== undefined) {
      this.#destroyEntry(entry)
      return
    }
    this.#sweep.isIdle(entry)
  }

  /** Removes the client from the cache: no new leases. Destroys it now if it has none. */
  #retire(entry: Entry<C>, reason: string): void {
    if (entry.retiredFor !== undefined) return
    entry.retiredFor = reason
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
    this.#byUse.delete(entry)
    this.#sweep.isNotIdle(entry)
    this.#retired.add(entry)
    this.#counts.evicted++
    this.#tell('evicted', entry, reason)
    this.#owner.retire(entry.client)
    if (entry.leases === 0) this.#destroyEntry(entry)
    if (this.#entries.size === 0) this.#sweep.disarm()
  }

  #destroyEntry(entry: Entry<C>): void {
    if (entry.destroyed) return
    entry.destroyed = true
    this.#retired.delete(entry)
    this.#counts.destroyed++
    this.#callbacks.destroying(this.#owner.destroy(entry.client))
    this.#tell('destroyed', entry, entry.retiredFor)
    if (this.#retired.size === 0) for (const resolve of this.#onDrained.splice(0)) resolve()
  }

  #makeRoom(): void {
    const oldest = this.#byUse.first
    if (this.#entries.size <= this.#maxEntries || oldest === undefined) return
    oldest.pushedOut = true
    this.#retire(oldest, 'least recently used')
  }

  #tell(type: ClientCacheEvent['type'], { key, generation }: Entry<C>, reason?: string): void {
    this.#owner.tell({ type, key, generation, ...(reason === undefined ? {} : { reason }) })
  }
}

function cacheClosed(): ClientClosedError {
  return new ClientClosedError('The client cache is closed. Create a new cache, or close this one later.')
}
