import { type Clock, systemClock } from '../core/clock.ts'
import { ClientClosedError, ConfigurationError } from '../errors/errors.ts'
import { type Entry, newEntry } from './entry.ts'
import { Generations } from './generations.ts'
import { IdleSweep } from './idle-sweep.ts'
import { Lease, type LeaseKeeper, withoutThis } from './lease.ts'
import { checkOptions, limitsOf } from './limits.ts'
import type { ClientCacheEvent, ClientCacheOptions, ClientCacheStats, ClientLease } from './types.ts'

export type { ClientCacheEvent, ClientCacheOptions, ClientCacheStats, ClientLease } from './types.ts'

interface Build<C> {
  waiting: number
  readonly done: Promise<Entry<C>>
}

/**
 * `acquire` for who holds thousands of leases: the same lease, but as an object whose methods need their `this`.
 *
 * @throws as `ClientCache.acquire`.
 */
export let acquireLease: <C>(cache: ClientCache<C>, key: string) => Promise<Lease<C>>

/**
 * Clients by key, handed out as leases. A client that failed is poisoned: it leaves the cache at once, so that whoever
 * asks next gets a new one, and is destroyed when those still using it are done. Failures name their generation by their
 * lease, so a late failure of an old client cannot hurt its successor.
 *
 * Generic: it caches HTTP pools here, and can cache an agent's own SDK clients just as well.
 *
 * @throws ConfigurationError from the constructor, for an option that is not accepted.
 */
export class ClientCache<C> {
  readonly #options: ClientCacheOptions<C>
  readonly #clock: Clock
  readonly #maxEntries: number
  /** In order of last use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry<C>>()
  readonly #retired = new Set<Entry<C>>()
  readonly #builds = new Map<string, Build<C>>()
  readonly #generations = new Generations()
  readonly #dying = new Set<Promise<void>>()
  readonly #sweep: IdleSweep
  readonly #keeper: LeaseKeeper<C> = {
    poison: (entry, reason) => this.#poison(entry, reason),
    release: (entry) => this.#release(entry),
  }
  #state: 'open' | 'closing' | 'destroyed' = 'open'
  #onDrained: Array<() => void> = []
  readonly #counts = { hits: 0, created: 0, poisoned: 0, evicted: 0, destroyed: 0 }

  constructor(options: ClientCacheOptions<C>) {
    checkOptions(options)
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { maxEntries, idleTtlMs } = limitsOf(options)
    this.#maxEntries = maxEntries
    this.#sweep = new IdleSweep(
      this.#clock,
      idleTtlMs,
      () => this.#idlest(),
      (idleSince) => this.#retireIdle(idleSince),
    )
  }

  /**
   * A lease on the client of `key`, which is built if there is none.
   *
   * @throws ClientClosedError after `close()` or `destroy()`; whatever `create` throws.
   */
  acquire(key: string): Promise<ClientLease<C>> {
    return this.#acquire(key, withoutThis)
  }

  static {
    acquireLease = (cache, key) => cache.#acquire(key, (lease) => lease)
  }

  /** @param handedOutAs made of the lease in the same tick: a moment later its client may be unusable. */
  async #acquire<L>(key: string, handedOutAs: (lease: Lease<C>) => L): Promise<L> {
    for (;;) {
      this.#assertOpen()
      const cached = this.#entries.get(key)
      if (cached !== undefined) {
        if (this.#isUsable(cached.client)) {
          this.#counts.hits++
          cached.leases++
          return handedOutAs(this.#lease(cached))
        }
        this.#retire(cached, 'unusable')
      }
      const build = this.#builds.get(key) ?? this.#build(key)
      build.waiting++
      const entry = await build.done
      if (this.#mayServe(entry)) return handedOutAs(this.#lease(entry))
      // It was poisoned, evicted or closed between the end of the build and now: ask again.
      this.#release(entry)
    }
  }

  /**
   * Gives the client of `key` no new leases; it is destroyed when its last lease ends.
   *
   * @param options.generation evict only this generation: a late report about an old client changes nothing.
   * @returns whether a client was evicted.
   */
  evict(key: string, options: { readonly generation?: number; readonly reason?: string } = {}): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    if (options.generation !== undefined && options.generation !== entry.generation) return false
    this.#retire(entry, options.reason ?? 'evicted')
    return true
  }

  stats(): ClientCacheStats {
    let leases = 0
    for (const entry of this.#entries.values()) leases += entry.leases
    for (const entry of this.#retired) leases += entry.leases
    return { entries: this.#entries.size, retired: this.#retired.size, leases, ...this.#counts }
  }

  /** Gives out no more leases, destroys idle clients now and the others as their leases end. Resolves when none is left. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    for (const entry of [...this.#entries.values()]) this.#retire(entry, 'cache closed')
    await this.#built()
    if (this.#retired.size > 0) await new Promise<void>((resolve) => this.#onDrained.push(resolve))
    await Promise.allSettled(this.#dying)
  }

  /** Destroys every client now, whoever uses it. Resolves when all `destroy` callbacks have settled. */
  async destroy(): Promise<void> {
    this.#state = 'destroyed'
    for (const entry of [...this.#entries.values()]) this.#retire(entry, 'cache destroyed')
    for (const entry of [...this.#retired]) this.#destroyEntry(entry)
    await this.#built()
    await Promise.allSettled(this.#dying)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertOpen(): void {
    if (this.#state !== 'open') {
      throw new ClientClosedError('The client cache is closed. Create a new one, or close it later.')
    }
  }

  #isUsable(client: C): boolean {
    try {
      return this.#options.isUsable(client)
    } catch {
      return false
    }
  }

  /** Whether someone who waited for this client's build may have it. */
  #mayServe(entry: Entry<C>): boolean {
    if (this.#state !== 'open') return false
    // To be pushed out by another key says nothing against a client.
    if (entry.retiredFor !== undefined && !entry.pushedOut) return false
    if (this.#isUsable(entry.client)) return true
    this.#retire(entry, 'unusable')
    return false
  }

  #build(key: string): Build<C> {
    const build: Build<C> = { waiting: 0, done: this.#create(key, () => build.waiting) }
    this.#builds.set(key, build)
    return build
  }

  async #built(): Promise<void> {
    await Promise.allSettled([...this.#builds.values()].map(({ done }) => done))
  }

  async #create(key: string, waiting: () => number): Promise<Entry<C>> {
    // Who asks for this build must find it registered, however early `create` throws.
    await undefined
    try {
      this.#assertOpen()
      const client = await this.#options.create(key)
      const generation = this.#generations.next(key, (other) => this.#isAlive(other))
      const entry = newEntry({ key, generation, client, idleSince: this.#clock.now() })
      this.#counts.created++
      this.#tell('created', entry)
      if (this.#state !== 'open') {
        this.#retire(entry, 'cache closed')
        this.#assertOpen()
      }
      if (!this.#isUsable(client)) {
        this.#retire(entry, 'unusable')
        throw new ConfigurationError(
          'create() returned a client that isUsable() refuses; it must return a usable one.',
          'create',
        )
      }
      // Theirs from this moment: a client that is pushed out before they are told would be built again and again.
      entry.leases = waiting()
      this.#entries.set(key, entry)
      this.#makeRoom()
      this.#sweep.arm()
      return entry
    } finally {
      this.#builds.delete(key)
    }
  }

  #isAlive(key: string): boolean {
    if (this.#entries.has(key)) return true
    for (const entry of this.#retired) if (entry.key === key) return true
    return false
  }

  #lease(entry: Entry<C>): Lease<C> {
    // Among one there is no order to keep, and most clients talk to one origin.
    if (this.#entries.size > 1 && this.#entries.get(entry.key) === entry) {
      this.#entries.delete(entry.key)
      this.#entries.set(entry.key, entry)
    }
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
    entry.idleSince = this.#clock.now()
    this.#sweep.arm()
  }

  /** Out of the cache, no new leases; destroyed now if nobody uses it. */
  #retire(entry: Entry<C>, reason: string): void {
    if (entry.retiredFor !== undefined) return
    entry.retiredFor = reason
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
    this.#retired.add(entry)
    this.#counts.evicted++
    this.#tell('evicted', entry, reason)
    try {
      this.#options.retire?.(entry.client)
    } catch {
      // It is on its way out: what fails here must not keep it from being destroyed.
    }
    if (entry.leases === 0) this.#destroyEntry(entry)
    if (this.#entries.size === 0) this.#sweep.disarm()
  }

  #destroyEntry(entry: Entry<C>): void {
    if (entry.destroyed) return
    entry.destroyed = true
    this.#retired.delete(entry)
    this.#counts.destroyed++
    const dying = (async () => {
      try {
        await this.#options.destroy(entry.client)
      } catch {
        // A client that cannot even be destroyed properly must not take its users along.
      }
    })()
    this.#dying.add(dying)
    void dying.finally(() => this.#dying.delete(dying))
    this.#tell('destroyed', entry, entry.retiredFor)
    if (this.#retired.size === 0) for (const resolve of this.#onDrained.splice(0)) resolve()
  }

  #makeRoom(): void {
    if (this.#entries.size <= this.#maxEntries) return
    for (const oldest of this.#entries.values()) {
      oldest.pushedOut = true
      this.#retire(oldest, 'least recently used')
      return
    }
  }

  #idlest(): number {
    let earliest = Infinity
    for (const entry of this.#entries.values()) if (entry.leases === 0) earliest = Math.min(earliest, entry.idleSince)
    return earliest
  }

  #retireIdle(idleSince: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.leases === 0 && entry.idleSince <= idleSince) this.#retire(entry, 'idle')
    }
  }

  #tell(type: ClientCacheEvent['type'], entry: Entry<C>, reason?: string): void {
    this.#options.onEvent?.({
      type,
      key: entry.key,
      generation: entry.generation,
      ...(reason === undefined ? {} : { reason }),
    })
  }
}
