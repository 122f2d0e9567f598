import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ClientLease } from '../../src/cache/client-cache.ts'
import { ClientClosedError } from '../../src/errors/errors.ts'
import { type Build, cacheWorld, type TestClient } from './world.ts'

/** Whatever is done to a cache, in whatever order, these hold. */

const MAX_ENTRIES = 2
const IDLE_TTL_MS = 100

type Operation =
  | { readonly do: 'acquire'; readonly key: string; readonly build: Build }
  | { readonly do: 'release' | 'poison'; readonly pick: number }
  | { readonly do: 'break'; readonly pick: number }
  | { readonly do: 'evict'; readonly key: string; readonly generation: number | undefined }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'settle' }
  | { readonly do: 'close' | 'destroy' }

const key = fc.constantFrom('a', 'b', 'c')
const pick = fc.nat(20)
const build: fc.Arbitrary<Build> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.record({ ms: fc.constantFrom(1, 30) }) },
  { weight: 2, arbitrary: fc.record({ ms: fc.constantFrom(0, 10), fails: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ unusable: fc.constant(true) }) },
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('acquire' as const), key, build }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('release' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('poison' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('break' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('evict' as const),
      key,
      generation: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 30, 99, 100) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
)
const ending = fc.constantFrom({ do: 'close' as const }, { do: 'destroy' as const })
/** Some runs go on after the end. */
const run = fc.tuple(fc.array(operation, { maxLength: 60 }), ending, fc.array(operation, { maxLength: 8 }))

class Model {
  readonly world = cacheWorld({
    maxEntries: MAX_ENTRIES,
    idleTtlMs: IDLE_TTL_MS,
    isUsable: (client) => this.#decide(client),
  })
  /** Every lease given, also those that ended: they may be released and poisoned again. */
  readonly leases: Array<{ readonly lease: ClientLease<TestClient>; held: boolean }> = []
  readonly poisoned = new Set<TestClient>()
  readonly problems: string[] = this.world.problems
  readonly asked: Array<Promise<void>> = []
  readonly endings: Array<Promise<void>> = []
  #ended: 'no' | 'closing' | 'destroyed' = 'no'
  readonly #highest = new Map<string, number>()
  /** Clients that were fit for a lease when the cache last asked. */
  readonly #fit = new Set<TestClient>()
  readonly #idleSince = new Map<TestClient, number>()

  async apply(operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) {
      await this.#do(operation)
      this.#check()
    }
  }

  /** Lets every lease end, after which nothing may be left. */
  async finish(): Promise<void> {
    await this.world.clock.runToIdle()
    await Promise.all(this.asked)
    for (const { lease } of this.leases) lease.release()
    for (const held of this.leases) held.held = false
    await Promise.all(this.endings)
    this.#check()
    this.world.clock.assertNothingPending()
    const { cache, clients, events } = this.world
    expect(cache.stats()).toMatchObject({ entries: 0, retired: 0, leases: 0 })
    expect(cache.stats().created).toBe(clients.length)
    expect(cache.stats().destroyed).toBe(clients.length)
    expect(
      clients.every(({ retired, destroyed, retiredFirst }) => retired === 1 && destroyed === 1 && retiredFirst),
    ).toBe(true)
    for (const type of ['created', 'evicted', 'destroyed'] as const) {
      expect(events.filter((event) => event.type === type)).toHaveLength(clients.length)
    }
  }

  async #do(operation: Operation): Promise<void> {
    const { cache, clock, builds, clients } = this.world
    switch (operation.do) {
      case 'acquire':
        builds.length = 0
        builds.push(operation.build)
        this.asked.push(this.#acquire(operation.key))
        return
      case 'release': {
        const held = this.leases[operation.pick % this.leases.length]
        if (held === undefined) return
        held.lease.release()
        held.held = false
        return
      }
      case 'poison': {
        const { lease } = this.leases[operation.pick % this.leases.length] ?? {}
        if (lease === undefined) return
        const before = cache.stats()
        const isCurrent = !this.#isRetired(lease.client)
        lease.poison('poisoned')
        this.poisoned.add(lease.client)
        if (!isCurrent && cache.stats().entries !== before.entries) this.problems.push('a late poison hurt a successor')
        return
      }
      case 'break': {
        const client = clients[operation.pick % clients.length]
        if (client !== undefined) client.usable = false
        return
      }
      case 'evict': {
        const { generation } = operation
        cache.evict(operation.key, generation === undefined ? {} : { generation })
        return
      }
      case 'advance':
        await clock.advance(operation.ms)
        return
      case 'settle':
        await clock.settle()
        return
      case 'close':
        if (this.#ended === 'no') this.#ended = 'closing'
        this.endings.push(cache.close())
        return
      case 'destroy':
        this.#ended = 'destroyed'
        this.endings.push(cache.destroy())
        return
    }
  }

  async #acquire(wanted: string): Promise<void> {
    const endedBefore = this.#ended
    try {
      const lease = await this.world.cache.acquire(wanted)
      const { client } = lease
      this.leases.push({ lease, held: true })
      if (client.key !== wanted) this.problems.push(`asked for ${wanted}, got ${client.key}`)
      if (!this.#fit.has(client)) this.problems.push(`a lease on client ${client.number}, which was not fit for one`)
      if (endedBefore !== 'no') this.problems.push('a lease after the end')
    } catch (error) {
      if (error instanceof ClientClosedError) {
        if (this.#ended === 'no') this.problems.push('turned away from an open cache')
      } else if (!/no client for|isUsable/.test(String(error))) this.problems.push(String(error))
    }
  }

  /** The cache asks about a client right before it gives a lease on it; what happens later is another matter. */
  #decide(client: TestClient): boolean {
    const isFit = client.usable && !this.poisoned.has(client) && client.destroyed === 0
    if (isFit) this.#fit.add(client)
    else this.#fit.delete(client)
    return client.usable
  }

  #isRetired(client: TestClient): boolean {
    return client.retired > 0 || client.destroyed > 0
  }

  #check(): void {
    const { cache, clients, clock, events } = this.world
    for (const client of clients) {
      const leases = this.leases.filter(({ lease, held }) => held && lease.client === client).length
      if (client.destroyed > 1) this.problems.push(`client ${client.number} was destroyed ${client.destroyed} times`)
      if (client.destroyed > 0 && leases > 0 && this.#ended !== 'destroyed') {
        this.problems.push(`client ${client.number} was destroyed under a lease`)
      }
      this.#checkIdle(client, leases, clock.now())
    }
    this.#highest.clear()
    for (const { type, key: of, generation } of events) {
      if (type !== 'created') continue
      if (generation !== (this.#highest.get(of) ?? 0) + 1)
        this.problems.push(`generation ${generation} of ${of} out of turn`)
      this.#highest.set(of, generation)
    }
    const stats = cache.stats()
    if (stats.entries > MAX_ENTRIES) this.problems.push(`${stats.entries} entries`)
    if (this.#ended === 'destroyed' && stats.entries + stats.retired > 0)
      this.problems.push('something outlived destroy()')
    expect(this.problems).toEqual([])
  }

  #checkIdle(client: TestClient, leases: number, now: number): void {
    if (leases > 0 || client.destroyed > 0) this.#idleSince.delete(client)
    else if (!this.#idleSince.has(client)) this.#idleSince.set(client, now)
    else if (now - (this.#idleSince.get(client) ?? now) > IDLE_TTL_MS)
      this.problems.push(`client ${client.number} is idle for ever`)
  }
}

it('holds what it promises under any sequence of operations', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ([before, end, after]) => {
      const model = new Model()
      await model.apply([...before, end, ...after])
      await model.finish()
    }),
    { numRuns: 1500, seed: 20260101 },
  )
}, 120_000)
