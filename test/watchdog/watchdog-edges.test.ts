import { describe, expect, it, vi } from 'vitest'
import { at, guard, OFF } from './guard.ts'

describe('each step arms the deadline that it begins', () => {
  it('the connection, the deadline for sending', async () => {
    const g = guard({ send: at(1000) })
    g.dog.connecting()
    g.dog.connected()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[1000, 'send']])
  })

  it('the request that was sent, over a connection that was not reported', async () => {
    const g = guard()
    g.dog.connecting()
    await g.clock.advance(50)
    g.dog.sent()
    expect(g.dog.times).toMatchObject({ startedAt: 0, connectingAt: 0, connectedAt: 50, sentAt: 50 })
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[45_050, 'ttfb']])
  })

  it('an event, from the instant of its bytes', async () => {
    const g = guard({ idle: OFF, progress: at(1000) })
    g.sent()
    await g.clock.advance(100)
    g.dog.byte()
    await g.clock.advance(100)
    g.dog.event(true)
    expect(g.dog.times).toMatchObject({ firstEventAt: 100, lastProgressAt: 100 })
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[1100, 'progress']])
  })

  it('nothing that is armed already', () => {
    const g = guard()
    g.reading()
    g.dog.lingering()
    const { armed } = g.clock.counts()
    g.dog.lingering()
    g.dog.queued(true)
    g.dog.queued(false)
    expect(g.clock.counts().armed).toBe(armed)
    g.dog.stop()
  })
})

describe('a timer that fires', () => {
  it('for a postponed deadline does not check again, even if one millisecond is left', async () => {
    for (const left of [1, 1000]) {
      const g = guard({ idle: at(5000), ttfb: at(5000) })
      g.sent()
      const look = vi.spyOn(g.clock, 'afterIO')
      await g.clock.advance(left)
      g.event()
      look.mockClear()
      await g.clock.advance(5000 - left)
      expect(look).not.toHaveBeenCalled()
      expect(g.said).toEqual([])
      await g.clock.advance(left)
      expect(g.names()).toEqual([[5000 + left, 'idle']])
    }
  })

  it('does not end an attempt one millisecond early after its second check', async () => {
    const g = guard({ idle: at(100), stale: at(101) })
    g.reading()
    await g.clock.advance(50)
    // Armed later for the same instant: it fires between the watchdog's timer and its second look.
    g.clock.setTimer(() => g.dog.byte(), 50)
    await g.clock.advance(50)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[101, 'stale']])
    g.clock.assertNothingPending()
  })

  it('does nothing if the consumer has paused meanwhile', async () => {
    const g = guard({ idle: at(100), stale: OFF })
    g.reading()
    await g.clock.advance(50)
    g.clock.setTimer(() => g.dog.pause(), 50)
    await g.clock.runToIdle()
    expect(g.said).toEqual([])
    await g.clock.advance(70)
    g.dog.resume()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[170, 'idle']])
    g.clock.assertNothingPending()
  })

  it('is the last one: after the end nothing is armed', async () => {
    for (const end of ['ttfb', 'linger']) {
      const g = guard()
      g.sent()
      if (end === 'linger') g.dog.lingering()
      await g.clock.runToIdle()
      expect(g.names().map(([, name]) => name)).toEqual([end])
      g.event(true)
      g.dog.queued(true)
      g.nothingIsLeft()
    }
  })

  it('for the wait after `error` is reported as such, and not as a deadline', async () => {
    const g = guard()
    g.sent()
    g.dog.lingering()
    await g.clock.runToIdle()
    expect(g.said).toEqual([{ at: 1000, what: 'linger' }])
  })
})

describe('a pause before anything has come', () => {
  it('does not affect deadlines whose start has not happened yet', async () => {
    const silent = guard({ ttfb: OFF })
    silent.sent()
    silent.dog.pause()
    await silent.clock.advance(10)
    silent.dog.resume()
    await silent.clock.runToIdle()
    expect(silent.names()).toEqual([[1_800_000, 'stale']])
    const headersOnly = guard({ ttfb: OFF, idle: OFF })
    headersOnly.sent()
    headersOnly.dog.byte()
    headersOnly.dog.pause()
    await headersOnly.clock.advance(10)
    headersOnly.dog.resume()
    await headersOnly.clock.runToIdle()
    expect(headersOnly.names()).toEqual([[1_800_000, 'stale']])
  })
})

describe('time that was lost', () => {
  it('is not counted if a timer is late by at most 250 ms', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(44_000)
    g.clock.jump(1250)
    await g.clock.settle()
    expect(g.names()).toEqual([[45_250, 'ttfb']])
    const late = guard()
    late.sent()
    await late.clock.advance(44_000)
    late.clock.jump(1251)
    await late.clock.runToIdle()
    expect(late.names()).toEqual([[45_502, 'ttfb']])
  })

  it('is given back to each deadline, also to two from the same instant, and not more than was lost', async () => {
    const g = guard({ stale: at(100_000), ttfb: OFF })
    g.dog.connecting()
    await g.clock.advance(9_000)
    g.clock.jump(2_000)
    await g.clock.settle()
    g.dog.connected()
    g.dog.sent()
    await g.clock.advance(88_000)
    expect(g.clock.now()).toBe(99_000)
    g.clock.jump(3_000)
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[104_000, 'stale']])
    g.nothingIsLeft()
  })

  it('is not used up by a silence that ended before the loss was noticed', async () => {
    const g = guard()
    g.reading()
    await g.clock.advance(299_000)
    g.clock.jump(3_000)
    g.clock.afterIO(() => g.event(true))
    await g.clock.settle()
    await g.clock.advance(299_000)
    g.clock.jump(3_000)
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[606_000, 'idle']])
    g.nothingIsLeft()
  })
})
