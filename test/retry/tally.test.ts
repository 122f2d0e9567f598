import { describe, expect, it } from 'vitest'
import { failure } from '../../src/errors/failure.ts'
import { type DecisionInput, decideRetry, NO_RETRIES, type RetryTally } from '../../src/retry/decide.ts'
import { seededRandom } from '../../src/testing/index.ts'

const INPUT: DecisionInput = {
  failure: failure('connection_reset', 'x'),
  replay: 'safe',
  committed: false,
  staleConnection: false,
  tally: NO_RETRIES,
  policy: { maxRetries: 9, baseDelayMs: 500, maxDelayMs: 20_000, maxHintMs: 60_000, retryUnknown: false },
  budget: undefined,
  remainingMs: Infinity,
  random: seededRandom(1),
}

describe('a retry at another endpoint', () => {
  const failed = failure('http_status', 'x', { lane: 'pushback', hintMs: 70_000 })
  const decide = (elsewhere: boolean, hintMs: number) =>
    decideRetry({ ...INPUT, failure: { ...failed, hintMs }, elsewhere }).decision

  it('waits for nothing that this one asked for, be it too long or not', () => {
    expect(decide(false, 70_000)).toEqual({ retry: false, reason: 'hint_too_long' })
    const waited = decide(false, 5_000)
    expect(waited.retry && waited.delayMs).toBeGreaterThanOrEqual(5_000)
    for (const hintMs of [70_000, 5_000]) {
      const decision = decide(true, hintMs)
      expect(decision).toMatchObject({ retry: true, lane: 'pushback' })
      expect(decision.retry && decision.delayMs).toBeLessThanOrEqual(200)
    }
  })
})

describe('what a failure to connect is allowed', () => {
  const refused = failure('connection_refused', 'x', { connecting: true })

  it('is no end of the call where another endpoint takes the next attempt', () => {
    const tally = { ...NO_RETRIES, connects: new Map([['', { failures: 4, hostNotFound: 0 }]]) }
    expect(decideRetry({ ...INPUT, failure: refused, tally }).decision).toMatchObject({ retry: false })
    expect(decideRetry({ ...INPUT, failure: refused, tally, elsewhere: true }).decision).toMatchObject({ retry: true })
  })

  it('costs nothing, whatever happened before', () => {
    const tally = { ...NO_RETRIES, connectionRetries: 1, gatewayRetries: 2 }
    const budget = { withdraw: () => false }
    expect(decideRetry({ ...INPUT, failure: refused, tally, budget }).decision).toMatchObject({ retry: true })
    expect(decideRetry({ ...INPUT, tally, budget }).decision).toEqual({ retry: false, reason: 'budget_exhausted' })
  })

  it('is not what a 502 gets that `classify` takes for a lost connection: its second retry costs', () => {
    const failed = failure('http_status', 'x', { lane: 'connection', status: 502 })
    const budget = { withdraw: () => false }
    const tally = { ...NO_RETRIES, connectionRetries: 1 }
    expect(decideRetry({ ...INPUT, failure: failed, budget }).decision).toMatchObject({ retry: true })
    expect(decideRetry({ ...INPUT, failure: failed, budget, tally }).decision).toMatchObject({ retry: false })
  })
})

describe('what a retry takes from the allowance', () => {
  it.each<[what: string, input: Partial<DecisionInput>, taken: Partial<RetryTally>]>([
    ['a lost connection', {}, { retries: 1, connectionRetries: 1 }],
    [
      'one that was never made',
      { failure: failure('connection_refused', 'x', { connecting: true }) },
      { connects: new Map([['', { failures: 1, hostNotFound: 0 }]]) },
    ],
    [
      'a host that does not exist',
      { failure: failure('host_not_found', 'x', { connecting: true }) },
      { connects: new Map([['', { failures: 1, hostNotFound: 1 }]]) },
    ],
    ['a pushback', { failure: failure('http_status', 'x', { lane: 'pushback' }) }, { retries: 1, pushbacks: 1 }],
    [
      "a gateway's 502",
      { failure: failure('http_status', 'x', { lane: 'pushback', status: 502 }) },
      { retries: 1, pushbacks: 1, gatewayRetries: 1 },
    ],
    ['a stale connection', { staleConnection: true }, { transparentRetries: 1 }],
  ])('is counted, each in its own place: %s', (_, input, taken) => {
    expect(decideRetry({ ...INPUT, ...input }).tally).toEqual({ ...NO_RETRIES, ...taken })
  })
})

describe('a gateway that could not reach the endpoint', () => {
  const answered = (status: number, facts: Partial<DecisionInput['failure']> = {}) =>
    failure('http_status', 'x', { lane: 'pushback', status, ...facts })

  /** How many of five retries in a row draw on the budget. */
  function paid(failures: ReadonlyArray<DecisionInput['failure']>): boolean[] {
    let tally: RetryTally = NO_RETRIES
    return failures.map((failed) => {
      let drawn = false
      const budget = {
        withdraw: () => {
          drawn = true
          return true
        },
      }
      const { decision, tally: next } = decideRetry({ ...INPUT, failure: failed, tally, budget })
      expect(decision).toMatchObject({ retry: true, lane: failed.lane })
      tally = next
      return drawn
    })
  }

  it.each([502, 504])('the first two retries of a call are free, and no more: %i', (status) => {
    expect(paid(Array.from({ length: 5 }, () => answered(status)))).toEqual([false, false, true, true, true])
  })

  it('they keep the back-off of a pushback', () => {
    const first = decideRetry({ ...INPUT, failure: answered(502), random: () => 0.999 })
    expect(first.decision).toMatchObject({ delayMs: 499 })
    const second = decideRetry({ ...INPUT, failure: answered(504), tally: first.tally, random: () => 0.999 })
    expect(second.decision).toMatchObject({ delayMs: 999 })
  })

  it.each<[what: string, failed: DecisionInput['failure']]>([
    ['503', answered(503)],
    ['429', answered(429)],
    ['500', answered(500)],
    ['529', answered(529)],
    ['a 502 with a hint', answered(502, { hintMs: 10 })],
    ['a 502 that speaks of overload', answered(502, { refused: true })],
    ['slow_down in a stream', failure('response_failed', 'x', { lane: 'pushback', refused: true })],
  ])('overload draws on the budget from the first retry on: %s', (_, failed) => {
    expect(paid([failed, failed])).toEqual([true, true])
  })

  it('what else fails is counted by itself', () => {
    const lost = failure('connection_reset', 'x')
    const overloaded = answered(503)
    expect(paid([overloaded, answered(502), lost, answered(504), lost, answered(502)])).toEqual([
      true,
      false,
      false,
      false,
      true,
      true,
    ])
  })

  it('an empty budget ends only what is not free', () => {
    const budget = { withdraw: () => false }
    const first = decideRetry({ ...INPUT, failure: answered(502), budget })
    expect(first.decision).toMatchObject({ retry: true })
    const spent = { ...first.tally, gatewayRetries: 2 }
    expect(decideRetry({ ...INPUT, failure: answered(502), tally: spent, budget }).decision).toEqual({
      retry: false,
      reason: 'budget_exhausted',
    })
  })
})
