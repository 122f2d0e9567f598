import { describe, expect, it } from 'vitest'
import type { AttemptLimits, CallDeadlines } from '../../src/watchdog/deadlines.ts'
import { at, type Guarded, guard, LIMITS, OFF } from './guard.ts'

describe('each deadline', () => {
  it.each<
    [
      name: string,
      prepare: (g: Guarded) => void,
      ms: number,
      limits?: Partial<AttemptLimits>,
      call?: Partial<CallDeadlines>,
    ]
  >([
    ['connect', ({ dog }) => dog.connecting(), 10_000],
    [
      'send',
      ({ dog }) => {
        dog.connecting()
        dog.connected()
      },
      30_000,
    ],
    ['ttfb', (g) => g.sent(), 45_000],
    [
      'ttfb',
      (g) => {
        g.sent()
        g.dog.byte()
      },
      45_000,
    ],
    ['ttfb', ({ dog }) => dog.sent(), 45_000],
    ['idle', (g) => g.reading(), 300_000],
    [
      'idle',
      (g) => {
        g.sent()
        g.event()
      },
      300_000,
    ],
    ['progress', (g) => g.reading(), 900_000, { idle: OFF }],
    ['stale', () => {}, 1_800_000],
    ['stale', (g) => g.sent(), 1_800_000, { ttfb: OFF }],
    ['stale', (g) => g.reading(), 1_800_000, { idle: OFF, progress: OFF }],
    ['total', (g) => g.reading(), 20_000, {}, { total: at(20_000) }],
    ['before_commit', (g) => g.sent(), 9_000, {}, { beforeCommit: at(9_000, 'beforeCommitMs') }],
  ])('names itself, its value and its source, and fires once: %s', async (name, prepare, ms, limits, call) => {
    const g = guard(limits, call)
    prepare(g)
    await g.clock.advance(ms - 1)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    const limit = { ...LIMITS, total: at(20_000), before_commit: at(9_000, 'beforeCommitMs') }[name as 'connect']
    expect(g.said).toEqual([{ at: ms, what: { name, ms, source: limit.source } }])
    g.nothingIsLeft()
    await g.clock.advance(10_000_000)
    expect(g.said).toHaveLength(1)
  })

  it('is off with 0: then no timer is armed', async () => {
    const g = guard({ connect: OFF, send: OFF, ttfb: OFF, idle: OFF, progress: OFF, stale: OFF })
    g.dog.connecting()
    g.clock.assertNothingPending()
    g.reading()
    await g.clock.advance(86_400_000)
    expect(g.said).toEqual([])
    expect(g.clock.counts().armed).toBe(0)
  })

  it('does not cut a slow upload that makes progress', async () => {
    const g = guard()
    g.dog.connecting()
    g.dog.connected()
    for (let i = 0; i < 20; i++) {
      await g.clock.advance(29_000)
      g.dog.sending()
    }
    await g.clock.advance(29_999)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[20 * 29_000 + 30_000, 'send']])
    g.nothingIsLeft()
  })
})

describe('the first event', () => {
  it('1 ms before the cutoff is not cut; 1 ms after it there is exactly one outcome', async () => {
    const early = guard()
    early.sent()
    await early.clock.advance(44_999)
    early.event()
    await early.clock.advance(250_000)
    expect(early.said).toEqual([])
    early.dog.stop()

    const late = guard()
    late.sent()
    await late.clock.advance(45_001)
    late.event(true)
    late.dog.stop()
    await late.clock.advance(10_000_000)
    expect(late.names()).toEqual([[45_000, 'ttfb']])
    late.nothingIsLeft()
  })

  it('is awaited from the end of the request, not from the headers', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(44_000)
    // Headers say so once more.
    g.dog.sent()
    g.dog.byte()
    await g.clock.advance(1000)
    expect(g.names()).toEqual([[45_000, 'ttfb']])
    g.nothingIsLeft()
  })

  it('that is already waiting when the cutoff fires is read first', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(44_999)
    // Delivered with the input of the same turn, behind the timer, which is not late.
    g.clock.afterIO(() => g.event())
    g.clock.jump(1)
    await g.clock.settle()
    expect(g.said).toEqual([])
    g.dog.stop()
    g.nothingIsLeft()
  })

  it('ends the cutoff: a long generation is not cut by it', async () => {
    const g = guard()
    g.sent()
    g.event()
    for (let i = 0; i < 50; i++) {
      await g.clock.advance(30_000)
      g.event(i % 10 === 0)
    }
    expect(g.said).toEqual([])
    g.dog.stop()
    g.nothingIsLeft()
  })

  it('may be of any kind, such as a heartbeat; but heartbeats do not count as progress', async () => {
    const g = guard()
    g.sent()
    g.event()
    while (g.said.length === 0) {
      await g.clock.advance(10_000)
      if (g.said.length === 0) g.event(false)
    }
    expect(g.names()).toEqual([[900_000, 'progress']])
    g.nothingIsLeft()
  })
})
