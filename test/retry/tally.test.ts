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
    ['a stale connection', { staleConnection: true }, { transparentRetries: 1 }],
  ])('is counted, each in its own place: %s', (_, input, taken) => {
    expect(decideRetry({ ...INPUT, ...input }).tally).toEqual({ ...NO_RETRIES, ...taken })
  })
})
