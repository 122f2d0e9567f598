import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../src/testing/index.ts'
import { type Queued, TimerQueue } from '../../src/testing/virtual-clock/timer-queue.ts'

describe('VirtualClock', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('fires timers in order of their due time, ties in the order of arming, at exactly that time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40, size: 'max' }), async (delays) => {
        const clock = new VirtualClock()
        const fired: { n: number; at: number }[] = []
        for (const [n, delay] of delays.entries()) clock.setTimer(() => fired.push({ n, at: clock.now() }), delay)
        await clock.advance(20)
        const expected = delays.map((at, n) => ({ n, at })).sort((a, b) => a.at - b.at || a.n - b.n)
        expect(fired).toEqual(expected)
        clock.assertNothingPending()
      }),
      { numRuns: 50 },
    )
  })

  it('agrees with a plain list about what is armed, whatever is armed, cleared and re-armed', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ arm: fc.integer({ min: 0, max: 50 }) }),
        fc.record({ clear: fc.nat(30) }),
        fc.record({ advance: fc.integer({ min: 0, max: 15 }) }),
      ),
      { maxLength: 40, size: 'max' },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const clock = new VirtualClock()
        const handles: unknown[] = []
        let model: { n: number; due: number }[] = []
        const fired: number[] = []
        const expected: number[] = []
        for (const step of script) {
          if ('arm' in step) {
            const n = handles.length
            model.push({ n, due: clock.now() + step.arm })
            handles.push(clock.setTimer(() => fired.push(n), step.arm))
          } else if ('clear' in step) {
            clock.clearTimer(handles[step.clear])
            model = model.filter(({ n }) => n !== step.clear)
          } else {
            await clock.advance(step.advance)
            const due = model.filter((timer) => timer.due <= clock.now()).sort((a, b) => a.due - b.due || a.n - b.n)
            expected.push(...due.map(({ n }) => n))
            model = model.filter((timer) => timer.due > clock.now())
          }
        }
        expect(fired).toEqual(expected)
        expect(clock.pending().map(({ dueMs }) => dueMs)).toEqual(model.map(({ due }) => due).sort((a, b) => a - b))
        const { armed, fired: wakeUps, cleared, pending } = clock.counts()
        expect(armed).toBe(wakeUps + cleared + pending)
      }),
      { numRuns: 60 },
    )
  })

  it('lets a chain of awaits, ticks and web streams arm its next timer before time moves on', async () => {
    const clock = new VirtualClock()
    const at: number[] = []
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.setTimer(resolve, ms))
    const done = (async () => {
      for (let n = 0; n < 3; n++) {
        await sleep(10)
        await new Promise<void>((resolve) => process.nextTick(resolve))
        await new Response(new Blob(['x']).stream().pipeThrough(new TransformStream())).text()
        at.push(clock.now())
      }
    })()
    clock.setTimer(() => at.push(-1), 31)
    await clock.advance(31)
    await done
    expect(at).toEqual([10, 20, 30, -1])
  })

  it('runs afterIO callbacks after everything that is due at the same instant', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.setTimer(() => {
      seen.push('deadline')
      clock.afterIO(() => seen.push('check'))
    }, 10)
    clock.setTimer(() => {
      seen.push('delivery')
      void Promise.resolve().then(() => seen.push('its promise jobs'))
    }, 10)
    clock.setTimer(() => seen.push('later'), 11)
    await clock.advance(11)
    expect(seen).toEqual(['deadline', 'delivery', 'its promise jobs', 'check', 'later'])
  })

  it('settles without moving time', async () => {
    const clock = new VirtualClock({ startMs: 5 })
    let ran = 0
    clock.setTimer(() => ran++, 0)
    clock.setTimer(() => ran++, 1)
    clock.afterIO(() => ran++)
    await clock.settle()
    expect({ ran, now: clock.now() }).toEqual({ ran: 2, now: 5 })
  })

  it('fires timers late after a jump, in order, and none in the middle of it', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.setTimer(() => seen.push(`b at ${clock.now()}`), 200)
    clock.setTimer(() => seen.push(`a at ${clock.now()}`), 100)
    clock.setTimer(() => seen.push(`c at ${clock.now()}`), 10_050)
    clock.jump(10_000)
    expect(seen).toEqual([])
    expect(clock.pending()[0]).toMatchObject({ dueMs: 100, inMs: -9_900 })
    await clock.advance(50)
    expect(seen).toEqual(['a at 10000', 'b at 10000', 'c at 10050'])
  })

  it('moves the wall clock alone with jumpWall, and with the other one otherwise', async () => {
    const clock = new VirtualClock({ epochMs: 1_000_000 })
    await clock.advance(5)
    clock.jump(10)
    clock.jumpWall(-3_600_000)
    expect(clock.now()).toBe(15)
    expect(clock.wallNow()).toBe(1_000_000 + 15 - 3_600_000)
  })

  it('runs to idle through timers that arm timers, and stands at the last one', async () => {
    const clock = new VirtualClock()
    let left = 5
    const again = () => {
      if (--left > 0) clock.setTimer(again, 1_000)
    }
    clock.setTimer(again, 1_000)
    await clock.runToIdle()
    expect({ left, now: clock.now() }).toEqual({ left: 0, now: 5_000 })
  })

  it('says what is armed when it cannot run to idle', async () => {
    const clock = new VirtualClock()
    const heartbeat = clock.labelled('heartbeat')
    const again = () => heartbeat.setTimer(again, 1_000, { unref: true })
    again()
    await expect(clock.runToIdle({ maxMs: 10_000 })).rejects.toThrow(
      /not idle after 10000 ms[\s\S]*heartbeat due at 11000 ms \(in 1000 ms\), unref/,
    )
  })

  it('does not hang on a timer that re-arms itself at the same instant', async () => {
    const clock = new VirtualClock()
    let rounds = 0
    const again = () => {
      rounds++
      for (let n = 0; n < 5; n++) clock.setTimer(() => {}, 0)
      clock.setTimer(again, 0)
    }
    again()
    await expect(clock.settle()).rejects.toThrow(/time stands still/)
    expect(rounds).toBeGreaterThan(100)
  })

  it('names every pending timer, and who armed it if asked to', () => {
    const clock = new VirtualClock({ traces: true })
    clock.setTimer(function leak() {}, 250)
    clock.afterIO(() => {})
    expect(() => clock.assertNothingPending()).toThrow(/timer due at 250 ms[\s\S]*virtual-clock\.test[\s\S]*1 afterIO/)
  })

  it('counts timers apart by label, and remembers the most that were armed at once', async () => {
    const clock = new VirtualClock()
    const mine = clock.labelled('mine')
    const first = mine.setTimer(() => {}, 1)
    mine.setTimer(() => {}, 2)
    clock.setTimer(() => {}, 3)
    mine.clearTimer(first)
    mine.clearTimer(first)
    await clock.runToIdle()
    expect(clock.counts('mine')).toEqual({ armed: 2, fired: 1, cleared: 1, pending: 0, peak: 2 })
    expect(clock.counts()).toEqual({ armed: 3, fired: 2, cleared: 1, pending: 0, peak: 3 })
    expect(clock.counts('nobody').armed).toBe(0)
  })

  it('refuses a second move while one is running, and invalid durations', async () => {
    const clock = new VirtualClock()
    const first = clock.advance(10)
    await expect(clock.advance(10)).rejects.toThrow(/already moving/)
    await first
    await expect(clock.advance(-1)).rejects.toThrow(RangeError)
    expect(() => clock.setTimer(() => {}, Number.NaN)).toThrow(RangeError)
  })

  it('throws the error of a callback, and can continue after it', async () => {
    const clock = new VirtualClock()
    let later = false
    clock.setTimer(() => {
      throw new Error('from the callback')
    }, 5)
    clock.setTimer(() => {
      later = true
    }, 6)
    await expect(clock.advance(10)).rejects.toThrow('from the callback')
    expect(clock.now()).toBe(5)
    await clock.advance(1)
    expect(later).toBe(true)
  })

  it('is not stopped by the fake timers of a test framework', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout', 'performance', 'Date'] })
    const clock = new VirtualClock()
    let fired = false
    clock.setTimer(() => {
      fired = true
    }, 1_000)
    await clock.advance(1_000)
    expect(fired).toBe(true)
  })
})

describe('the queue of timers', () => {
  it('hands out what is left in order, whatever was taken out of its middle', () => {
    const dues = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(dues, fc.array(fc.nat(199), { maxLength: 100, size: 'max' }), (dueTimes, removals) => {
        const queue = new TimerQueue<Queued>()
        const items = dueTimes.map((dueMs, order) => ({ dueMs, order, slot: -1 }))
        for (const item of items) queue.push(item)
        const left = new Set(items)
        for (const n of removals) {
          const item = items[n]
          if (item) expect(queue.remove(item)).toBe(left.delete(item))
        }
        const expected = [...left].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)
        expect(queue.toSorted()).toEqual(expected)
        expect(queue.size).toBe(expected.length)
        for (const item of expected) {
          expect(queue.peek()).toBe(item)
          queue.remove(item)
        }
        expect(queue.size).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})
