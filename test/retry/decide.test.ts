import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/core/random.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../src/errors/catalog.ts'
import type { ReplaySafety } from '../../src/errors/errors.ts'
import { type Failure, failure } from '../../src/errors/failure.ts'
import {
  type DecisionInput,
  decideRetry,
  NO_RETRIES,
  type RetryPolicy,
  type RetryTally,
} from '../../src/retry/decide.ts'
import { MOST } from './expect-delays.ts'

const POLICY: RetryPolicy = {
  maxRetries: 4,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
  maxHintMs: 60_000,
  retryUnknown: false,
}

/** A budget that counts what is drawn, and has as much as it is given. */
class Purse {
  drawn = 0
  #left: number
  constructor(left = Infinity) {
    this.#left = left
  }
  withdraw(): boolean {
    if (this.#left < 1) return false
    this.#left--
    this.drawn++
    return true
  }
}

function input(given: Partial<DecisionInput> = {}): DecisionInput {
  return {
    failure: failure('connection_reset'),
    replay: 'safe',
    committed: false,
    staleConnection: false,
    tally: NO_RETRIES,
    policy: POLICY,
    budget: new Purse(),
    remainingMs: Infinity,
    random: MOST,
    ...given,
  }
}

/** The decisions of a call whose attempts fail one after the other, until the first refusal. */
function play(failures: readonly Failure[], given: Partial<DecisionInput> = {}): string[] {
  let tally: RetryTally = NO_RETRIES
  const said: string[] = []
  for (const failed of failures) {
    const { decision, tally: next } = decideRetry(input({ ...given, failure: failed, tally }))
    said.push(
      decision.retry ? `${decision.lane} ${decision.delayMs}${decision.transparent ? ' free' : ''}` : decision.reason,
    )
    if (!decision.retry) break
    tally = next
  }
  return said
}
const times = (n: number, failed: Failure): Failure[] => Array.from({ length: n }, () => failed)
const pushback = (facts: Omit<Partial<Failure>, 'code' | 'message'> = {}): Failure =>
  failure('response_failed', 'x', { lane: 'pushback', ...facts })

describe('a call whose attempts keep failing', () => {
  it.each<[what: string, failures: Failure[], expected: string[]]>([
    [
      'a connection that dies',
      times(6, failure('ttfb_timeout')),
      ['connection 199', 'connection 199', 'connection 199', 'connection 199', 'retries_exhausted'],
    ],
    [
      'a refused connection',
      times(6, failure('connection_refused', 'x', { connecting: true })),
      ['connection 199', 'connection 750', 'connection 1500', 'connection 3000', 'unreachable'],
    ],
    [
      'a host that does not exist: two retries',
      times(6, failure('host_not_found', 'x', { connecting: true })),
      ['connection 199', 'connection 750', 'unreachable'],
    ],
    [
      'an overloaded endpoint',
      times(6, pushback()),
      ['pushback 499', 'pushback 999', 'pushback 1999', 'pushback 3999', 'retries_exhausted'],
    ],
    [
      'too many open files: no tight loop',
      times(6, failure('resources_exhausted', 'x', { connecting: true })),
      ['pushback 499', 'pushback 999', 'pushback 1999', 'pushback 3999', 'retries_exhausted'],
    ],
    ['a hint, with jitter', times(2, pushback({ hintMs: 11_054 })), ['pushback 12159', 'pushback 12159']],
    ['a hint of nothing: no tight loop', times(2, pushback({ hintMs: 0 })), ['pushback 499', 'pushback 999']],
    ['a hint at the limit', [pushback({ hintMs: 60_000 })], ['pushback 64999']],
    ['a hint above it', [pushback({ hintMs: 60_001 })], ['hint_too_long']],
    ['a final failure', [failure('certificate_rejected')], ['not_retryable']],
    [
      'one thing after the other: each lane has its own back-off',
      [
        failure('connection_refused', 'x', { connecting: true }),
        pushback(),
        failure('idle_timeout'),
        pushback(),
        pushback(),
      ],
      ['connection 199', 'pushback 499', 'connection 199', 'pushback 999', 'pushback 1999'],
    ],
  ])('%s', (_, failures, expected) => {
    expect(play(failures)).toEqual(expected)
  })

  it.each<[what: string, given: Partial<DecisionInput>, expected: string]>([
    ['output was already handed over', { committed: true }, 'committed'],
    ['a second send could double something', { replay: 'unsafe' }, 'not_replayable'],
    ['it is unknown whether it could', { replay: 'unknown' }, 'not_replayable'],
    [
      'it is unknown, and that is allowed',
      { replay: 'unknown', policy: { ...POLICY, retryUnknown: true } },
      'connection 199',
    ],
    [
      'it is unsafe, whatever is allowed',
      { replay: 'unsafe', policy: { ...POLICY, retryUnknown: true } },
      'not_replayable',
    ],
    ['retries are switched off', { policy: { ...POLICY, maxRetries: 0 } }, 'retries_exhausted'],
    ['the call would end before', { remainingMs: 199 }, 'deadline_exceeded'],
    ['the call ends just after', { remainingMs: 200 }, 'connection 199'],
    ['the call is over', { remainingMs: -5 }, 'deadline_exceeded'],
    ['the budget is switched off', { budget: undefined, failure: pushback() }, 'pushback 499'],
    ['the budget is empty', { budget: new Purse(0), failure: pushback() }, 'budget_exhausted'],
    ['the budget is empty, but the first reconnect is free', { budget: new Purse(0) }, 'connection 199'],
    [
      'a reused connection was stale',
      { staleConnection: true, policy: { ...POLICY, maxRetries: 0 }, budget: new Purse(0) },
      'connection 0 free',
    ],
    [
      'it was stale, but a second send could double something',
      { staleConnection: true, replay: 'unsafe' },
      'not_replayable',
    ],
    ['it was stale, but the call is over', { staleConnection: true, remainingMs: 0 }, 'deadline_exceeded'],
  ])('where %s', (_, given, expected) => {
    expect(play([given.failure ?? failure('connection_reset')], given)).toEqual([expected])
  })

  it('gets one transparent retry for a stale connection; a second stale one counts as a retry', () => {
    expect(play(times(7, failure('connection_closed')), { staleConnection: true })).toEqual([
      'connection 0 free',
      ...Array.from({ length: 4 }, () => 'connection 199'),
      'retries_exhausted',
    ])
  })

  it('pays for every retry except the first reconnect', () => {
    const budget = new Purse(2)
    const failures = [failure('connection_reset'), failure('connection_reset'), pushback(), pushback()]
    expect(play(failures, { budget })).toEqual(['connection 199', 'connection 199', 'pushback 499', 'budget_exhausted'])
    expect(budget.drawn).toBe(2)
  })
})

describe('an endpoint that cannot be reached', () => {
  const refused = failure('connection_refused', 'x', { connecting: true })
  const patience = ['connection 199', 'connection 750', 'connection 1500', 'connection 3000']

  it('is waited for equally long after a cut stream, and after all retries are used', () => {
    const reset = failure('connection_reset')
    expect(play([reset, ...times(5, refused)])).toEqual(['connection 199', ...patience, 'unreachable'])
    const spent = times(4, pushback())
    expect(play([...spent, ...times(5, refused)]).slice(4)).toEqual([...patience, 'unreachable'])
    expect(play([...spent, refused, pushback()]).slice(4)).toEqual(['connection 199', 'retries_exhausted'])
  })

  it('is waited for again from the start once it was reached', () => {
    const seen = play([...times(4, refused), failure('connection_reset'), ...times(5, refused)])
    expect(seen).toEqual([...patience, 'connection 199', ...patience, 'unreachable'])
  })

  it('is not waited for with maxRetries 0, or after the time of the call', () => {
    expect(play([refused], { policy: { ...POLICY, maxRetries: 0 } })).toEqual(['retries_exhausted'])
    expect(play(times(3, refused), { remainingMs: 751 })).toEqual([
      'connection 199',
      'connection 750',
      'deadline_exceeded',
    ])
  })

  it('has a count for each of several endpoints, and no wait before the first connect to each', () => {
    let tally: RetryTally = NO_RETRIES
    const at = (endpoint: string, elsewhere = false): string => {
      const { decision, tally: next } = decideRetry(input({ failure: refused, tally, endpoint, elsewhere }))
      tally = next
      return decision.retry ? `${decision.delayMs}` : decision.reason
    }
    expect(at('a', true)).toBe('199')
    expect(['b', 'a', 'b', 'a', 'b', 'a', 'b', 'b'].map((endpoint) => at(endpoint))).toEqual([
      '199',
      '750',
      '750',
      '1500',
      '1500',
      '3000',
      '3000',
      'unreachable',
    ])
  })
})

describe('any decision', () => {
  const codes = fc.constantFrom(...(Object.keys(ERROR_CATALOG) as ErrorCode[]))
  const failures: fc.Arbitrary<Failure> = fc
    .record({
      code: codes,
      lane: fc.constantFrom('connection' as const, 'pushback' as const, undefined),
      hintMs: fc.option(fc.nat(200_000), { nil: undefined }),
      connecting: fc.boolean(),
    })
    .map(({ code, ...facts }) => failure(code, 'x', facts))
  const inputs = fc.record({
    replay: fc.constantFrom<ReplaySafety>('safe', 'unsafe', 'unknown'),
    committed: fc.boolean(),
    staleConnection: fc.boolean(),
    remainingMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: -1000, max: 100_000 })),
    policy: fc.record({
      maxRetries: fc.nat(10),
      baseDelayMs: fc.nat(10_000),
      maxDelayMs: fc.nat(100_000),
      maxHintMs: fc.nat(100_000),
      retryUnknown: fc.boolean(),
    }),
  })

  it('never retries what is committed, final, unsafe or (without retryUnknown) unknown, or would end too late', () => {
    fc.assert(
      fc.property(inputs, failures, fc.nat(), (given, failed, seed) => {
        const { decision } = decideRetry(input({ ...given, failure: failed, random: seededRandom(seed) }))
        if (!decision.retry) return
        expect(given.committed).toBe(false)
        expect(failed.lane).toBe(decision.lane)
        expect(given.replay === 'safe' || (given.replay === 'unknown' && given.policy.retryUnknown)).toBe(true)
        expect(decision.delayMs).toBeLessThan(given.remainingMs)
        if (decision.transparent) return
        expect(failed.hintMs ?? 0).toBeLessThanOrEqual(given.policy.maxHintMs)
        expect(decision.delayMs).toBeGreaterThanOrEqual(failed.hintMs ?? 0)
      }),
      { numRuns: 1000 },
    )
  })

  it('draws nothing from the budget when it refuses, and at most 1 otherwise; and does not change the tally', () => {
    fc.assert(
      fc.property(inputs, failures, fc.nat(3), (given, failed, left) => {
        const budget = new Purse(left)
        const { decision, tally } = decideRetry(input({ ...given, failure: failed, budget }))
        if (decision.retry) expect(budget.drawn).toBeLessThanOrEqual(1)
        else {
          expect(budget.drawn).toBe(0)
          expect(tally).toEqual(NO_RETRIES)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('ends a call after maxRetries retries, one transparent retry, and four consecutive connects at most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(failures, inputs), { minLength: 80, maxLength: 80 }),
        inputs,
        fc.nat(),
        (script, { policy }, seed) => {
          let tally: RetryTally = NO_RETRIES
          const count = { retries: 0, free: 0, connects: 0, connectsInARow: 0 }
          for (const [failed, given] of script) {
            const step = { ...given, policy, committed: false, remainingMs: Infinity, replay: 'safe' as const }
            const lane = failed.lane ?? 'connection'
            const { decision, tally: next } = decideRetry(
              input({ ...step, failure: { ...failed, lane }, tally, random: seededRandom(seed) }),
            )
            if (!decision.retry) break
            const isConnect = lane === 'connection' && failed.connecting === true
            if (decision.transparent) count.free++
            else if (isConnect) count.connects++
            else count.retries++
            count.connectsInARow = isConnect && !decision.transparent ? count.connectsInARow + 1 : 0
            if (policy.maxRetries === 0) expect(count).toMatchObject({ connects: 0, retries: 0 })
            tally = next
          }
          expect(count.retries).toBeLessThanOrEqual(policy.maxRetries)
          expect(count.free).toBeLessThanOrEqual(1)
          expect(count.connectsInARow).toBeLessThanOrEqual(4)
          expect(count.connects).toBeLessThanOrEqual(4 * (policy.maxRetries + 1))
        },
      ),
    )
  })

  it('never draws on the budget without a connection, and never counts that as a retry', () => {
    fc.assert(
      fc.property(inputs, failures, (given, failed) => {
        const budget = new Purse(0)
        const refused = { ...failed, lane: 'connection' as const, connecting: true, hintMs: undefined }
        const { decision, tally } = decideRetry(input({ ...given, failure: refused, budget }))
        expect(decision).not.toMatchObject({ reason: 'budget_exhausted' })
        expect(budget.drawn).toBe(0)
        expect(tally.retries).toBe(0)
      }),
    )
  })

  it('does not change its arguments', () => {
    const tally = Object.freeze({ ...NO_RETRIES })
    decideRetry(Object.freeze(input({ tally, policy: Object.freeze({ ...POLICY }) })))
    expect(tally).toEqual(NO_RETRIES)
  })
})
