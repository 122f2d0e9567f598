import { describe, expect, it } from 'vitest'
import { ClientCache, ClientClosedError, isResilientError } from '../../src/index.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'

interface Client {
  readonly key: string
  destroyed: number
}

function cacheOf(options: Partial<ConstructorParameters<typeof ClientCache<Client>>[0]> = {}) {
  const clock = new VirtualClock()
  const clients: Client[] = []
  const make = (key: string): Client => {
    const client = { key, destroyed: 0 }
    clients.push(client)
    return client
  }
  const cache = new ClientCache<Client>({
    create: make,
    isUsable: () => true,
    destroy: (client) => void client.destroyed++,
    clock,
    ...options,
  })
  return { cache, clock, clients, make }
}

describe('an `onEvent` that throws', () => {
  const fails = (): never => {
    throw new Error('listener')
  }
  it.each([
    ['throws', fails],
    ['rejects', async () => fails()],
  ])('changes nothing: %s', async (_what, onEvent) => {
    const { cache, clock, clients } = cacheOf({ onEvent, maxEntries: 2 })
    const lease = await cache.acquire('a')
    lease.poison('reset')
    lease.release()
    for (const key of ['a', 'b', 'c']) (await cache.acquire(key)).release()
    // The sweep of idle clients has no caller: what it throws ends the process.
    await clock.advance(300_000)
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1, 1, 1])
    ;(await cache.acquire('a')).release()
    await cache.close()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1, 1, 1, 1])
    clock.assertNothingPending()
  })
})

describe('a `create` that hangs', () => {
  it('fails after `createMs`, and frees its key; a client that comes later is destroyed', async () => {
    const late: Array<() => void> = []
    const { cache, clock, clients, make } = cacheOf({
      createMs: 1000,
      create: (key) =>
        late.length === 0 ? new Promise<Client>((resolve) => late.push(() => resolve(make(key)))) : make(key),
    })
    const refused = Promise.allSettled([cache.acquire('a'), cache.acquire('a')])
    await clock.advance(999)
    await clock.advance(1)
    for (const result of await refused) {
      expect(result.status === 'rejected' && isResilientError(result.reason, 'create_timeout')).toBe(true)
    }
    const lease = await cache.acquire('a')
    expect(lease.generation).toBe(1)
    late[0]?.()
    await clock.settle()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([0, 1])
    lease.release()
    expect((await cache.acquire('a')).client).toBe(lease.client)
    await cache.destroy()
    clock.assertNothingPending()
  })

  it.each(['close', 'destroy'] as const)('rejects its waiters at %s(), which waits at most 5 s', async (end) => {
    const { cache, clock } = cacheOf({ createMs: 0, create: () => new Promise<Client>(() => {}) })
    const waiting = Promise.allSettled([cache.acquire('a'), cache.acquire('a'), cache.acquire('b')])
    await clock.settle()
    let ended = false
    const ending = cache[end]().then(() => {
      ended = true
    })
    for (const result of await waiting) {
      expect(result.status === 'rejected' && result.reason instanceof ClientClosedError).toBe(true)
    }
    await clock.advance(4999)
    expect(ended).toBe(false)
    await clock.advance(1)
    await ending
    clock.assertNothingPending()
  })

  it('and a `destroy` that hangs delay close() and destroy() no longer than that', async () => {
    const { cache, clock } = cacheOf({ destroy: () => new Promise<void>(() => {}) })
    ;(await cache.acquire('a')).release()
    let ended = 0
    for (const ending of [cache.close(), cache.destroy()]) void ending.then(() => ended++)
    await clock.advance(5000)
    expect(ended).toBe(2)
    clock.assertNothingPending()
  })
})

describe('tens of thousands of keys that are alive', () => {
  it('cost each acquire no more than a few keys do', async () => {
    const cost = async (keys: number): Promise<number> => {
      const { cache } = cacheOf({ maxEntries: keys, idleTtlMs: 1000 })
      const leases = []
      for (let n = 0; n < keys; n++) leases.push(await cache.acquire(`k${n}`))
      const before = process.cpuUsage()
      for (let n = 0; n < 3000; n++) {
        // A hit, a release, a client that was pushed out, and a new one.
        ;(await cache.acquire(`k${n}`)).release()
        ;(await cache.acquire(`new${n}`)).release()
      }
      const { user } = process.cpuUsage(before)
      for (const lease of leases) lease.release()
      await cache.destroy()
      return user
    }
    await cost(100)
    const few = await cost(1000)
    const many = await cost(40_000)
    // Scans of all keys made it 40 times as much and more.
    expect(many).toBeLessThan(10 * few + 200_000)
  }, 60_000)
})

describe('async callbacks where a synchronous one is expected', () => {
  const rejects = async (): Promise<never> => {
    throw new Error('too late')
  }

  it('a `retire` that rejects changes nothing', async () => {
    const { cache, clients } = cacheOf({ retire: rejects })
    const lease = await cache.acquire('a')
    lease.poison('reset')
    lease.release()
    ;(await cache.acquire('a')).release()
    await cache.close()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1])
  })

  it.each([
    ['resolves with true', async () => true],
    ['resolves with false', async () => false],
    ['rejects', rejects],
  ])('an `isUsable` that %s is refused: a promise would pass for true', async (_what, isUsable) => {
    const { cache, clients } = cacheOf({ isUsable: invalid(isUsable) })
    const refusal = {
      code: 'invalid_configuration',
      path: 'isUsable',
      message: expect.stringContaining('isUsable: returned a promise'),
    }
    for (let n = 0; n < 2; n++) await expect(cache.acquire('a')).rejects.toMatchObject(refusal)
    expect(cache.stats()).toMatchObject({ entries: 0, leases: 0 })
    await cache.close()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1])
  })

  it('a `create` that becomes async later has its client destroyed', async () => {
    let asked = 0
    const { cache, clients } = cacheOf({ isUsable: invalid(() => (asked++ < 2 ? true : rejects())) })
    ;(await cache.acquire('a')).release()
    await expect(cache.acquire('a')).rejects.toMatchObject({ message: expect.stringContaining('promise') })
    await cache.close()
    expect(clients.map(({ destroyed }) => destroyed)).toEqual([1, 1])
  })
})
