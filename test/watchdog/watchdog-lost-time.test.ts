import { describe, expect, it } from 'vitest'
import { at, type Guarded, guard } from './guard.ts'

describe('time that was lost', () => {
  it('to a blocked event loop does not cut an attempt whose bytes are waiting', async () => {
    for (const [prepare, limit] of [
      [(g: Guarded) => g.sent(), 45_000],
      [(g: Guarded) => g.reading(), 300_000],
    ] as const) {
      const g = guard()
      prepare(g)
      await g.clock.advance(limit - 1000)
      g.clock.jump(10_000)
      g.clock.afterIO(() => g.event(true))
      await g.clock.advance(200_000)
      expect(g.said).toEqual([])
      g.dog.stop()
      g.nothingIsLeft()
    }
  })

  it('is given back once, so that work of several round trips can continue', async () => {
    const g = guard()
    g.dog.connecting()
    await g.clock.advance(8000)
    g.clock.jump(10_000)
    await g.clock.advance(7_999)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[26_000, 'connect']])
    g.nothingIsLeft()
  })

  it('is given back once: a later short loss adds nothing, and takes nothing from longer deadlines', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(10_000)
    g.clock.jump(3_600_000)
    await g.clock.advance(44_000)
    g.clock.jump(2_000)
    await g.clock.settle()
    expect(g.names()).toEqual([[3_656_000, 'ttfb']])
    const long = guard()
    long.reading()
    await long.clock.advance(10_000)
    long.clock.jump(3_600_000)
    await long.clock.advance(299_000)
    long.event(true)
    await long.clock.advance(299_000)
    // Late by a moment: a grace of its own, for the silence since the last byte.
    long.clock.jump(2_000)
    await long.clock.settle()
    long.event(true)
    for (let i = 0; i < 5; i++) {
      await long.clock.advance(290_000)
      long.event(true)
    }
    expect(long.said).toEqual([])
    long.dog.stop()
  })

  it('is given back once for each silence, even if every timer is late', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(44_000)
    for (let i = 0; i < 100 && g.said.length === 0; i++) {
      g.clock.jump(2_000)
      await g.clock.settle()
    }
    expect(g.names()).toEqual([[48_000, 'ttfb']])
    g.nothingIsLeft()
  })

  it('is not given back for a timer that is only slightly late', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(44_000)
    g.clock.jump(1200)
    await g.clock.settle()
    expect(g.names()).toEqual([[45_200, 'ttfb']])
  })

  it('does not delay deadlines of the call', async () => {
    const total = guard({}, { total: at(45_800) })
    total.sent()
    await total.clock.advance(40_000)
    total.clock.jump(5_500)
    await total.clock.advance(10_000)
    expect(total.names()).toEqual([[45_800, 'total']])
    const commit = guard({ idle: at(239_000) }, { commitAfterMs: 239_800 })
    commit.sent()
    commit.event()
    await commit.clock.advance(238_000)
    commit.clock.jump(1_500)
    await commit.clock.advance(300)
    expect(commit.names()).toEqual([[239_800, 'commit']])
    commit.dog.stop()
    const late = guard({}, { total: at(46_000) })
    late.sent()
    late.clock.jump(100_000)
    await late.clock.settle()
    expect(late.names()).toEqual([[100_000, 'total']])
    late.nothingIsLeft()
  })

  it('to a sleep of an hour causes no burst: each attempt gets its time again, and is cut once if nothing comes', async () => {
    const all = Array.from({ length: 20 }, (_, i) => {
      const g = guard()
      if (i % 2 === 0) g.sent()
      else g.reading()
      return g
    })
    for (const [i, g] of all.entries()) {
      await g.clock.advance(10_000)
      g.clock.jump(3_600_000)
      await g.clock.advance(20_000)
      expect(g.said).toEqual([])
      if (i < 10) {
        g.event(true)
        await g.clock.advance(200_000)
        expect(g.said).toEqual([])
        g.dog.stop()
      } else {
        await g.clock.runToIdle()
        expect(g.said).toHaveLength(1)
      }
      g.nothingIsLeft()
    }
  })
})
