import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../../src/testing/index.ts'
import type { ClientLifecycleEvent, ExchangeObserver, TransportRequest } from '../../../src/transport/transport.ts'
import type { Connection, ConnectionOptions } from '../../../src/transport/undici/connection.ts'
import type { UndiciExchange } from '../../../src/transport/undici/exchange.ts'
import { loadClient } from '../../../src/transport/undici/undici-parts.ts'
import { type UndiciTransportOptions, undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { invalid, standIn } from '../../support/typed.ts'

/** A connection whose requests are answered, and whose socket is closed, when the test says so. */
class FakeConnection {
  static made: FakeConnection[] = []
  /** Whether a socket is gone as soon as it is destroyed. */
  static closesAtOnce = true
  readonly id: number
  readonly options: ConnectionOptions
  user: unknown
  served = 0
  usable = true
  flushed = true
  isAhead = false
  handler: UndiciExchange | undefined
  readonly client = {
    dispatch: (_options: object, handler: UndiciExchange) => {
      this.handler = handler
      handler.onRequestStart(standIn({ pause() {}, resume() {}, abort() {} }))
      return true
    },
  }

  constructor(options: ConnectionOptions) {
    this.options = options
    this.id = FakeConnection.made.push(this)
  }

  expectHead(): void {}

  openAhead(): void {
    this.isAhead = true
  }

  destroy(): void {
    if (!this.usable) return
    this.usable = false
    this.options.onEnded(standIn<Connection>(this))
    if (FakeConnection.closesAtOnce) this.close()
  }

  close(): void {
    this.options.onClosed(standIn<Connection>(this))
  }
}

vi.mock('../../../src/transport/undici/connection.ts', () => ({
  get Connection() {
    return FakeConnection
  },
}))

// The first request of a process waits for files, which no virtual time moves.
beforeAll(async () => void (await loadClient()))

beforeEach(() => {
  FakeConnection.made = []
  FakeConnection.closesAtOnce = true
})

function transported(options: UndiciTransportOptions = {}) {
  const clock = new VirtualClock()
  const transport = undiciTransport({ clock, ...options })
  const events: ClientLifecycleEvent[] = []
  const unobserve = transport.observe?.((event) => events.push(event))
  /** Sends a request, and says what became of it. */
  const send = (given: Partial<TransportRequest> & { readonly origin?: string } = {}) => {
    const { origin = 'https://api.test', ...request } = given
    const told: unknown[] = []
    const observer: ExchangeObserver = {
      connecting: () => told.push('connecting'),
      connected: ({ generation, connectionId }) => told.push(`connected ${generation} ${connectionId}`),
      sending: () => {},
      sent: () => {},
      head: ({ status }) => told.push(status),
      data: () => {},
      end: () => told.push('end'),
      error: (error) => told.push((error as { code: string }).code),
    }
    const url = new URL(`${origin}/v1/responses`)
    const base = { url, method: 'GET', headers: [], body: { kind: 'none' }, connection: 'any', attempt: 1 } as const
    const exchange = transport.send({ ...base, ...request }, observer)
    return { exchange, told }
  }
  const sent = async (given?: Parameters<typeof send>[0]) => {
    const one = send(given)
    await clock.settle()
    return one
  }
  return {
    transport,
    clock,
    events,
    unobserve,
    send,
    sent,
    one: (number: number) => FakeConnection.made[number - 1] as FakeConnection,
    /** The peer answers what was asked over this connection. */
    async answer(number: number) {
      const handler = FakeConnection.made[number - 1]?.handler as UndiciExchange
      handler.onResponseStart(invalid(null), 200, {}, 'OK')
      handler.onResponseEnd()
      await clock.settle()
    },
    counts: () => Object.values(transport.stats()),
    told: () => events.splice(0).map(({ type, generation, reason }) => [type, generation, reason]),
  }
}
/** Whether a promise has settled. */
async function isSettled(clock: VirtualClock, promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await clock.settle()
  return settled
}
const NOTHING = { connections: 0, idleConnections: 0, leases: 0, clients: 0 }

describe('the transport', () => {
  it('states its name and abilities', () => {
    const { transport } = transported()
    expect(transport.name).toBe('undici')
    expect(transport.abilities).toEqual({ seesConnect: true, seesSent: true, choosesConnection: true })
    expect(transport.stats()).toEqual(NOTHING)
  })

  it('sends nothing before send() has returned, and counts running exchanges', async () => {
    const t = transported()
    const { told } = t.send()
    expect(FakeConnection.made).toEqual([])
    await t.clock.settle()
    expect(t.transport.stats()).toEqual({ connections: 1, idleConnections: 0, leases: 1, clients: 1 })
    await t.answer(1)
    expect(told).toEqual([200, 'end'])
    expect(t.transport.stats()).toEqual({ connections: 1, idleConnections: 1, leases: 0, clients: 1 })
    expect(t.one(1).options).toMatchObject({ origin: new URL('https://api.test'), keepAliveMs: 30_000 })
  })

  it('sends nothing for an exchange that is destroyed by then', async () => {
    const t = transported()
    t.send().exchange.destroy()
    await t.clock.settle()
    expect([FakeConnection.made, t.counts(), t.told()]).toEqual([[], [0, 0, 0, 0], []])
  })

  it('reuses a connection for any attempt except a fresh one', async () => {
    const t = transported()
    await t.sent()
    await t.answer(1)
    expect((await t.sent()).told).toEqual(['connected 1 1'])
    await t.answer(1)
    await t.sent({ connection: 'fresh' })
    expect([FakeConnection.made.length, t.counts()]).toEqual([2, [2, 1, 1, 1]])
  })

  it('has a client for each origin', async () => {
    const t = transported()
    await t.sent()
    await t.sent({ origin: 'https://other.test' })
    expect(t.counts()).toEqual([2, 0, 2, 2])
    expect(t.events.map(({ type, key }) => `${type} ${key}`)).toEqual([
      'client_created https://api.test',
      'client_created https://other.test',
    ])
  })

  it('gives no lease of a poisoned client, and reports its end', async () => {
    const t = transported()
    const { exchange } = await t.sent()
    exchange.poison('why')
    expect(t.told().slice(0, 2)).toEqual([
      ['client_created', 1, undefined],
      ['client_poisoned', 1, 'why'],
    ])
    await t.sent()
    expect(t.counts()).toEqual([2, 0, 2, 2])
    t.unobserve?.()
    t.told()
    exchange.destroy()
    await t.clock.settle()
    expect([t.counts(), t.told()]).toEqual([[1, 0, 1, 1], []])
  })

  it('uses a dispatcher of the caller’s for the requests that name it', async () => {
    const t = transported()
    const handlers: UndiciExchange[] = []
    const dispatcher = { dispatch: (_options: object, handler: UndiciExchange) => handlers.push(handler) }
    const { told } = await t.sent({ dispatcher })
    handlers[0]?.onResponseStart(invalid(null), 200, {}, 'OK')
    handlers[0]?.onResponseEnd()
    expect([told, FakeConnection.made, t.counts()]).toEqual([[200, 'end'], [], [0, 0, 0, 0]])
    const { exchange } = await t.sent({ dispatcher })
    const abort = vi.fn()
    handlers[1]?.onRequestStart(standIn({ abort }))
    exchange.destroy()
    expect(abort).toHaveBeenCalledTimes(1)
  })

  it.each([
    [{}, 35_000],
    [{ keepAliveMs: 1000, warmMs: 2000 }, 7000],
  ])('drops an unused client: %j', async (options, ms) => {
    const t = transported(options)
    await t.sent()
    await t.answer(1)
    await t.clock.advance(ms - 1)
    expect(t.counts()[3]).toBe(1)
    await t.clock.advance(ms)
    expect([t.counts(), t.told().map(([type]) => type)]).toEqual([
      [0, 0, 0, 0],
      ['client_created', 'client_evicted', 'client_destroyed'],
    ])
  })

  it('opens connections ahead of need, as the options say', async () => {
    const t = transported({ isolation: 'fresh', warm: 2, maxConnections: 2 })
    await t.sent()
    expect(FakeConnection.made.map(({ isAhead }) => isAhead)).toEqual([false, true])
    // The bound is for each origin.
    await t.sent({ origin: 'https://other.test' })
    expect([FakeConnection.made.length, t.counts().slice(0, 2)]).toEqual([4, [4, 2]])
  })
})

describe('a bound on connections', () => {
  it('makes attempts wait for each other, in turn', async () => {
    const t = transported({ maxConnections: 1 })
    await t.sent()
    const second = await t.sent()
    const third = await t.sent()
    await t.sent({ origin: 'https://other.test' })
    expect(FakeConnection.made).toHaveLength(2)
    second.exchange.destroy()
    await t.answer(1)
    expect([third.told, second.told]).toEqual([['connected 1 1'], []])
    await t.answer(1)
    expect(third.told.at(-1)).toBe('end')
    // Nobody waits any more: the next one need not either.
    expect((await t.sent()).told).toEqual(['connected 1 1'])
  })

  it('holds for later attempts, too', async () => {
    const t = transported({ maxConnections: 2, isolation: 'fresh' })
    await t.sent()
    await t.sent()
    await t.answer(1)
    for (let n = 0; n < 3; n++) await t.sent()
    expect(t.counts().slice(0, 3)).toEqual([2, 0, 2])
  })

  it('gives the place of an attempt that ends while it gets its client to the next', async () => {
    const t = transported({ maxConnections: 1 })
    const first = t.send()
    // The turn of the loop in which it has its place, and no client yet.
    queueMicrotask(() => first.exchange.destroy())
    await t.clock.settle()
    expect([first.told, t.counts()[2]]).toEqual([[], 0])
    await t.sent()
    expect(t.counts()[2]).toBe(1)
  })
})

describe('the end of the transport', () => {
  it('by close() lets running exchanges end, and refuses later ones', async () => {
    const t = transported()
    FakeConnection.closesAtOnce = false
    const { told } = await t.sent()
    const closing = t.transport.close()
    expect(await isSettled(t.clock, closing)).toBe(false)
    const late = await t.sent()
    expect(late.told).toEqual(['UND_ERR_CLOSED'])
    await t.answer(1)
    expect([told.at(-1), t.one(1).usable, await isSettled(t.clock, closing)]).toEqual(['end', false, false])
    t.one(1).close()
    expect([await isSettled(t.clock, closing), t.counts()]).toEqual([true, [0, 0, 0, 0]])
    expect(await isSettled(t.clock, t.transport.close())).toBe(true)
  })

  it('by close() waits for exchanges on a caller’s dispatcher, too', async () => {
    const t = transported()
    const { exchange } = await t.sent({ dispatcher: { dispatch: () => true } })
    await t.sent()
    FakeConnection.closesAtOnce = false
    const closing = t.transport.close()
    await t.answer(1)
    expect(await isSettled(t.clock, closing)).toBe(false)
    t.one(1).close()
    expect([await isSettled(t.clock, closing), t.counts()]).toEqual([false, [0, 0, 0, 0]])
    exchange.destroy()
    expect(await isSettled(t.clock, closing)).toBe(true)
  })

  it('by close() refuses one that is just getting its client', async () => {
    const t = transported({ maxConnections: 1 })
    const first = t.send()
    queueMicrotask(() => void t.transport.close())
    await t.clock.settle()
    expect([first.told, FakeConnection.made, t.counts()]).toEqual([['UND_ERR_CLOSED'], [], [0, 0, 0, 0]])
  })

  it('by destroy() fails everything with an error', async () => {
    const t = transported({ maxConnections: 2 })
    FakeConnection.closesAtOnce = false
    const running = [await t.sent(), await t.sent(), await t.sent()]
    const destroying = t.transport.destroy()
    expect(running.map(({ told }) => told.at(-1))).toEqual(Array(3).fill('UND_ERR_DESTROYED'))
    expect(FakeConnection.made.map(({ usable }) => usable)).toEqual([false, false])
    expect(await isSettled(t.clock, destroying)).toBe(false)
    t.one(1).close()
    expect(await isSettled(t.clock, destroying)).toBe(false)
    t.one(2).close()
    expect([await isSettled(t.clock, destroying), t.counts()]).toEqual([true, [0, 0, 0, 0]])
    expect((await t.sent()).told).toEqual(['UND_ERR_CLOSED'])
    t.clock.assertNothingPending()
  })

  it('comes at once without exchanges', async () => {
    const t = transported()
    expect(await isSettled(t.clock, t.transport.close())).toBe(true)
    const other = transported()
    expect(await isSettled(other.clock, other.transport.destroy())).toBe(true)
  })
})
