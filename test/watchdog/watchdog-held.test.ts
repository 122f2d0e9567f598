import { describe, expect, it } from 'vitest'
import { at, guard, OFF } from './guard.ts'

describe('what came last may be the end of the answer', () => {
  it('and is asked for after a second of silence; the other deadlines stay', async () => {
    const g = guard({ idle: at(5000), progress: OFF, stale: OFF })
    g.reading()
    g.dog.holding(true)
    await g.clock.runToIdle()
    expect(g.names()).toEqual([
      [1000, 'held'],
      [5000, 'idle'],
    ])
    g.nothingIsLeft()
  })

  it('and waits a second after each piece of it', async () => {
    const g = guard()
    g.reading()
    g.dog.holding(true)
    await g.clock.advance(600)
    g.dog.byte()
    g.dog.holding(true)
    await g.clock.advance(999)
    expect(g.said).toEqual([])
    await g.clock.advance(1)
    expect(g.names()).toEqual([[1600, 'held']])
    g.dog.stop()
  })

  it('until a piece shows that it is not', async () => {
    const g = guard()
    g.reading()
    g.dog.holding(false)
    g.dog.holding(true)
    await g.clock.advance(500)
    g.dog.holding(false)
    await g.clock.advance(5000)
    expect(g.said).toEqual([])
    g.dog.stop()
  })
})

describe('a wait for what may follow', () => {
  it.each([
    [undefined, 1000],
    [5000, 5000],
  ])('of %s ms ends after %i ms, and the first word counts', async (forMs, ends) => {
    const g = guard()
    g.sent()
    g.dog.byte()
    g.dog.lingering(forMs)
    g.dog.lingering()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[ends, 'linger']])
    g.nothingIsLeft()
  })
})

describe('output that is handed over', () => {
  it('ends the wait for a first event and the linger where it is a whole answer', async () => {
    const g = guard({ idle: OFF, progress: OFF })
    g.sent()
    g.dog.byte()
    g.dog.lingering(5000)
    g.dog.committed(true)
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[1_800_000, 'stale']])
  })

  it('ends neither where it is a prelude without an event', async () => {
    const g = guard()
    g.sent()
    g.dog.byte()
    g.dog.committed()
    await g.clock.runToIdle()
    expect(g.names()).toEqual([[45_000, 'ttfb']])
  })
})

describe('a call that is passed through', () => {
  it('counts silence from the request on where it asked for a stream, and only from the first byte where it did not', async () => {
    const stream = guard({ passthrough: 'stream', ttfb: OFF, progress: OFF, idle: at(300) })
    stream.sent()
    await stream.clock.runToIdle()
    expect(stream.names()).toEqual([[300, 'idle']])
    const answer = guard({ passthrough: 'answer', ttfb: OFF, progress: OFF, idle: at(300) })
    answer.sent()
    await answer.clock.advance(1000)
    expect(answer.said).toEqual([])
    answer.dog.byte()
    await answer.clock.runToIdle()
    expect(answer.names()).toEqual([[1300, 'idle']])
  })

  it.each(['stream', 'answer'] as const)(
    'has the wall clock until its headers were handed over: %s',
    async (passthrough) => {
      const limits = { passthrough, ttfb: OFF, progress: OFF, idle: OFF, stale: at(500) }
      const before = guard(limits)
      before.sent()
      await before.clock.runToIdle()
      expect(before.names()).toEqual([[500, 'stale']])
      const after = guard(limits)
      after.sent()
      after.dog.byte()
      after.dog.committed()
      await after.clock.runToIdle()
      expect(after.said).toEqual([])
    },
  )
})
