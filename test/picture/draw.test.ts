import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type PicturedAttempt, spansOfAttempt, spansOfCall } from '../../src/picture/activity.ts'
import { drawBar, drawCall, drawLegend, drawReasons, drawRuler } from '../../src/picture/draw.ts'

function attempt(startedAtMs: number, endedAtMs: number, more: Partial<PicturedAttempt> = {}): PicturedAttempt {
  return { outcome: 'failed', phase: 'waiting', startedAtMs, endedAtMs, connectedAtMs: startedAtMs + 10, ...more }
}

const TWO_ATTEMPTS = [
  attempt(0, 4000, { code: 'ttfb_timeout', deadline: { ms: 4000 } }),
  attempt(6000, 10_000, { outcome: 'committed', phase: 'committed', firstEventAtMs: 8000, committedAtMs: 8000 }),
]

it('a bar shows a call to scale, and what is too short to scale in one cell', () => {
  const bar = drawBar({ attempts: TWO_ATTEMPTS, durationMs: 10_000 }, 10_000, 20)
  expect(bar).toBe('╶░░░░░░░✕╌╌╌╶░░░████')
})

it('a call that ends in a cut ends with its mark, and the rest of the width is blank', () => {
  const cut = attempt(0, 500, { code: 'connection_reset', connectedAtMs: undefined })
  expect(drawBar({ attempts: [cut], durationMs: 500 }, 1000, 10)).toBe('░░░░░✕    ')
})

it('an attempt that never connected is drawn as connecting, and one over a transport that cannot tell is not', () => {
  const never = attempt(0, 100, { phase: 'connecting', connectedAtMs: undefined })
  expect(spansOfAttempt(never)).toEqual([{ activity: 'connect', from: 0, to: 100 }])
  const untold = attempt(0, 100, { phase: 'waiting', connectedAtMs: undefined })
  expect(spansOfAttempt(untold)).toEqual([{ activity: 'wait', from: 0, to: 100 }])
})

it('an attempt is cut into connect, wait, prelude and output without gaps, also where its times are not in order', () => {
  const whole = attempt(5, 100, { phase: 'committed', firstEventAtMs: 40, committedAtMs: 70 })
  expect(spansOfAttempt(whole)).toEqual([
    { activity: 'connect', from: 5, to: 15 },
    { activity: 'wait', from: 15, to: 40 },
    { activity: 'prelude', from: 40, to: 70 },
    { activity: 'output', from: 70, to: 100 },
  ])
  const disordered = attempt(5, 100, { phase: 'committed', firstEventAtMs: 3, committedAtMs: 1 })
  expect(spansOfAttempt(disordered)).toEqual([
    { activity: 'connect', from: 5, to: 15 },
    { activity: 'output', from: 15, to: 100 },
  ])
})

it('of several attempts at a time the one that is furthest is drawn, and a hedge is marked', () => {
  const silent = attempt(0, 80, { outcome: 'lost' })
  const hedge = attempt(30, 100, {
    outcome: 'committed',
    phase: 'committed',
    firstEventAtMs: 80,
    committedAtMs: 80,
    hedge: {},
  })
  expect(spansOfCall([silent, hedge], 100)).toEqual([
    { activity: 'connect', from: 0, to: 10 },
    { activity: 'wait', from: 10, to: 80 },
    { activity: 'output', from: 80, to: 100 },
  ])
  expect(drawBar({ attempts: [silent, hedge], durationMs: 100 }, 100, 10)).toBe('╶»░░░░░░██')
})

it('time before the first attempt is the queue, and time after the last one is a back-off', () => {
  expect(spansOfCall([attempt(350, 360)], 390)).toEqual([
    { activity: 'queue', from: 0, to: 350 },
    { activity: 'connect', from: 350, to: 360 },
    { activity: 'back_off', from: 360, to: 390 },
  ])
  // A call that waits for nothing still needs some milliseconds before its first attempt.
  expect(spansOfCall([attempt(150, 160)], 160)).toEqual([{ activity: 'connect', from: 0, to: 160 }])
  expect(spansOfCall([], 90)).toEqual([{ activity: 'queue', from: 0, to: 90 }])
})

it('a wait for a permit is drawn as the queue, however short it was', () => {
  expect(spansOfCall([attempt(20, 160)], 160, 15)).toEqual([
    { activity: 'queue', from: 0, to: 20 },
    { activity: 'connect', from: 20, to: 30 },
    { activity: 'wait', from: 30, to: 160 },
  ])
  const attempts = [attempt(20, 160)]
  expect(drawBar({ attempts, durationMs: 160, queuedMs: 15 }, 10_000, 20).trimEnd()).toBe('·╶')
  expect(drawBar({ attempts, durationMs: 160 }, 10_000, 20).trimEnd()).toBe('╶')
})

it('the output of a full bar is drawn, however short it was beside the waits and cuts before it', () => {
  const wait = fc.integer({ min: 1, max: 20_000 })
  const shape = fc.tuple(fc.array(fc.tuple(wait, wait), { maxLength: 3 }), wait, fc.integer({ min: 1, max: 3 }))
  fc.assert(
    fc.property(shape, fc.integer({ min: 12, max: 60 }), ([failures, connectMs, outputMs], width) => {
      let at = 0
      const attempts = failures.map(([lastsMs, pauseMs]) => {
        const one = attempt(at, at + lastsMs, { code: 'connection_reset' })
        at += lastsMs + pauseMs
        return one
      })
      const committedAtMs = at + connectMs
      const last = attempt(at, committedAtMs + outputMs, {
        outcome: 'committed',
        phase: 'committed',
        connectedAtMs: committedAtMs,
        committedAtMs,
      })
      const durationMs = last.endedAtMs
      const bar = drawBar({ attempts: [...attempts, last], durationMs }, durationMs, width)
      expect(bar).toHaveLength(width)
      expect(bar.at(-1)).toBe('█')
      expect(bar.split('✕')).toHaveLength(failures.length + 1)
    }),
  )
})

it('after an attempt that brought the answer there is no back-off, while its caller reads', () => {
  const committed = { outcome: 'committed', phase: 'committed', committedAtMs: 60 } as const
  expect(spansOfCall([attempt(0, 80, committed)], 1000).at(-1)).toEqual({ activity: 'output', from: 60, to: 80 })
  expect(spansOfCall([attempt(0, 80, { ...committed, code: 'stream_incomplete' })], 90).at(-1)).toMatchObject({
    activity: 'back_off',
  })
})

it('an answer that came in one piece has a cell of output', () => {
  const whole = { outcome: 'committed', phase: 'committed', committedAtMs: 50, firstEventAtMs: 40 } as const
  const bar = (longestMs: number) => drawBar({ attempts: [attempt(0, 50, whole)], durationMs: 60 }, longestMs, 10)
  expect(bar(100)).toBe('╶░░░▒█    ')
  expect(bar(50)).toMatch(/█$/)
  expect(drawBar({ attempts: [attempt(0, 50, { ...whole, code: 'reset' })], durationMs: 50 }, 100, 10)).not.toContain(
    '█',
  )
})

it('a bar is never longer than its place, however much happened', () => {
  const attempts = Array.from({ length: 30 }, (_, n) => attempt(n * 100, n * 100 + 90, { code: 'reset', hedge: {} }))
  const bar = drawBar({ attempts, durationMs: 3000 }, 3000, 12)
  expect(bar).toHaveLength(12)
  expect(bar).toContain('»')
})

it('a ruler has round numbers, and fits the width of a millisecond and of a year', () => {
  expect(drawRuler(10_000, 60)).toBe('│0 s        │2 s        │4 s        │6 s        │8 s        │10 s')
  for (const ms of [1, 60, 999, 45_000, 3_600_000, 365 * 86_400_000]) {
    expect(drawRuler(ms, 60).length).toBeLessThanOrEqual(68)
    expect(drawRuler(ms, 60)).toMatch(ms < 100 ? /^│0 ms/ : /^│0 s/)
  }
})

it('a ruler whose ticks are closer than 0.1 s counts milliseconds', () => {
  expect(drawRuler(100, 60)).toBe('│0 ms       │20 ms      │40 ms      │60 ms      │80 ms      │100 ms')
  expect(drawRuler(500, 60)).toBe('│0 s        │0.1 s      │0.2 s      │0.3 s      │0.4 s      │0.5 s')
})

it('the deadline of a cut is told in milliseconds below a second', () => {
  const cut = (ms: number) => attempt(0, ms, { code: 'ttfb_timeout', deadline: { ms } })
  const reasons = drawReasons({ attempts: [cut(45_000), cut(250), cut(99)], durationMs: 45_000 }, 80)
  expect(reasons).toBe('ttfb_timeout 99 ms › ttfb_timeout 250 ms › ttfb_timeout 45 s')
})

it('reasons that do not fit are counted', () => {
  const attempts = Array.from({ length: 9 }, (_, n) => attempt(n, n + 1, { code: 'connection_reset' }))
  expect(drawReasons({ attempts, durationMs: 9 }, 50)).toBe('connection_reset › connection_reset › 7 more')
  expect(drawReasons({ attempts: [], durationMs: 9 }, 50)).toBeUndefined()
})

it('a legend is folded to its width, and holds the signs of its bars alone', () => {
  const all = drawLegend('·╶░✕╌»⊘▒█', 40)
  expect(all).toEqual(['· queue  ╶ connect  ░ wait  ✕ cut', '╌ back off  » hedge  ⊘ aborted', '▒ prelude  █ output'])
  const call = { attempts: TWO_ATTEMPTS, durationMs: 10_000 }
  expect(drawLegend(drawBar(call, 10_000, 20), 80)).toEqual(['╶ connect  ░ wait  ✕ cut  ╌ back off  █ output'])
  // Too short to be drawn on this scale.
  expect(drawLegend(drawBar({ attempts: [attempt(0, 20)], durationMs: 20 }, 10_000, 20), 80)).toEqual(['╶ connect'])
})

it('one call is drawn within 80 columns, with the reasons of its cuts', () => {
  const lines = drawCall(TWO_ATTEMPTS).split('\n')
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(lines).toHaveLength(4)
  expect(lines[2]).toBe('ttfb_timeout 4 s')
})
