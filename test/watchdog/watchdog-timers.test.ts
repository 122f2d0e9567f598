import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at, type Guarded, guard } from './guard.ts'

describe('timers', () => {
  it('are at most one at a time, and wake up at most once for each deadline of a silent attempt', async () => {
    const g = guard({}, { total: at(3_600_000), beforeCommit: at(540_000), commitAfterMs: 240_000 })
    g.dog.connecting()
    await g.clock.advance(2000)
    g.dog.connected()
    g.dog.sending()
    g.dog.sent()
    await g.clock.advance(44_999)
    g.event()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([
      [240_000, 'commit'],
      [46_999 + 300_000, 'idle'],
    ])
    const { fired, peak } = g.clock.counts()
    expect(peak).toBe(1)
    // connect, ttfb, commit_after, idle.
    expect(fired).toBeLessThanOrEqual(4)
  })

  it('are rarely armed during a hundred thousand events', async () => {
    const g = guard()
    g.reading()
    for (let second = 0; second < 1000; second++) {
      for (let i = 0; i < 100; i++) g.event(true)
      await g.clock.advance(1000)
    }
    const { armed, peak } = g.clock.counts()
    expect(peak).toBe(1)
    expect(armed).toBeLessThanOrEqual(4 + Math.ceil(1_000_000 / 300_000))
    expect(g.said).toEqual([])
    g.dog.stop()
    g.nothingIsLeft()
  })

  it('are gone after stop, and nothing is reported any more', async () => {
    for (const prepare of [(g: Guarded) => g.sent(), (g: Guarded) => g.reading(), (g: Guarded) => g.dog.connecting()]) {
      const g = guard()
      prepare(g)
      g.dog.stop()
      g.nothingIsLeft()
      g.event(true)
      g.dog.queued(true)
      g.dog.queued(false)
      g.dog.pause()
      g.dog.resume()
      g.dog.lingering()
      g.nothingIsLeft()
      await g.clock.advance(10_000_000)
      expect(g.said).toEqual([])
    }
  })

  it('are gone after a stop between a timer and its second check', async () => {
    const g = guard()
    g.sent()
    await g.clock.advance(40_000)
    // Armed later for the same instant, it fires right behind the watchdog's.
    g.clock.setTimer(() => g.dog.stop(), 5000)
    await g.clock.advance(5000)
    expect(g.said).toEqual([])
    g.clock.assertNothingPending()
  })

  it('that wake up for a past deadline do not fire the next one early', async () => {
    const g = guard({ ttfb: at(45), idle: at(44), connect: at(46) })
    g.sent()
    await g.clock.advance(2)
    g.event()
    await g.clock.advance(43)
    expect([g.clock.now(), g.said]).toEqual([45, []])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[46, 'idle']])
    g.nothingIsLeft()
  })

  it('agree with a simple model for any events: at most one is armed, and the deadline that fires was due', async () => {
    const step = fc.oneof(
      fc.record({ advance: fc.integer({ min: 0, max: 30 }) }),
      fc.constantFrom('byte', 'event', 'progress', 'pause', 'resume', 'queued', 'unqueued', 'sending'),
    )
    const ms = fc.integer({ min: 0, max: 60 })
    const limits = fc.record({ idle: ms, progress: ms, stale: fc.integer({ min: 0, max: 400 }), ttfb: ms })
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60, size: 'max' }), async (given, script) => {
        const g = guard({
          ttfb: at(given.ttfb),
          idle: at(given.idle),
          progress: at(given.progress),
          stale: at(given.stale),
        })
        g.sent()
        const { clock, dog } = g
        const model = new Model(given)
        for (const action of script) {
          if (typeof action === 'object') {
            for (let i = 0; i < action.advance && model.fired === undefined; i++) {
              await clock.advance(1)
              model.tick()
            }
          } else if (model.fired === undefined) {
            model.act(action)
            if (action === 'byte') dog.byte()
            if (action === 'event') g.event(false)
            if (action === 'progress') g.event(true)
            if (action === 'pause') dog.pause()
            if (action === 'resume') dog.resume()
            if (action === 'queued') dog.queued(true)
            if (action === 'unqueued') dog.queued(false)
            if (action === 'sending') dog.sending()
          }
          expect(clock.pendingCount).toBeLessThanOrEqual(1)
          expect(g.names().map(([when]) => when)).toEqual(model.fired === undefined ? [] : [model.now])
          if (model.fired !== undefined) expect(model.fired).toContain(g.names()[0]?.[1])
        }
        dog.stop()
        g.nothingIsLeft()
      }),
      { numRuns: 150 },
    )
  })
})

/** The deadlines of a sent attempt, checked at every millisecond. */
class Model {
  now = 0
  fired: string[] | undefined
  readonly #limits: { idle: number; progress: number; stale: number; ttfb: number }
  #lastByte: number | undefined
  #lastProgress: number | undefined
  #hasEvent = false
  #queued = false
  #pausedAt: number | undefined

  constructor(limits: { idle: number; progress: number; stale: number; ttfb: number }) {
    this.#limits = limits
  }

  act(action: string): void {
    if (action === 'byte') this.#lastByte = this.now
    if (action === 'event' || action === 'progress') {
      this.#lastByte = this.now
      if (!this.#hasEvent || action === 'progress') this.#lastProgress = this.now
      this.#hasEvent = true
    }
    if (action === 'pause') this.#pausedAt ??= this.now
    if (action === 'resume' && this.#pausedAt !== undefined) {
      const lost = this.now - this.#pausedAt
      this.#pausedAt = undefined
      if (this.#lastByte !== undefined) this.#lastByte = Math.min(this.now, this.#lastByte + lost)
      if (this.#lastProgress !== undefined) this.#lastProgress = Math.min(this.now, this.#lastProgress + lost)
    }
    if (action === 'queued' || action === 'unqueued') {
      const queued = action === 'queued'
      if (queued !== this.#queued) this.#lastProgress = this.now
      this.#queued = queued
    }
  }

  tick(): void {
    this.now++
    const { idle, progress, stale, ttfb } = this.#limits
    const isPaused = this.#pausedAt !== undefined
    const due = (limit: number, from: number | undefined): boolean =>
      limit > 0 && from !== undefined && this.now >= from + limit
    const fired = [
      due(ttfb, this.#hasEvent ? undefined : 0) ? 'ttfb' : '',
      due(idle, isPaused ? undefined : this.#lastByte) ? 'idle' : '',
      due(progress, isPaused || this.#queued ? undefined : this.#lastProgress) ? 'progress' : '',
      due(stale, 0) ? 'stale' : '',
    ].filter((name) => name !== '')
    if (fired.length > 0) this.fired = fired
  }
}
