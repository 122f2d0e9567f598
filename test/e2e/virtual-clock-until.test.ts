import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTurn } from '../../src/core/turn.ts'
import { ResilientClient } from '../../src/index.ts'
import { FakeTransport, fake, textStream, VirtualClock } from '../../src/testing/index.ts'
import { invalid } from '../support/typed.ts'

const params = { model: 'm', input: 'Hi' }

describe('clock.until', () => {
  it('moves time until a call has its answer, however often it waits before', async () => {
    const clock = new VirtualClock()
    const script = [fake.stall(), fake.status(503), fake.respond(textStream({ text: 'hi' }))]
    const transport = new FakeTransport(script, { clock })
    const client = new ResilientClient({ transport })
    const response = await clock.until(client.responses.create(params))
    expect(response.output_text).toBe('hi')
    expect(clock.now()).toBeGreaterThanOrEqual(45_000)
    expect(clock.now()).toBeLessThan(90_000)
    transport.assertConsumed()
    transport.assertNothingLeft()
    await client.close()
    clock.assertNothingPending()
  })

  it('stops time at the instant at which the promise settles', async () => {
    const clock = new VirtualClock()
    const later = new Promise<string>((resolve) => clock.setTimer(() => resolve('now'), 100))
    clock.setTimer(() => {}, 101)
    expect(await clock.until(later)).toBe('now')
    expect([clock.now(), clock.pendingCount]).toEqual([100, 1])
  })

  it('takes a promise that needs no time, and one that has settled', async () => {
    const clock = new VirtualClock()
    expect(await clock.until(Promise.resolve(1))).toBe(1)
    expect(await clock.until(nextTurn().then(() => 2))).toBe(2)
    expect(clock.now()).toBe(0)
  })

  it('rejects as the promise does, and the rejection is never unhandled', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const clock = new VirtualClock()
      const client = new ResilientClient({ transport: new FakeTransport([fake.status(400)], { clock }) })
      await expect(clock.until(client.responses.create(params))).rejects.toMatchObject({ status: 400 })
      await nextTurn()
      expect(unhandled).not.toHaveBeenCalled()
      await client.close()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  it('gives up after maxMs, and lists what is armed', async () => {
    const clock = new VirtualClock()
    const never = new Promise(() => {})
    const tick = (): unknown => clock.labelled('heartbeat').setTimer(tick, 60_000)
    tick()
    await expect(clock.until(never, { maxMs: 300_000 })).rejects.toThrow(
      /not settled after 300000 ms.*1 timer still armed[\s\S]*heartbeat due at/,
    )
  })

  it('gives up where no timer is armed: the promise waits for something else', async () => {
    const clock = new VirtualClock()
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow('no timer is armed')
  })

  it('refuses a value that is not a promise, and a time below 0', async () => {
    const clock = new VirtualClock()
    await expect(clock.until(invalid<Promise<void>>(5))).rejects.toThrow('expected a promise')
    await expect(clock.until(Promise.resolve(), { maxMs: -1 })).rejects.toThrow('expected milliseconds')
  })
})

describe('a clock that is forgotten', () => {
  const warnings: Error[] = []
  const listen = (warning: Error): void => void warnings.push(warning)

  beforeEach(() => {
    warnings.length = 0
    process.on('warning', listen)
  })
  afterEach(() => {
    process.off('warning', listen)
    vi.doUnmock('../../src/core/real-time.ts')
    vi.resetModules()
  })

  /** The kit, with the real time in the hands of the test: each call of the function lets 4 s pass. */
  async function kit() {
    vi.resetModules()
    const due: Array<() => void> = []
    vi.doMock('../../src/core/real-time.ts', () => ({
      afterRealMs: (_ms: number, callback: () => void) => void due.push(callback),
    }))
    const { VirtualClock: Clock } = await import('../../src/testing/virtual-clock.ts')
    const pass = async () => {
      for (const callback of due.splice(0)) callback()
      await nextTurn()
    }
    return { clock: new Clock(), pass, due }
  }

  it('says so once, with what waits', async () => {
    const { clock, pass, due } = await kit()
    clock.labelled('the call').setTimer(() => {}, 45_000)
    await pass()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatchObject({ code: 'VIRTUAL_CLOCK_STANDS_STILL' })
    expect(warnings[0]?.message).toMatch(/await clock\.advance[\s\S]*the call due at 45000 ms/)
    clock.setTimer(() => {}, 1)
    expect(due).toEqual([])
  })

  it('says nothing while a test moves time, and looks again', async () => {
    const { clock, pass, due } = await kit()
    clock.setTimer(() => {}, 45_000)
    await clock.advance(1)
    await pass()
    expect(warnings).toEqual([])
    expect(due).toHaveLength(1)
    await pass()
    expect(warnings).toHaveLength(1)
  })

  it('says nothing where only idle connections have timers, or none is left', async () => {
    const { clock, pass } = await kit()
    clock.setTimer(() => {}, 30_000, { unref: true })
    clock.clearTimer(clock.setTimer(() => {}, 1000))
    await pass()
    expect(warnings).toEqual([])
  })
})
