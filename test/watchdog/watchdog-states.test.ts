import { describe, expect, it } from 'vitest'
import { at, type Guarded, guard, OFF } from './guard.ts'

describe('a pause of the consumer', () => {
  it('stops idle and progress for any time, and then gives them their remaining time', async () => {
    const g = guard({ stale: OFF })
    g.reading()
    await g.clock.advance(200_000)
    g.dog.pause()
    await g.clock.advance(7_200_000)
    expect(g.said).toEqual([])
    g.dog.resume()
    await g.clock.advance(99_999)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[7_500_000, 'idle']])
    g.nothingIsLeft()
  })

  it('never stops stale or total', async () => {
    for (const [name, call] of [
      ['stale', {}],
      ['total', { total: at(1_000_000) }],
    ] as const) {
      const g = guard({}, call)
      g.reading()
      g.dog.pause()
      await g.clock.runToIdle()
      expect(g.names()).toEqual([[name === 'stale' ? 1_800_000 : 1_000_000, name]])
    }
  })

  it('does not change the age of bytes that came during it', async () => {
    const g = guard({ stale: OFF })
    g.reading()
    g.dog.pause()
    await g.clock.advance(3_600_000)
    g.event(true)
    await g.clock.advance(1)
    g.dog.resume()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[3_600_001 + 300_000, 'idle']])
  })

  it('moves the last progress by its length, and never into the future', async () => {
    const g = guard({ idle: OFF, stale: OFF })
    g.reading()
    await g.clock.advance(100)
    g.dog.pause()
    await g.clock.advance(1000)
    g.dog.resume()
    expect(g.dog.times).toMatchObject({ lastByteAt: 1000, lastProgressAt: 1000 })
    g.dog.pause()
    await g.clock.advance(50)
    g.event(true)
    await g.clock.advance(1)
    g.dog.resume()
    expect(g.dog.times).toMatchObject({ lastByteAt: 1151, lastProgressAt: 1151 })
    g.dog.stop()
  })
})

describe('the instants of a stream', () => {
  it('are those of its first event and of its first progress', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(10)
    g.event()
    expect(g.dog.times).toMatchObject({ firstEventAt: 10, firstProgressAt: undefined })
    await g.clock.advance(10)
    g.event(true)
    await g.clock.advance(10)
    g.event(true)
    expect(g.dog.times).toMatchObject({ firstEventAt: 10, firstProgressAt: 20, lastProgressAt: 30 })
    g.dog.stop()
  })

  it('are the same for both, if the first event is progress', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(10)
    g.event(true)
    await g.clock.advance(10)
    g.event(true)
    expect(g.dog.times).toMatchObject({ firstEventAt: 10, firstProgressAt: 10, lastProgressAt: 20 })
    g.dog.stop()
  })
})

describe('a response in the endpoint’s queue', () => {
  it('needs no progress, and gets the whole time when it leaves the queue', async () => {
    const g = guard({ idle: OFF, stale: OFF })
    g.sent()
    g.event()
    g.dog.queued(true)
    await g.clock.advance(5_000_000)
    expect(g.said).toEqual([])
    g.dog.queued(false)
    await g.clock.advance(899_999)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[5_900_000, 'progress']])
    g.nothingIsLeft()
  })

  it('still has to send bytes', async () => {
    const g = guard()
    g.sent()
    g.event()
    g.dog.queued(true)
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[300_000, 'idle']])
  })
})

describe('what does not end an attempt', () => {
  it('is the hand-over of the prelude: once, only after the first event, and all else continues', async () => {
    const g = guard({}, { commitAfterMs: 240_000, beforeCommit: at(540_000) })
    g.sent()
    g.event()
    await g.clock.advance(239_999)
    g.event()
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[240_000, 'commit']])
    await g.clock.runToIdle()
    expect(g.names()).toEqual([
      [240_000, 'commit'],
      [539_999, 'idle'],
    ])
    g.nothingIsLeft()
  })

  it('comes at the first event if that is later', async () => {
    const g = guard({ ttfb: OFF }, { commitAfterMs: 240_000, beforeCommit: at(540_000) })
    g.sent()
    await g.clock.advance(300_000)
    expect(g.said).toEqual([])
    g.event()
    await g.clock.settle()
    expect(g.names()).toEqual([[300_000, 'commit']])
    g.dog.stop()
    g.nothingIsLeft()
  })

  it('never comes with 0; then a call ends before its commit only without a first event', async () => {
    const g = guard({ idle: OFF, progress: OFF, stale: OFF }, { commitAfterMs: 0, beforeCommit: at(540_000) })
    g.sent()
    await g.clock.advance(10_000)
    g.event()
    await g.clock.advance(10_000_000)
    expect(g.said).toEqual([])
    g.nothingIsLeft()
  })

  it('can stop the watchdog during its callback', async () => {
    const g: Guarded = guard({}, { commitAfterMs: 1000 }, () => g.dog.stop())
    g.sent()
    g.event()
    await g.clock.advance(1000)
    expect(g.names()).toEqual([[1000, 'commit']])
    g.nothingIsLeft()
  })

  it('is the wait after `error`: one second, after which nothing is armed', async () => {
    const g = guard()
    g.reading()
    await g.clock.advance(5000)
    g.dog.lingering()
    await g.clock.advance(500)
    g.dog.lingering()
    await g.clock.advance(499)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[6000, 'linger']])
    g.nothingIsLeft()
  })
})
