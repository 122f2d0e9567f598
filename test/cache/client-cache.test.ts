import { describe, expect, it, vi } from 'vitest'
import { acquireLease, ClientCache } from '../../src/cache/client-cache.ts'
import { ClientClosedError, ConfigurationError } from '../../src/errors/errors.ts'
import { cacheWorld } from './world.ts'

describe('leases', () => {
  it('hands out one client per key while it is not poisoned', async () => {
    const { cache, clients } = cacheWorld()
    const first = await cache.acquire('a')
    const second = await cache.acquire('a')
    const other = await cache.acquire('b')
    expect(second.client).toBe(first.client)
    expect(other.client).not.toBe(first.client)
    expect(clients).toHaveLength(2)
    expect(cache.stats()).toMatchObject({ entries: 2, leases: 3, hits: 1, created: 2 })
  })

  it('ends once, even if it is released several times', async () => {
    const { cache } = cacheWorld()
    const first = await cache.acquire('a')
    const second = await cache.acquire('a')
    first.release()
    first.release()
    first[Symbol.dispose]()
    expect(cache.stats().leases).toBe(1)
    second.release()
    expect(cache.stats().leases).toBe(0)
  })

  it('ends at the end of its using block', async () => {
    const { cache } = cacheWorld()
    {
      using lease = await cache.acquire('a')
      expect(lease.generation).toBe(1)
      expect(cache.stats().leases).toBe(1)
    }
    expect(cache.stats().leases).toBe(0)
  })

  it('works without its `this`', async () => {
    const { cache } = cacheWorld()
    const { release, poison } = await cache.acquire('a')
    poison('detached')
    release()
    expect(cache.stats()).toMatchObject({ leases: 0, poisoned: 1, destroyed: 1 })
  })
})

describe('a poisoned client', () => {
  it('gets no new lease, and is destroyed when its last lease ends', async () => {
    const { cache, clients } = cacheWorld()
    const failing = await cache.acquire('a')
    const sibling = await cache.acquire('a')
    failing.poison('timeout')
    const next = await cache.acquire('a')
    expect(next.client).not.toBe(failing.client)
    expect(next.generation).toBe(2)
    failing.release()
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 0 })
    sibling.release()
    expect(clients[0]).toMatchObject({ destroyed: 1, retiredFirst: true })
    expect(clients[1]?.destroyed).toBe(0)
  })

  it('is poisoned once: later poison calls do nothing', async () => {
    const { cache, told } = cacheWorld()
    const first = await cache.acquire('a')
    const second = await cache.acquire('a')
    first.poison('timeout')
    second.poison('reset')
    first.poison('again')
    expect(cache.stats()).toMatchObject({ poisoned: 1, evicted: 1 })
    expect(told()).toEqual(['created a1', 'poisoned a1', 'evicted a1'])
  })

  it('does not affect its successor when it is poisoned late', async () => {
    const { cache, clients } = cacheWorld()
    const slow = await cache.acquire('a')
    const fast = await cache.acquire('a')
    fast.poison('timeout')
    const successor = await cache.acquire('a')
    successor.release()
    slow.poison('timeout, too')
    slow.release()
    fast.release()
    expect(cache.evict('a', { generation: 1, reason: 'late report' })).toBe(false)
    const again = await cache.acquire('a')
    expect(again.client).toBe(clients[1])
    expect(again.generation).toBe(2)
  })

  it('is reported with its reason, in order', async () => {
    const { cache, events } = cacheWorld()
    const lease = await cache.acquire('a')
    lease.poison('ttfb_timeout')
    lease.release()
    expect(events).toEqual([
      { type: 'created', key: 'a', generation: 1 },
      { type: 'poisoned', key: 'a', generation: 1, reason: 'ttfb_timeout' },
      { type: 'evicted', key: 'a', generation: 1, reason: 'ttfb_timeout' },
      { type: 'destroyed', key: 'a', generation: 1, reason: 'ttfb_timeout' },
    ])
  })
})

describe('a hit', () => {
  it('on a client that was closed elsewhere builds a new one', async () => {
    const { cache, clients } = cacheWorld()
    const first = await cache.acquire('a')
    first.release()
    clients[0]!.usable = false
    const second = await cache.acquire('a')
    expect(second.client).toBe(clients[1])
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 1 })
  })

  it('on a client whose check throws builds a new one', async () => {
    const isUsable = vi.fn(() => true)
    const { cache, clients } = cacheWorld({ isUsable })
    await cache.acquire('a')
    isUsable.mockImplementationOnce(() => {
      throw new Error('already gone')
    })
    expect((await cache.acquire('a')).client).toBe(clients[1])
  })
})

describe('a lease as our own transport takes it', () => {
  it('is an ordinary lease, handed out in the tick in which it is made', async () => {
    const { cache, clients } = cacheWorld()
    const lease = await acquireLease(cache, 'a')
    expect([lease.client, lease.generation, cache.stats().leases]).toEqual([clients[0], 1, 1])
    lease.poison('broken')
    lease.release()
    expect([cache.stats().leases, clients[0]?.destroyed]).toEqual([0, 1])
  })
})

describe('a build', () => {
  it('runs once for all concurrent callers', async () => {
    const { cache, clock, clients, builds } = cacheWorld()
    builds.push({ ms: 100 })
    const leases = Promise.all(Array.from({ length: 50 }, () => cache.acquire('a')))
    await clock.advance(100)
    expect(new Set((await leases).map(({ client }) => client)).size).toBe(1)
    expect(clients).toHaveLength(1)
    expect(cache.stats().leases).toBe(50)
  })

  it('that fails rejects all waiting callers, is not cached, and uses no generation', async () => {
    const { cache, clock, builds } = cacheWorld()
    builds.push({ ms: 10, fails: true })
    const waiting = [cache.acquire('a'), cache.acquire('a')].map((lease) =>
      lease.catch((error: Error) => error.message),
    )
    await clock.advance(10)
    expect(await Promise.all(waiting)).toEqual(['no client for a', 'no client for a'])
    expect((await cache.acquire('a')).generation).toBe(1)
  })

  it('whose create() throws synchronously is a failed build', async () => {
    const cache = new ClientCache<object>({
      create() {
        throw new Error('no')
      },
      isUsable: () => true,
      destroy() {},
    })
    await expect(cache.acquire('a')).rejects.toThrow('no')
    await expect(cache.acquire('a')).rejects.toThrow('no')
    expect(cache.stats()).toMatchObject({ created: 0, entries: 0 })
  })

  it('of an unusable client rejects, and the client is destroyed', async () => {
    const { cache, clients, builds } = cacheWorld()
    builds.push({ unusable: true })
    await expect(cache.acquire('a')).rejects.toThrow(ConfigurationError)
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 1 })
    expect((await cache.acquire('a')).client).toBe(clients[1])
  })

  it('that was evicted before its callers resumed is not handed out', async () => {
    const { cache, clients } = cacheWorld({
      onEvent(event) {
        if (event.type === 'created' && event.generation === 1) queueMicrotask(() => cache.evict('a'))
      },
    })
    const lease = await cache.acquire('a')
    expect(lease.client).toBe(clients[1])
    expect(clients[0]?.destroyed).toBe(1)
  })

  it('runs once per key even with maxEntries 1', async () => {
    const { cache, clients } = cacheWorld({ maxEntries: 1 })
    const keys = Array.from({ length: 100 }, (_, n) => `k${n}`)
    const leases = await Promise.all(keys.map((key) => cache.acquire(key)))
    expect(leases.map(({ client }) => client.key)).toEqual(keys)
    expect(clients).toHaveLength(100)
    for (const lease of leases) lease.release()
    expect(cache.stats()).toMatchObject({ entries: 1, retired: 0, leases: 0, destroyed: 99 })
  })
})

describe('the bound on clients', () => {
  it('evicts the least recently used client', async () => {
    const { cache, alive } = cacheWorld({ maxEntries: 2 })
    for (const key of ['a', 'b', 'a', 'c']) (await cache.acquire(key)).release()
    expect(alive()).toEqual([1, 3])
    expect(cache.stats().entries).toBe(2)
  })

  it('destroys an evicted client only after its last lease', async () => {
    const { cache, clients } = cacheWorld({ maxEntries: 1 })
    const lease = await cache.acquire('a')
    await cache.acquire('b')
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 0 })
    expect(cache.stats()).toMatchObject({ entries: 1, retired: 1 })
    lease.release()
    expect(clients[0]?.destroyed).toBe(1)
  })
})

describe('an idle client', () => {
  it('is destroyed idleTtlMs after the end of its last lease', async () => {
    const { cache, clock, alive } = cacheWorld({ idleTtlMs: 1000 })
    const a = await cache.acquire('a')
    const b = await cache.acquire('b')
    a.release()
    await clock.advance(600)
    b.release()
    await clock.advance(399)
    expect(alive()).toEqual([1, 2])
    await clock.advance(1)
    expect(alive()).toEqual([2])
    await clock.advance(600)
    expect(alive()).toEqual([])
    clock.assertNothingPending()
  })

  it('stays while it is used repeatedly, and while it has a lease', async () => {
    const { cache, clock, alive } = cacheWorld({ idleTtlMs: 1000 })
    for (let i = 0; i < 10; i++) {
      ;(await cache.acquire('a')).release()
      await clock.advance(900)
    }
    expect(alive()).toEqual([1])
    const lease = await cache.acquire('a')
    await clock.advance(100_000)
    expect(alive()).toEqual([1])
    lease.release()
    await clock.advance(1000)
    expect(alive()).toEqual([])
  })

  it('stays with idleTtlMs 0, without a timer', async () => {
    const { cache, clock, alive } = cacheWorld({ idleTtlMs: 0 })
    ;(await cache.acquire('a')).release()
    clock.assertNothingPending()
    await clock.advance(10_000_000)
    expect(alive()).toEqual([1])
  })

  it('leaves no timer when it is evicted', async () => {
    const { cache, clock } = cacheWorld()
    ;(await cache.acquire('a')).release()
    cache.evict('a')
    clock.assertNothingPending()
  })

  it('shares one timer with all others, which does not keep the process alive', async () => {
    const { cache, clock } = cacheWorld()
    for (let i = 0; i < 50; i++) (await cache.acquire(`k${i}`)).release()
    expect(clock.pending()).toMatchObject([{ unref: true, inMs: 300_000 }])
  })
})

describe('evict', () => {
  it('returns whether a client was evicted', async () => {
    const { cache, clients } = cacheWorld()
    expect(cache.evict('a')).toBe(false)
    const lease = await cache.acquire('a')
    expect(cache.evict('a', { generation: 2 })).toBe(false)
    expect(cache.evict('a', { generation: 1, reason: 'rotated key' })).toBe(true)
    expect(cache.evict('a')).toBe(false)
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 0 })
    lease.release()
    expect(clients[0]?.destroyed).toBe(1)
  })
})

describe('close', () => {
  it('destroys idle clients now, the others when their leases end, and then resolves', async () => {
    const { cache, clock, alive } = cacheWorld()
    ;(await cache.acquire('idle')).release()
    const lease = await cache.acquire('busy')
    let closed = false
    const closing = cache.close().then(() => {
      closed = true
    })
    await clock.settle()
    expect(alive()).toEqual([2])
    expect(closed).toBe(false)
    await expect(cache.acquire('busy')).rejects.toThrow(ClientClosedError)
    lease.release()
    await closing
    expect(alive()).toEqual([])
    clock.assertNothingPending()
  })

  it('waits for the promise of destroy()', async () => {
    let finish = (): void => {}
    const { cache, clock } = cacheWorld({ destroy: () => new Promise<void>((resolve) => (finish = resolve)) })
    ;(await cache.acquire('a')).release()
    let closed = false
    const closing = cache.close().then(() => {
      closed = true
    })
    await clock.settle()
    expect(closed).toBe(false)
    finish()
    await closing
  })

  it('rejects callers that wait for a build, and destroys the built client', async () => {
    const { cache, clock, clients, builds } = cacheWorld()
    builds.push({ ms: 100 })
    const waiting = expect(cache.acquire('a')).rejects.toThrow(ClientClosedError)
    await clock.settle()
    let closed = 0
    const closing = [cache.close(), cache.destroy()].map((ending) =>
      ending.then(() => {
        closed++
      }),
    )
    await clock.advance(99)
    expect(closed).toBe(0)
    await clock.advance(1)
    await waiting
    await Promise.all(closing)
    expect(clients[0]).toMatchObject({ retired: 1, destroyed: 1 })
  })

  it('builds nothing for an acquire of the same tick', async () => {
    const { cache, clients } = cacheWorld()
    const turnedAway = expect(cache.acquire('a')).rejects.toThrow(ClientClosedError)
    await cache.close()
    await turnedAway
    expect(clients).toHaveLength(0)
  })

  it('may be called twice, and at the end of a block', async () => {
    const { cache, alive } = cacheWorld()
    {
      await using closing = cache
      ;(await closing.acquire('a')).release()
    }
    await cache.close()
    expect(alive()).toEqual([])
  })

  it('that waits for leases is ended by destroy()', async () => {
    const { cache, alive } = cacheWorld()
    const lease = await cache.acquire('a')
    const closing = cache.close()
    await cache.destroy()
    await closing
    expect(alive()).toEqual([])
    lease.release()
    expect(cache.stats()).toMatchObject({ entries: 0, retired: 0, leases: 0, destroyed: 1 })
  })
})

describe('destroy', () => {
  it('destroys every client now, even one in use, and each once', async () => {
    const { cache, clients, clock } = cacheWorld()
    const lease = await cache.acquire('a')
    ;(await cache.acquire('b')).release()
    await cache.destroy()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1])
    lease.poison('late')
    lease.release()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1])
    await expect(cache.acquire('a')).rejects.toThrow(ClientClosedError)
    clock.assertNothingPending()
  })

  it('resolves even if destroying or retiring a client fails', async () => {
    const { cache } = cacheWorld({
      retire() {
        throw new Error('no')
      },
      destroy: async () => {
        throw new Error('no')
      },
    })
    const lease = await cache.acquire('a')
    lease.poison('reset')
    lease.release()
    expect((await cache.acquire('a')).generation).toBe(2)
    await cache.destroy()
    expect(cache.stats()).toMatchObject({ entries: 0, retired: 0, destroyed: 2 })
  })
})

describe('options', () => {
  it.each([
    { maxEntries: 0 },
    { maxEntries: 1.5 },
    { maxEntries: Number.NaN },
    { idleTtlMs: -1 },
    { idleTtlMs: Number.NaN },
    { idleTtlMs: Infinity },
  ])('%o is refused by name', (wrong) => {
    const [name = ''] = Object.keys(wrong)
    expect(() => cacheWorld(wrong)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(name) }),
    )
  })

  it('are never written to', async () => {
    const options = Object.freeze({ create: () => ({}), isUsable: () => true, destroy() {} })
    const cache = new ClientCache<object>(options)
    const lease = await cache.acquire('a')
    lease.poison('x')
    lease.release()
    await cache.close()
  })
})
