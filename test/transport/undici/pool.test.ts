import { beforeEach, describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import type { Connection, ConnectionOptions } from '../../../src/transport/undici/connection.ts'
import { ConnectionPool, type PoolOptions } from '../../../src/transport/undici/pool.ts'
import { standIn } from '../../support/typed.ts'

/** As much of a connection as a pool sees; the test says what becomes of it. */
class FakeConnection {
  static made: FakeConnection[] = []
  readonly number: number
  readonly options: ConnectionOptions
  user: unknown
  usable = true
  flushed = true
  isEnded = false
  isAhead = false

  constructor(options: ConnectionOptions) {
    this.options = options
    this.number = FakeConnection.made.push(this)
  }

  openAhead(): void {
    this.isAhead = true
  }

  destroy(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.options.onEnded(standIn<Connection>(this))
  }
}

vi.mock('../../../src/transport/undici/connection.ts', () => ({
  get Connection() {
    return FakeConnection
  },
}))

beforeEach(() => {
  FakeConnection.made = []
})

/** A pool, and its connections by number. */
function pooled(options: Partial<PoolOptions> = {}) {
  const clock = new VirtualClock()
  const opened: unknown[] = []
  const pool = new ConnectionPool({
    connector: standIn({}),
    origin: new URL('https://api.test/v1'),
    keepAliveMs: 1000,
    maxHeaderBytes: 0,
    isolated: false,
    warm: 0,
    warmMs: 500,
    mayOpen: () => true,
    makeRoom: () => {
      while (options.mayOpen?.() === false) if (!pool.endIdle()) return
    },
    clock,
    onOpened: (connection) => opened.push(connection),
    onClosed: () => {},
    ...options,
  })
  const numberOf = (connection: Connection): number => standIn<FakeConnection>(connection).number
  const one = (number: number): FakeConnection => FakeConnection.made[number - 1] as FakeConnection
  return {
    pool,
    clock,
    opened,
    one,
    take: async (fresh = false) => {
      const number = numberOf(pool.take(fresh))
      await clock.settle()
      return number
    },
    giveBack: (number: number) => pool.giveBack(standIn<Connection>(one(number))),
    ended: () => FakeConnection.made.filter(({ isEnded }) => isEnded).map(({ number }) => number),
    counts: () => [pool.size, pool.idleCount],
  }
}

describe('a pool', () => {
  it('opens connections on request, and counts them', async () => {
    const p = pooled()
    expect([p.pool.origin, p.pool.retired, p.counts()]).toEqual(['https://api.test', false, [0, 0]])
    expect([await p.take(), await p.take(), p.counts()]).toEqual([1, 2, [2, 0]])
    expect(p.opened).toEqual(FakeConnection.made)
    expect(p.one(1).options).toMatchObject({
      keepAliveMs: 1000,
      maxHeaderBytes: 0,
      origin: new URL('https://api.test/v1'),
    })
    p.one(1).destroy()
    expect(p.counts()).toEqual([1, 0])
  })

  it('reuses returned connections, the last one first, and never for a fresh request', async () => {
    const p = pooled()
    for (let n = 0; n < 3; n++) await p.take()
    p.one(1).user = 'somebody'
    for (const n of [1, 2, 3]) p.giveBack(n)
    expect([p.counts(), p.one(1).user, p.ended()]).toEqual([[3, 3], undefined, []])
    expect([await p.take(true), await p.take(), await p.take(), await p.take(), await p.take()]).toEqual([
      4, 3, 2, 1, 5,
    ])
    expect(p.counts()).toEqual([5, 0])
  })

  it.each<[what: string, given: Partial<PoolOptions>, change: (one: FakeConnection) => void]>([
    ['has ended', {}, (one) => (one.usable = false)],
    ['did not read its request', {}, (one) => (one.flushed = false)],
    ['may serve one alone', { isolated: true }, () => {}],
  ])('ends a connection that %s', async (_, given, change) => {
    const p = pooled(given)
    await p.take()
    change(p.one(1))
    p.giveBack(1)
    expect([p.ended(), p.counts()]).toEqual([[1], [0, 0]])
  })

  it('reuses no connection that waited too long or has ended', async () => {
    const p = pooled()
    for (let n = 0; n < 3; n++) await p.take()
    p.giveBack(1)
    await p.clock.advance(1)
    p.giveBack(2)
    p.giveBack(3)
    p.one(3).usable = false
    await p.clock.advance(1000)
    expect([await p.take(), p.ended()]).toEqual([2, [3]])
    expect([await p.take(), p.ended()]).toEqual([4, [1, 3]])
    expect(p.counts()).toEqual([2, 0])
  })

  it('forgets only a connection that ends while it waits', async () => {
    const p = pooled()
    await p.take()
    await p.take()
    p.giveBack(1)
    p.giveBack(2)
    p.one(2).destroy()
    expect([p.counts(), await p.take()]).toEqual([[1, 1], 1])
  })

  it('that is retired ends unused connections, and accepts none back', async () => {
    const p = pooled({ warm: 1 })
    expect([await p.take(), await p.take(), p.counts()]).toEqual([1, 2, [3, 1]])
    p.giveBack(1)
    p.pool.retire()
    expect([p.pool.retired, p.ended(), p.counts()]).toEqual([true, [1, 3], [1, 0]])
    p.giveBack(2)
    expect(p.counts()).toEqual([0, 0])
    p.clock.assertNothingPending()
  })

  it('that is destroyed ends all of it', async () => {
    const p = pooled({ warm: 2 })
    await p.take()
    await p.take()
    p.pool.destroy()
    expect([p.counts(), p.pool.retired, p.ended().length]).toEqual([[0, 0], true, FakeConnection.made.length])
    p.clock.assertNothingPending()
  })
})

describe('connections ahead of need', () => {
  it('are opened after the one that is needed, and replaced at each use', async () => {
    const p = pooled({ warm: 2 })
    p.pool.take(false)
    expect(FakeConnection.made).toHaveLength(1)
    await p.clock.settle()
    expect(FakeConnection.made.map(({ isAhead }) => isAhead)).toEqual([false, true, true])
    expect([p.counts(), p.clock.pending().map(({ inMs, unref }) => [inMs, unref])]).toEqual([
      [3, 2],
      [
        [500, true],
        [500, true],
      ],
    ])
    expect(await p.take(true)).toBe(3)
    expect([p.counts(), FakeConnection.made.length, p.clock.pending().length]).toEqual([[4, 2], 4, 2])
  })

  it('are not opened if the option is 0', async () => {
    const p = pooled()
    await p.take()
    expect(FakeConnection.made).toHaveLength(1)
  })

  it('are used if no connection was given back', async () => {
    const p = pooled({ warm: 1 })
    await p.take()
    p.giveBack(1)
    expect([await p.take(), await p.take()]).toEqual([1, 2])
  })

  it('end after their time, and are not opened again until one is used', async () => {
    const p = pooled({ warm: 2 })
    await p.take()
    await p.clock.advance(499)
    expect(p.ended()).toEqual([])
    await p.clock.advance(1)
    expect([p.ended(), p.counts()]).toEqual([
      [2, 3],
      [1, 0],
    ])
    await p.clock.advance(5000)
    expect(FakeConnection.made).toHaveLength(3)
  })

  it('that have ended are not used, and keep no timer', async () => {
    const p = pooled({ warm: 2 })
    await p.take()
    p.one(2).destroy()
    expect([p.counts(), p.clock.pending().length]).toEqual([[2, 1], 1])
    p.one(3).usable = false
    expect(await p.take(true)).toBe(4)
    expect(p.ended()).toEqual([2, 3])
  })

  it('are not opened for a pool that was retired meanwhile', async () => {
    const p = pooled({ warm: 2 })
    p.pool.take(false)
    p.pool.retire()
    await p.clock.settle()
    expect(FakeConnection.made).toHaveLength(1)
  })

  it('are limited by the bound on connections', async () => {
    const p = pooled({ warm: 5, mayOpen: () => FakeConnection.made.length < 3 })
    await p.take()
    expect(p.counts()).toEqual([3, 2])
  })
})

describe('at the bound on connections', () => {
  const bounded = (most: number, given: Partial<PoolOptions> = {}) => {
    const alive = (): number => FakeConnection.made.filter(({ isEnded }) => !isEnded).length
    return pooled({ mayOpen: () => alive() < most, ...given })
  }

  it('the one that waited longest makes room for a fresh one', async () => {
    const p = bounded(2)
    await p.take()
    await p.take()
    p.giveBack(1)
    p.giveBack(2)
    expect([await p.take(true), p.ended()]).toEqual([3, [1]])
    expect(p.counts()).toEqual([2, 1])
  })

  it('one ahead of need makes room where none was given back', async () => {
    const p = bounded(2, { warm: 1 })
    await p.take()
    p.one(2).usable = false
    // It is taken out first, as of no use, and makes room by that.
    expect([await p.take(true), p.ended()]).toEqual([3, [2]])
  })

  it('an attempt comes before connections that cannot be ended', async () => {
    const p = bounded(1)
    await p.take()
    expect([await p.take(true), p.ended()]).toEqual([2, []])
  })
})
