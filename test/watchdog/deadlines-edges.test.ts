import { describe, expect, it } from 'vitest'
import {
  type AttemptTimes,
  earliestDeadline,
  firstOfCall,
  type LatencyTraits,
  type Limit,
  limitsFor,
  type TimeoutSettings,
} from '../../src/watchdog/deadlines.ts'
import { at, LIMITS, OFF } from './guard.ts'

const SETTINGS: TimeoutSettings = {
  connectMs: at(10_000),
  sendMs: at(30_000),
  ttfbMs: 'auto',
  idleMs: 'auto',
  progressMs: at(900_000),
  staleMs: at(1_800_000, 'default'),
  totalMs: OFF,
}
const TRAITS: LatencyTraits = { kind: 'stream', estimatedInputTokens: 0, effort: 'low', flex: false }

function ttfb(
  settings: Partial<TimeoutSettings> = {},
  traits: Partial<LatencyTraits> = {},
  cuts = 0,
  hedged = false,
): Limit {
  return limitsFor({ ...SETTINGS, ...settings }, { ...TRAITS, ...traits }, cuts, hedged).ttfb
}

describe('the cutoff for the first event, hedged', () => {
  it.each<[traits: Partial<LatencyTraits>, ms: number, source: string]>([
    [{}, 180_000, 'auto: hedged'],
    [{ effort: 'medium', estimatedInputTokens: 50_000 }, 180_000, 'auto: hedged'],
    // As long without a hedge: that is what it says.
    [{ estimatedInputTokens: 100_000 }, 180_000, 'auto: input from 100 K tokens'],
    [{ effort: 'high' }, 600_000, 'auto: hedged, high effort'],
    [{ flex: true, effort: 'high' }, 900_000, 'auto: flex tier'],
  ])('of %j is %i ms: %s', (traits, ms, source) => {
    expect(ttfb({}, traits, 0, true)).toEqual({ ms, source })
  })

  it('names the first of two reasons for the same value', () => {
    expect(ttfb({}, { effort: 'medium', estimatedInputTokens: 50_000 }).source).toBe('auto: input from 50 K tokens')
  })
})

describe('the growth of the cutoff', () => {
  it.each<[settings: Partial<TimeoutSettings>, expected: Limit]>([
    [{ staleMs: at(73_000) }, { ms: 65_700, source: 'auto: base, grown after 1 cut, kept below staleMs' }],
    // Exactly as much room as it wants; exactly as much as it has.
    [{ staleMs: at(80_000) }, { ms: 72_000, source: 'auto: base, grown after 1 cut' }],
    [{ staleMs: at(50_000) }, { ms: 45_000, source: 'auto: base' }],
    // What the user chose is exact, and a default is no wall.
    [{ ttfbMs: at(1000), staleMs: at(1500) }, at(1000)],
    [{ ttfbMs: at(30_000, 'env') }, at(30_000, 'env')],
    [{ staleMs: at(46_000, 'default') }, { ms: 72_000, source: 'auto: base, grown after 1 cut' }],
    [{ staleMs: OFF }, { ms: 72_000, source: 'auto: base, grown after 1 cut' }],
  ])('with %j is %j', (settings, expected) => {
    expect(ttfb(settings, {}, 1)).toEqual(expected)
  })

  it('does not exist for a call without events, whose limit says why', () => {
    expect(ttfb({}, { kind: 'json' }, 1)).toEqual({ ms: 0, source: 'not used for this kind of call' })
  })
})

describe('the first deadline of a call', () => {
  it.each([
    [5000, 0, 'total'],
    [0, 7000, 'before_commit'],
    [5000, 7000, 'total'],
    [9000, 7000, 'before_commit'],
    [7000, 7000, 'total'],
  ] as const)('with a total of %i ms and %i ms to the commit is %s', (total, beforeCommit, name) => {
    const call = { startedAt: 1000, total: at(total), beforeCommit: at(beforeCommit, 'default'), commitAfterMs: 0 }
    expect(firstOfCall(call)).toEqual({ name, limit: name === 'total' ? call.total : call.beforeCommit })
  })
})

describe('the earliest deadline', () => {
  const TIMES: AttemptTimes = {
    startedAt: 0,
    connectingAt: 0,
    connectedAt: 0,
    sendProgressAt: 0,
    sentAt: 0,
    lastByteAt: 100,
    firstEventAt: 100,
    firstProgressAt: undefined,
    lastProgressAt: 100,
    queued: false,
    committed: false,
    pausedAt: undefined,
    lingeringAt: undefined,
    lingerMs: undefined,
    answered: false,
    heldAt: undefined,
  }
  const CALL = { startedAt: 0, total: OFF, beforeCommit: OFF, commitAfterMs: 0 }

  it('is the more specific one of two at the same instant', () => {
    const limits = { ...LIMITS, idle: at(500), progress: at(500), stale: at(600) }
    expect(earliestDeadline(TIMES, limits, CALL)).toEqual({ name: 'idle', at: 600, from: 100, limit: at(500) })
  })

  it.each<[name: string, times: Partial<AttemptTimes>, limit: Limit]>([
    ['linger', { lingeringAt: 200 }, { ms: 1000, source: 'default' }],
    ['commit_after', {}, { ms: 240_000, source: 'option' }],
  ])('says where its value came from: %s', (name, times, limit) => {
    const found = earliestDeadline({ ...TIMES, ...times }, LIMITS, { ...CALL, commitAfterMs: 240_000 })
    expect(found).toMatchObject({ name, limit })
  })
})
