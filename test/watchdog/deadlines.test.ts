import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AttemptLimits,
  type AttemptTimes,
  callEndsAt,
  earliestDeadline,
  type LatencyTraits,
  type Limit,
  type LimitOrAuto,
  limitsFor,
  type TimeoutSettings,
} from '../../src/watchdog/deadlines.ts'

const byDefault = (ms: number): Limit => ({ ms, source: 'default' })
const option = (ms: number): Limit => ({ ms, source: 'option' })
const DEFAULTS: TimeoutSettings = {
  connectMs: byDefault(10_000),
  sendMs: byDefault(30_000),
  ttfbMs: 'auto',
  idleMs: 'auto',
  progressMs: byDefault(900_000),
  staleMs: byDefault(1_800_000),
  totalMs: byDefault(0),
}
const BASE: LatencyTraits = { kind: 'stream', estimatedInputTokens: 0, effort: 'low', flex: false }

const limits = (
  settings: Partial<TimeoutSettings> = {},
  traits: Partial<LatencyTraits> = {},
  cuts = 0,
): AttemptLimits => limitsFor({ ...DEFAULTS, ...settings }, { ...BASE, ...traits }, cuts)

describe('the limits of the attempts of one client', () => {
  it('are one object while they are equal, independently of earlier requests', () => {
    const settings = { ...DEFAULTS }
    expect(limitsFor(settings, BASE, 0)).toBe(limitsFor(settings, { ...BASE, estimatedInputTokens: 5 }, 0))
    const traits = fc.record({
      kind: fc.constantFrom('stream', 'json', 'passthrough'),
      estimatedInputTokens: fc.constantFrom(0, 10_000, 50_000, 100_000),
      effort: fc.constantFrom('low', 'medium', 'high'),
      flex: fc.boolean(),
      passesStream: fc.boolean(),
    }) as fc.Arbitrary<LatencyTraits>
    fc.assert(
      fc.property(traits, fc.nat(3), fc.boolean(), (asked, cuts, hedged) => {
        expect(limitsFor(settings, asked, cuts, hedged)).toEqual(limitsFor({ ...settings }, asked, cuts, hedged))
      }),
    )
  })

  it('say of a passthrough call what it is, and have the idle limit that was given', () => {
    const settings = { ...DEFAULTS, idleMs: option(7) }
    const asked = { ...BASE, kind: 'passthrough' } as const
    expect(limitsFor(settings, { ...asked, passesStream: true }, 0)).toMatchObject({ passthrough: 'stream' })
    expect(limitsFor(settings, asked, 0)).toMatchObject({ passthrough: 'answer', idle: option(7) })
    expect(limitsFor(settings, { ...asked, passesStream: true }, 0)).toMatchObject({ passthrough: 'stream' })
  })
})

describe('the automatic limits', () => {
  it.each<[traits: Partial<LatencyTraits>, ttfb: number, idle: number, ttfbWhy: string]>([
    [{}, 45, 300, 'base'],
    [{ estimatedInputTokens: 9_999 }, 45, 300, 'base'],
    [{ estimatedInputTokens: 10_000 }, 60, 300, '10 K'],
    [{ estimatedInputTokens: 49_999 }, 60, 300, '10 K'],
    [{ estimatedInputTokens: 50_000 }, 120, 300, '50 K'],
    [{ estimatedInputTokens: 99_999 }, 120, 300, '50 K'],
    [{ estimatedInputTokens: 100_000 }, 180, 300, '100 K'],
    [{ estimatedInputTokens: 10_000_000 }, 180, 300, '100 K'],
    [{ effort: 'medium' }, 120, 300, 'medium effort'],
    [{ effort: 'medium', estimatedInputTokens: 100_000 }, 180, 300, '100 K'],
    [{ effort: 'high' }, 300, 600, 'high effort'],
    [{ effort: 'high', estimatedInputTokens: 100_000 }, 300, 600, 'high effort'],
    [{ flex: true }, 900, 900, 'flex tier'],
    [{ flex: true, effort: 'high', estimatedInputTokens: 100_000 }, 900, 900, 'flex tier'],
  ])('for %j: first event after %i s, silence for %i s', (traits, ttfb, idle, why) => {
    const found = limits({}, traits)
    expect(found.ttfb.ms).toBe(ttfb * 1000)
    expect(found.idle.ms).toBe(idle * 1000)
    expect(found.ttfb.source).toMatch(/^auto: /)
    expect(found.ttfb.source).toContain(why)
    expect(found.idle.source).toMatch(/^auto: /)
  })

  it('stay below an explicit staleMs, and say so; the default staleMs does not change them', () => {
    const clamped = limits({ staleMs: option(20_000) })
    expect(clamped.ttfb).toEqual({ ms: 18_000, source: 'auto: base, kept below staleMs' })
    expect(clamped.idle).toEqual({ ms: 18_000, source: 'auto: base, kept below staleMs' })
    expect(clamped.stale).toEqual(option(20_000))
    expect(limits({ staleMs: option(45_001) }).ttfb.ms).toBe(45_000)
    expect(limits({ staleMs: option(45_000) }).ttfb.ms).toBe(40_500)
    expect(limits({ staleMs: option(0) }, { flex: true }).ttfb.ms).toBe(900_000)
    expect(limits({ staleMs: byDefault(20_000) }).ttfb.ms).toBe(45_000)
    expect(limits({ staleMs: { ms: 20_000, source: 'env X' } }).ttfb.ms).toBe(18_000)
  })

  it.each<LimitOrAuto>([option(5_000), option(0)])('give way to a number: %j', (given) => {
    const found = limits({ ttfbMs: given, idleMs: given }, { effort: 'high', flex: true, estimatedInputTokens: 1e6 })
    expect(found.ttfb).toEqual(given)
    expect(found.idle).toEqual(given)
  })
})

describe('the cutoff for the first event', () => {
  it.each([
    [0, 45_000],
    [1, 72_000],
    [2, 90_000],
    [3, 90_000],
    [50, 90_000],
  ])('after %i cuts is %i ms: 1.6 times, at most twice the first', (cuts, ms) => {
    expect(limits({}, {}, cuts).ttfb.ms).toBe(ms)
    expect(limits({ ttfbMs: option(1000) }, {}, cuts).ttfb).toEqual(option(1000))
  })

  it('says that it has grown, and stays off if it is off', () => {
    expect(limits({}, {}, 2).ttfb.source).toBe('auto: base, grown after 2 cuts')
    expect(limits({ ttfbMs: option(0) }, {}, 2).ttfb).toEqual(option(0))
  })

  it('grows into the room below an explicit staleMs, and never shrinks', () => {
    expect([0, 1, 2].map((cuts) => limits({ staleMs: option(50_000) }, {}, cuts).ttfb.ms)).toEqual([
      45_000, 45_000, 45_000,
    ])
    expect([0, 1, 2].map((cuts) => limits({ staleMs: option(46_000) }, {}, cuts).ttfb.ms)).toEqual([
      45_000, 45_000, 45_000,
    ])
    expect([0, 1, 2].map((cuts) => limits({ staleMs: option(73_000) }, {}, cuts).ttfb.ms)).toEqual([
      45_000, 65_700, 65_700,
    ])
    expect([0, 1, 2].map((cuts) => limits({ staleMs: option(90_000) }, {}, cuts).ttfb.ms)).toEqual([
      45_000, 72_000, 81_000,
    ])
  })

  it('is positive, below an explicit staleMs and at most doubled, for any request and any setting', () => {
    const traits = fc.record({
      kind: fc.constant('stream' as const),
      estimatedInputTokens: fc.nat(1_000_000),
      effort: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
      flex: fc.boolean(),
    })
    fc.assert(
      fc.property(traits, fc.integer({ min: 10, max: 4_000_000 }), fc.nat(10), (request, stale, cuts) => {
        const at = (n: number) => limitsFor({ ...DEFAULTS, staleMs: option(stale) }, request, n)
        const [first, now, next] = [at(0).ttfb.ms, at(cuts).ttfb.ms, at(cuts + 1).ttfb.ms]
        expect(now).toBeGreaterThan(0)
        expect(now).toBeLessThan(stale)
        expect(now).toBeLessThanOrEqual(2 * first)
        expect(next).toBeGreaterThanOrEqual(now)
        expect(at(0).idle.ms).toBeLessThan(stale)
      }),
    )
  })
})

describe('the limits of an attempt', () => {
  it.each([
    ['stream', ['connect', 'send', 'ttfb', 'idle', 'progress', 'stale']],
    ['json', ['connect', 'send', 'stale']],
    ['passthrough', ['connect', 'send', 'idle', 'stale']],
  ] as const)('of a %s call are %j alone', (kind, names) => {
    const found = limits({}, { kind })
    expect(
      Object.entries(found).flatMap(([name, limit]) => (typeof limit === 'object' && limit.ms > 0 ? [name] : [])),
    ).toEqual(names)
    expect(found.connect).toEqual(DEFAULTS.connectMs)
    expect(found.send).toEqual(DEFAULTS.sendMs)
  })
})

describe('the end of a call', () => {
  it.each([
    [0, 0, Infinity],
    [5000, 0, 6000],
    [0, 7000, 8000],
    [5000, 7000, 6000],
    [9000, 7000, 8000],
  ])('with a total of %i ms and %i ms to the commit, from 1000 on, is %s', (total, beforeCommit, expected) => {
    const deadlines = { startedAt: 1000, total: option(total), beforeCommit: option(beforeCommit), commitAfterMs: 0 }
    expect(callEndsAt(deadlines)).toBe(expected)
  })
})

describe('the earliest deadline', () => {
  const LIMITS: AttemptLimits = {
    connect: option(10),
    send: option(20),
    ttfb: option(30),
    idle: option(40),
    progress: option(50),
    stale: option(600),
  }
  const CALL = { startedAt: 0, total: option(1000), beforeCommit: option(500), commitAfterMs: 300 }
  const FRESH: AttemptTimes = {
    startedAt: 100,
    connectingAt: undefined,
    connectedAt: undefined,
    sendProgressAt: undefined,
    sentAt: undefined,
    lastByteAt: undefined,
    firstEventAt: undefined,
    firstProgressAt: undefined,
    lastProgressAt: undefined,
    queued: false,
    committed: false,
    pausedAt: undefined,
    lingeringAt: undefined,
    lingerMs: undefined,
    answered: false,
    heldAt: undefined,
  }
  const SENT: AttemptTimes = { ...FRESH, connectingAt: 100, connectedAt: 101, sendProgressAt: 101, sentAt: 110 }
  const READING: AttemptTimes = { ...SENT, lastByteAt: 120, firstEventAt: 120, lastProgressAt: 125, committed: true }
  const IDLE: AttemptLimits = { ...LIMITS, progress: option(0) }

  it.each<[what: string, times: AttemptTimes, name: string, at: number, with_?: AttemptLimits]>([
    ['nothing has happened', FRESH, 'before_commit', 500],
    ['it connects', { ...FRESH, connectingAt: 105 }, 'connect', 115],
    ['it has connected', { ...FRESH, connectingAt: 105, connectedAt: 106, sendProgressAt: 106 }, 'send', 126],
    ['it sends', { ...FRESH, connectedAt: 106, sendProgressAt: 119 }, 'send', 139],
    ['it has sent', SENT, 'ttfb', 140],
    ['headers came, and no event', { ...SENT, lastByteAt: 139 }, 'ttfb', 140],
    ['the first event came', { ...SENT, lastByteAt: 130, firstEventAt: 130, lastProgressAt: 130 }, 'idle', 170],
    ['it reads', READING, 'idle', 160],
    ['bytes come without progress', { ...READING, lastByteAt: 174 }, 'progress', 175],
    ['it is queued', { ...READING, lastByteAt: 500, queued: true }, 'idle', 540],
    ['the consumer does not read', { ...READING, pausedAt: 130 }, 'stale', 700],
    ['it is queued and not read', { ...READING, pausedAt: 130, queued: true }, 'stale', 700],
    ['it lingers', { ...READING, lastByteAt: 10_000, lingeringAt: 130, queued: true }, 'stale', 700],
    ['nothing is limited before the first event', { ...SENT }, 'before_commit', 500, { ...LIMITS, ttfb: option(0) }],
    [
      'it has an event and no commit',
      { ...READING, committed: false, lastByteAt: 290, lastProgressAt: 290 },
      'commit_after',
      300,
    ],
    ['it progresses to no end', { ...READING, lastByteAt: 680 }, 'stale', 700, IDLE],
  ])('when %s', (_, times, name, at, with_ = LIMITS) => {
    expect(earliestDeadline(times, with_, CALL)).toMatchObject({ name, at })
  })

  it('gets lost time back, up to its own length, unless it is a deadline of the call', () => {
    const lost = (ms: number) => ({ from: 300, ms })
    expect(earliestDeadline(SENT, LIMITS, CALL, lost(20))).toMatchObject({ name: 'ttfb', at: 320 })
    expect(earliestDeadline(SENT, LIMITS, CALL, lost(3600))).toMatchObject({ name: 'ttfb', at: 330 })
    expect(earliestDeadline(READING, LIMITS, CALL, lost(3600))).toMatchObject({ name: 'idle', at: 340 })
    const paused = { ...READING, pausedAt: 130 }
    expect(earliestDeadline(paused, LIMITS, { ...CALL, total: option(0) }, lost(3600))).toMatchObject({
      name: 'stale',
      at: 900,
    })
    // What began since is not touched by it.
    expect(earliestDeadline({ ...READING, lastByteAt: 340 }, LIMITS, CALL, lost(3600))).toMatchObject({ at: 350 })
    expect(earliestDeadline(paused, LIMITS, CALL, { from: 999, ms: 3600 })).toMatchObject({ name: 'total', at: 1000 })
    const held = { ...paused, committed: false }
    expect(earliestDeadline(held, LIMITS, CALL, { from: 999, ms: 3600 })).toMatchObject({
      name: 'commit_after',
      at: 300,
    })
  })

  it('does not exist if all deadlines are off', () => {
    const off = option(0)
    const none: AttemptLimits = { connect: off, send: off, ttfb: off, idle: off, progress: off, stale: off }
    const call = { startedAt: 0, total: off, beforeCommit: off, commitAfterMs: 0 }
    for (const times of [FRESH, SENT, READING]) expect(earliestDeadline(times, none, call)).toBeUndefined()
  })
})
