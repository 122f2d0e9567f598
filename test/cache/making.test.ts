import { describe, expect, it } from 'vitest'
import { ClientCache, type ClientCacheEvent, type ClientCacheOptions } from '../../src/cache/client-cache.ts'
import { VirtualClock } from '../../src/testing/index.ts'

function cacheOf(options: Partial<ClientCacheOptions<string>> = {}) {
  const clock = new VirtualClock()
  const events: ClientCacheEvent[] = []
  const destroyed: string[] = []
  const cache = new ClientCache<string>({
    create: (key) => key,
    isUsable: () => true,
    destroy: (client) => void destroyed.push(client),
    onEvent: (event) => events.push(event),
    clock,
    ...options,
  })
  return {
    cache,
    clock,
    destroyed,
    told: () =>
      events.map(({ type, generation, reason }) => [type, generation, reason].filter((part) => part !== undefined)),
  }
}

/** A `create` that the test settles. */
function byHand() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let created = 0
  const create = (): Promise<string> => {
    created++
    return promise
  }
  return { create, resolve, reject, created: () => created }
}

describe('the limits of a cache', () => {
  it('are 100 clients, 300 s idle and 30 s for `create`, unless they are given', async () => {
    const many = cacheOf()
    for (let n = 0; n <= 100; n++) (await many.cache.acquire(`k${n}`)).release()
    expect([many.cache.stats().entries, many.destroyed]).toEqual([100, ['k0']])
    await many.clock.advance(299_999)
    expect(many.cache.stats().entries).toBe(100)
    await many.clock.advance(1)
    expect(many.cache.stats().entries).toBe(0)

    const hangs = cacheOf({ create: () => new Promise<string>(() => {}) })
    const acquired = hangs.cache.acquire('a').catch((error: unknown) => error)
    await hangs.clock.advance(29_999)
    expect(hangs.clock.pending()).toHaveLength(1)
    await hangs.clock.advance(1)
    expect(await acquired).toMatchObject({
      name: 'DeadlineError',
      code: 'create_timeout',
      message:
        'create() of a client cache did not settle within createMs (30 s). The next acquire() of the key builds anew.',
    })
    hangs.clock.assertNothingPending()
  })
})

describe('an async `create`', () => {
  it('in time leaves no timer', async () => {
    const c = cacheOf({ create: async (key) => key })
    expect((await c.cache.acquire('a')).client).toBe('a')
    c.clock.assertNothingPending()
    await c.cache.destroy()
  })

  it('has no timer with createMs 0', async () => {
    const hand = byHand()
    const c = cacheOf({ create: hand.create, createMs: 0 })
    const acquired = c.cache.acquire('a')
    await c.clock.settle()
    c.clock.assertNothingPending()
    hand.resolve('made')
    expect((await acquired).client).toBe('made')
    await c.cache.destroy()
  })

  it('that rejects passes its error on, in time or not', async () => {
    const hand = byHand()
    const c = cacheOf({ create: hand.create, createMs: 10 })
    const acquired = c.cache.acquire('a').catch((error: unknown) => error)
    hand.reject('mine')
    expect(await acquired).toBe('mine')
    c.clock.assertNothingPending()

    const late = byHand()
    const d = cacheOf({ create: late.create, createMs: 10 })
    const refused = d.cache.acquire('a').catch((error: unknown) => error)
    await d.clock.advance(10)
    expect(await refused).toMatchObject({ code: 'create_timeout' })
    late.reject('mine')
    await d.cache.close()
    expect([d.told(), d.destroyed]).toEqual([[], []])
  })

  it.each<[reason: string, end: (c: ReturnType<typeof cacheOf>) => unknown]>([
    ['created too late', ({ clock }) => clock.advance(10)],
    ['cache closed', ({ cache }) => void cache.close()],
    ['cache destroyed', ({ cache }) => void cache.destroy()],
    // The first reason counts.
    ['cache closed', ({ cache }) => void Promise.all([cache.close(), cache.destroy()])],
  ])('whose client comes too late has it destroyed: %s', async (reason, end) => {
    const hand = byHand()
    const c = cacheOf({ create: hand.create, createMs: 10 })
    const refused = c.cache.acquire('a').catch((error: unknown) => error)
    await c.clock.settle()
    await end(c)
    expect(await refused).toMatchObject({ code: reason === 'created too late' ? 'create_timeout' : 'client_closed' })
    hand.resolve('late')
    await c.clock.settle()
    expect(c.destroyed).toEqual(['late'])
    expect(c.told()).toEqual([
      ['created', 1],
      ['evicted', 1, reason],
      ['destroyed', 1, reason],
    ])
    expect(c.cache.stats()).toMatchObject({ entries: 0, retired: 0, created: 1, evicted: 1, destroyed: 1 })
    await c.cache.close()
    c.clock.assertNothingPending()
  })

  it('is not called if the cache is closed in the same tick', async () => {
    const hand = byHand()
    const c = cacheOf({ create: hand.create })
    const refused = c.cache.acquire('a').catch((error: unknown) => error)
    await c.cache.close()
    expect([await refused, hand.created()]).toMatchObject([{ code: 'client_closed' }, 0])
    c.clock.assertNothingPending()
  })
})

describe('close()', () => {
  it('waits for a late `create`, and then for the `destroy` of its client', async () => {
    const hand = byHand()
    const gone = Promise.withResolvers<void>()
    const c = cacheOf({ create: hand.create, destroy: () => gone.promise })
    c.cache.acquire('a').catch(() => {})
    await c.clock.settle()
    let isClosed = false
    const closed = c.cache.close().then(() => {
      isClosed = true
    })
    await c.clock.settle()
    hand.resolve('late')
    await c.clock.settle()
    expect(isClosed).toBe(false)
    gone.resolve()
    await closed
    c.clock.assertNothingPending()
  })

  it('waits for one `create` and one `destroy` that are under way', async () => {
    const hand = byHand()
    const gone = Promise.withResolvers<void>()
    const c = cacheOf({
      create: (key) => (key === 'a' ? key : hand.create()),
      destroy: () => gone.promise,
    })
    ;(await c.cache.acquire('a')).release()
    c.cache.acquire('b').catch(() => {})
    await c.clock.settle()
    let isClosed = false
    const closed = c.cache.close().then(() => {
      isClosed = true
    })
    await c.clock.settle()
    expect(isClosed).toBe(false)
    hand.reject('mine')
    gone.resolve()
    await closed
    c.clock.assertNothingPending()
  })

  it('says what to do, in its refusal', async () => {
    const c = cacheOf()
    await c.cache.close()
    await expect(c.cache.acquire('a')).rejects.toMatchObject({
      code: 'client_closed',
      message: expect.stringContaining('The client cache is closed. Create a new cache'),
    })
  })
})
