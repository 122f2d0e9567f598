import { describe, expect, it } from 'vitest'
import { ClientCache, type ClientCacheOptions } from '../../src/cache/client-cache.ts'
import { ClientClosedError, ConfigurationError } from '../../src/errors/errors.ts'
import { invalid } from '../support/typed.ts'
import { cacheWorld } from './world.ts'

describe('the events of a client', () => {
  it.each<[reason: string, end: (world: ReturnType<typeof cacheWorld>) => unknown]>([
    ['evicted', ({ cache }) => cache.evict('a')],
    ['rotated key', ({ cache }) => cache.evict('a', { reason: 'rotated key' })],
    ['cache closed', ({ cache }) => cache.close()],
    ['cache destroyed', ({ cache }) => cache.destroy()],
    ['idle', ({ clock }) => clock.advance(300_000)],
    ['least recently used', ({ cache }) => cache.acquire('b')],
    [
      'unusable',
      ({ cache, clients }) => {
        clients[0]!.usable = false
        return cache.acquire('a')
      },
    ],
  ])('give the reason of its end: %s', async (reason, end) => {
    const world = cacheWorld({ maxEntries: 1 })
    ;(await world.cache.acquire('a')).release()
    await end(world)
    const about = world.events.filter(({ key, generation }) => key === 'a' && generation === 1)
    expect(about).toStrictEqual([
      { type: 'created', key: 'a', generation: 1 },
      { type: 'evicted', key: 'a', generation: 1, reason },
      { type: 'destroyed', key: 'a', generation: 1, reason },
    ])
  })

  it('say that it was unusable from the start, and that create() is the cause', async () => {
    const { cache, builds, events } = cacheWorld()
    builds.push({ unusable: true })
    const refused = cache.acquire('a')
    await expect(refused).rejects.toThrow(/^create\(\) returned a client for which isUsable\(\) returned false/)
    await expect(refused).rejects.toMatchObject({ name: ConfigurationError.name, path: 'create' })
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ['created', undefined],
      ['evicted', 'unusable'],
      ['destroyed', 'unusable'],
    ])
  })

  it('say that it came too late if the cache was closed during its build', async () => {
    const { cache, builds, clock, events } = cacheWorld()
    builds.push({ ms: 10 })
    const refused = expect(cache.acquire('a')).rejects.toThrow('The client cache is closed')
    await clock.settle()
    const closing = cache.close()
    await clock.advance(10)
    await refused
    await closing
    expect(cache.stats()).toMatchObject({ entries: 0, retired: 0, leases: 0 })
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([
      ['created', undefined],
      ['evicted', 'cache closed'],
      ['destroyed', 'cache closed'],
    ])
  })
})

describe('stats()', () => {
  it('counts the leases of clients in the cache and of retired ones', async () => {
    const { cache } = cacheWorld()
    const old = [await cache.acquire('a'), await cache.acquire('a')]
    cache.evict('a')
    await cache.acquire('a')
    expect(cache.stats()).toEqual({
      entries: 1,
      retired: 1,
      leases: 3,
      hits: 1,
      created: 2,
      poisoned: 0,
      evicted: 1,
      destroyed: 0,
    })
    for (const lease of old) lease.release()
    expect(cache.stats()).toMatchObject({ retired: 0, leases: 1, destroyed: 1 })
  })
})

describe('the order of use', () => {
  it('follows the last leases, and a lease of a retired client does not bring it back', async () => {
    const { cache, alive } = cacheWorld({ maxEntries: 2 })
    ;(await cache.acquire('a')).release()
    ;(await cache.acquire('b')).release()
    ;(await cache.acquire('a')).release()
    ;(await cache.acquire('c')).release()
    expect(alive()).toEqual([1, 3])
    ;(await cache.acquire('a')).release()
    ;(await cache.acquire('d')).release()
    expect(alive()).toEqual([1, 4])
  })

  it('does not hand out a client that was evicted before its caller resumed, and closed elsewhere', async () => {
    const { cache, clients } = cacheWorld({
      maxEntries: 1,
      onEvent({ type, key, generation }) {
        if (type === 'evicted' && key === 'a' && generation === 1) clients[0]!.usable = false
      },
    })
    const [a, b] = await Promise.all([cache.acquire('a'), cache.acquire('b')])
    expect([a.client.usable, b.client.usable]).toEqual([true, true])
    expect(a.generation).toBe(2)
    // It had left already: it does not leave twice.
    expect(clients[0]?.retired).toBe(1)
    a.release()
    b.release()
    expect(cache.stats()).toMatchObject({ leases: 0, retired: 0 })
  })
})

describe('between the end of a build and its callers', () => {
  it('a client may be evicted: its callers still get it, and no others', async () => {
    const { cache } = cacheWorld({ maxEntries: 2 })
    const leases = await Promise.all(['a', 'b', 'c'].map((key) => cache.acquire(key)))
    expect(cache.stats()).toMatchObject({ entries: 2, retired: 1, leases: 3 })
    for (const lease of leases) lease.release()
    expect(cache.stats()).toMatchObject({ entries: 2, retired: 0, leases: 0 })
  })

  it('a client that was evicted takes no place afterwards', async () => {
    const { cache } = cacheWorld({ maxEntries: 2 })
    for (const lease of await Promise.all(['a', 'b', 'c'].map((key) => cache.acquire(key)))) lease.release()
    for (const key of ['d', 'e', 'f', 'g']) {
      ;(await cache.acquire(key)).release()
      expect(cache.stats()).toMatchObject({ entries: 2, retired: 0 })
    }
  })

  it('the cache may be closed by a listener: the client is destroyed, and the event says why', async () => {
    const world = cacheWorld({
      onEvent(event) {
        world.events.push(event)
        if (event.type === 'created') void world.cache.close()
      },
    })
    await expect(world.cache.acquire('a')).rejects.toThrow(ClientClosedError)
    expect(world.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['created', undefined],
      ['evicted', 'cache closed'],
      ['destroyed', 'cache closed'],
    ])
  })

  it('the cache may be closed: the callers are rejected, also for an evicted client', async () => {
    const closed = cacheWorld({
      onEvent: ({ type }) => void (type === 'created' && queueMicrotask(() => void closed.cache.close())),
    })
    await expect(closed.cache.acquire('a')).rejects.toThrow(ClientClosedError)
    const pushed = cacheWorld({
      maxEntries: 1,
      onEvent: ({ reason }) => void (reason === 'least recently used' && void pushed.cache.close()),
    })
    const waiting = ['a', 'b'].map((key) => expect(pushed.cache.acquire(key)).rejects.toThrow(ClientClosedError))
    await Promise.all(waiting)
    await pushed.cache.close()
    expect([closed.alive(), pushed.alive()]).toEqual([[], []])
  })

  it('a client may become unusable: the callers get another one, and an event says why', async () => {
    const world = cacheWorld({
      onEvent(event) {
        world.events.push(event)
        const [first] = world.clients
        if (event.type === 'created' && first) queueMicrotask(() => (first.usable = false))
      },
    })
    expect((await world.cache.acquire('a')).generation).toBe(2)
    expect(world.events.find(({ type }) => type === 'evicted')).toMatchObject({ generation: 1, reason: 'unusable' })
  })
})

describe('idle clients beside others', () => {
  it('are destroyed at their time, even if others were evicted before', async () => {
    const { cache, clock, alive } = cacheWorld()
    for (const key of ['a', 'b']) (await cache.acquire(key)).release()
    cache.evict('a')
    await clock.advance(300_000)
    expect(alive()).toEqual([])
  })

  it('stay in the cache once they have a lease again, however long it is held', async () => {
    const { cache, clock, told } = cacheWorld()
    ;(await cache.acquire('a')).release()
    await clock.advance(100)
    const lease = await cache.acquire('a')
    await clock.advance(300_000)
    expect((await cache.acquire('a')).client).toBe(lease.client)
    expect(told()).toEqual(['created a1'])
  })

  it('are destroyed alone: a client with a lease stays, however old it is', async () => {
    const { cache, clock, clients } = cacheWorld()
    await cache.acquire('busy')
    ;(await cache.acquire('idle')).release()
    await clock.advance(300_000)
    expect(clients.map(({ retired }) => retired)).toEqual([0, 1])
  })
})

describe('close and destroy', () => {
  it('wait for the last of several leases, also at the end of a using block', async () => {
    const { cache, clock } = cacheWorld()
    const leases = [await cache.acquire('a'), await cache.acquire('b')]
    let closed = false
    const closing = cache[Symbol.asyncDispose]().then(() => {
      closed = true
    })
    await clock.settle()
    leases[0]?.release()
    await clock.settle()
    expect(closed).toBe(false)
    leases[1]?.release()
    await closing
    await expect(cache.acquire('a')).rejects.toThrow(ClientClosedError)
  })

  it('are final: a close after a destroy changes nothing, and a second close also waits', async () => {
    const { cache, clock, alive } = cacheWorld()
    const lease = await cache.acquire('a')
    let closed = 0
    const closings = [cache.close(), cache.close()].map((closing) => closing.then(() => closed++))
    await clock.settle()
    expect([closed, alive()]).toEqual([0, [1]])
    lease.release()
    await Promise.all(closings)
    await cache.destroy()
    await cache.close()
    await expect(cache.acquire('a')).rejects.toThrow(
      'The client cache is closed. Create a new cache, or close this one later.',
    )
  })

  it('need no retire callback', async () => {
    const { cache, alive } = cacheWorld({ retire: invalid(undefined) })
    ;(await cache.acquire('a')).release()
    await cache.close()
    expect(alive()).toEqual([])
  })
})

describe('the numbers of clients', () => {
  it('continue for a key that is still in use, after any number of others; unused keys are dropped', async () => {
    const { cache } = cacheWorld({ maxEntries: 100_000 })
    ;(await cache.acquire('gone')).release()
    cache.evict('gone')
    const poisoned = await cache.acquire('poisoned')
    poisoned.poison('x')
    ;(await cache.acquire('cached')).release()
    for (let n = 0; n < 10_001; n++) (await cache.acquire(`k${n}`)).release()
    cache.evict('cached')
    expect((await cache.acquire('cached')).generation).toBe(2)
    expect((await cache.acquire('poisoned')).generation).toBe(2)
    expect((await cache.acquire('gone')).generation).toBe(1)
    await cache.destroy()
  })
})

describe('options', () => {
  it.each<[options: object, path: string, got: string, accepted: string]>([
    [{ maxEntries: 0 }, 'maxEntries', '0', 'a whole number from 1'],
    [{ maxEntries: '5' }, 'maxEntries', "'5'", 'a whole number from 1'],
    [{ maxEntries: null }, 'maxEntries', 'null', 'a whole number from 1'],
    [{ idleTtlMs: -1 }, 'idleTtlMs', '-1', 'a number of milliseconds from 0 (off) to 2147483647'],
    // A longer delay would end a timer at once, again and again.
    [{ idleTtlMs: 2 ** 31 }, 'idleTtlMs', '2147483648', 'a number of milliseconds from 0 (off) to 2147483647'],
    [{ create: undefined }, 'create', 'undefined', 'a function'],
    [{ isUsable: true }, 'isUsable', 'true', 'a function'],
    [{ destroy: {} }, 'destroy', 'a value of type object', 'a function'],
    [{ retire: 'later' }, 'retire', 'a string of 5 characters', 'a function'],
    [{ onEvent: [] }, 'onEvent', 'an array', 'a function'],
    [{ clock: { now: () => 0 } }, 'clock', 'a value of type object', 'a Clock, for example a VirtualClock'],
    [{ clock: null }, 'clock', 'null', 'a Clock, for example a VirtualClock'],
  ])('%o is refused with what is accepted', (options, path, got, accepted) => {
    const message = `${path}: got ${got}; accepted: ${accepted}.`
    expect(() => new ClientCache({ ...NEEDED, ...options })).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message, path }),
    )
  })

  it('that are unknown are refused with a list of the known ones', () => {
    expect(() => new ClientCache(invalid<ClientCacheOptions<object>>({ ...NEEDED, maxEntires: 5 }))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /^Unknown option 'maxEntires' of a ClientCache; accepted are create, .*maxEntries/,
        ),
        path: 'maxEntires',
      }),
    )
    expect(() => new ClientCache(invalid<ClientCacheOptions<object>>({ ...NEEDED, constructor: 5 }))).toThrow(
      /Unknown option 'constructor'/,
    )
  })

  it.each([undefined, null, 5, () => {}])('must be an object: %s', (options) => {
    const message = expect.stringMatching(/^The options of a ClientCache must be an object; got /)
    expect(() => new ClientCache(invalid<ClientCacheOptions<object>>(options))).toThrow(
      expect.objectContaining({ message, path: '' }),
    )
  })

  it('may be undefined if there is a default, and an instance of a class with other fields', async () => {
    const undefinedOnes = { retire: undefined, onEvent: undefined, maxEntries: undefined, idleTtlMs: undefined }
    expect(
      () => new ClientCache(invalid<ClientCacheOptions<object>>({ ...NEEDED, ...undefinedOnes, clock: undefined })),
    ).not.toThrow()
    class Agents {
      readonly region = 'eu'
      create() {
        return { region: this.region }
      }
      isUsable() {
        return true
      }
      destroy() {}
    }
    const cache = new ClientCache(new Agents())
    expect((await cache.acquire('a')).client).toEqual({ region: 'eu' })
    await cache.destroy()
  })
})

const NEEDED = { create: () => ({}), isUsable: () => true, destroy: () => {} }
