import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../src/call/attempt.ts'
import {
  ASK_AGAIN,
  type DecidingCall,
  RETRY_WITH_NEW_CREDENTIAL,
  RetryDecisions,
} from '../../src/call/retry-decisions.ts'
import type { ReplaySafety } from '../../src/errors/errors.ts'
import { failure } from '../../src/errors/failure.ts'
import { VirtualClock } from '../../src/testing/index.ts'
import { standIn } from '../support/typed.ts'

const off = { ms: 0, source: 'default' }
const RESET = failure('connection_reset')
const OVERLOADED = failure('http_status', 'm', { status: 503, lane: 'pushback', hintMs: 400 })
const UNAUTHORIZED = failure('http_status', 'm', { status: 401, lane: undefined })

interface Given {
  readonly maxRetries?: number
  readonly retryUnknown?: boolean
  readonly replay?: ReplaySafety
  readonly canRefresh?: boolean
  readonly totalMs?: number
  readonly hasBudget?: boolean
  readonly mayBeOver?: boolean
}

function deciding(given: Given = {}) {
  const { maxRetries = 2, retryUnknown = false, replay = 'safe', canRefresh = true, totalMs = 0, hasBudget } = given
  const withdrawals: string[] = []
  const clock = new VirtualClock({ startMs: 1000 })
  const call = standIn<DecidingCall>({
    request: { canRefresh: () => canRefresh, mayBeOver: given.mayBeOver ?? false },
    effective: { replaySafety: () => replay },
    context: {
      policy: { maxRetries, baseDelayMs: 100, maxDelayMs: 1000, maxHintMs: 5000, retryUnknown },
      budget: hasBudget === undefined ? undefined : { withdraw: () => withdrawals.push('one') > 0 && hasBudget },
      random: () => 0,
      clock,
    },
    deadlines: { startedAt: 1000, total: { ms: totalMs, source: 'option' }, beforeCommit: off, commitAfterMs: 0 },
  })
  return { decisions: new RetryDecisions(call), clock, withdrawals }
}

const attempt = (given: { stale?: boolean; endpoint?: string; elsewhere?: boolean } = {}): Attempt =>
  standIn<Attempt>({
    connectionWasStale: given.stale ?? false,
    target:
      given.endpoint === undefined
        ? undefined
        : { endpoint: given.endpoint, hasElsewhere: () => given.elsewhere ?? false },
  })

describe('a decision after a failure', () => {
  it('sends a resumed request whose stream ended without an event not again, because the response may be over', () => {
    const { decisions } = deciding({ mayBeOver: true })
    const answered = standIn<Attempt>({ times: {}, answer: { status: 200 }, connectionWasStale: false })
    const ended = failure('empty_response')
    expect(decisions.after(answered, ended, false)).toEqual({ retry: false, reason: 'not_retryable' })
    expect(decisions.retries).toBe(0)
    expect(decisions.after(answered, RESET, false)).toMatchObject({ retry: true })
    expect(deciding().decisions.after(answered, ended, false)).toMatchObject({ retry: true })
  })

  it('counts each retry of the call, and refuses the one too many', () => {
    const { decisions } = deciding()
    expect(decisions.retries).toBe(0)
    expect(decisions.after(attempt(), RESET, false)).toMatchObject({ retry: true, lane: 'connection' })
    expect(decisions.retries).toBe(1)
    expect(decisions.after(attempt(), RESET, false)).toMatchObject({ retry: true })
    expect(decisions.after(attempt(), RESET, false)).toEqual({ retry: false, reason: 'retries_exhausted' })
    expect(decisions.retries).toBe(2)
  })

  it.each<[reason: string, given: Given, failed: typeof RESET, committed: boolean]>([
    ['committed', {}, RESET, true],
    ['not_retryable', {}, UNAUTHORIZED, false],
    ['not_replayable', { replay: 'unsafe' }, RESET, false],
    ['not_replayable', { replay: 'unknown' }, RESET, false],
    ['retries_exhausted', { maxRetries: 0 }, RESET, false],
    ['deadline_exceeded', { totalMs: 400 }, OVERLOADED, false],
    ['budget_exhausted', { hasBudget: false }, OVERLOADED, false],
  ])('is refused: %s', (reason, given, failed, committed) => {
    const { decisions } = deciding(given)
    expect(decisions.after(attempt(), failed, committed)).toEqual({ retry: false, reason })
    expect(decisions.retries).toBe(0)
  })

  it('looks at the time that is left', async () => {
    const { decisions, clock } = deciding({ totalMs: 900 })
    expect(decisions.after(attempt(), OVERLOADED, false)).toMatchObject({ retry: true, delayMs: 400 })
    await clock.advance(500)
    expect(decisions.after(attempt(), OVERLOADED, false)).toEqual({ retry: false, reason: 'deadline_exceeded' })
  })

  it('draws on the budget', () => {
    const { decisions, withdrawals } = deciding({ hasBudget: true })
    expect(decisions.after(attempt(), OVERLOADED, false)).toMatchObject({ retry: true })
    expect(withdrawals).toEqual(['one'])
  })

  it('is a transparent retry for a stale connection, which counts as none', () => {
    const { decisions } = deciding()
    expect(decisions.after(attempt({ stale: true }), RESET, false)).toMatchObject({ transparent: true, delayMs: 0 })
    expect(decisions.retries).toBe(0)
  })

  it('does not wait for a hint if another endpoint can take the call', () => {
    const go = (elsewhere: boolean): unknown =>
      deciding().decisions.after(attempt({ endpoint: 'https://a.test', elsewhere }), OVERLOADED, false)
    expect(go(false)).toMatchObject({ delayMs: 400 })
    expect(go(true)).toMatchObject({ delayMs: 0 })
  })

  it('counts failed connects by endpoint', () => {
    const { decisions } = deciding()
    const refused = failure('connection_refused', 'm', { connecting: true })
    const retried = ['https://a.test', 'https://b.test'].map((endpoint) =>
      [1, 2, 3, 4, 5].map(() => decisions.after(attempt({ endpoint }), refused, false).retry),
    )
    expect(retried).toEqual([
      [true, true, true, true, false],
      [true, true, true, true, false],
    ])
  })
})

describe('a refused credential', () => {
  it('is replaced once', () => {
    const { decisions } = deciding()
    expect(decisions.canRefresh(UNAUTHORIZED)).toBe(true)
    expect(decisions.couldRepeat(UNAUTHORIZED)).toBe(true)
    expect(decisions.takeRefresh(UNAUTHORIZED)).toBe(true)
    expect(decisions.takeRefresh(UNAUTHORIZED)).toBe(false)
    expect(decisions.canRefresh(UNAUTHORIZED)).toBe(false)
    expect(decisions.retries).toBe(0)
  })

  it.each<[what: string, given: Given, failed: typeof RESET]>([
    ['is another failure', {}, OVERLOADED],
    ['cannot be exchanged', { canRefresh: false }, UNAUTHORIZED],
    ['was of a request that is not safe to send again', { replay: 'unknown' }, UNAUTHORIZED],
  ])('is not replaced if it %s', (_, given, failed) => {
    const { decisions } = deciding(given)
    expect([decisions.canRefresh(failed), decisions.takeRefresh(failed)]).toEqual([false, false])
    // The one replacement is still there.
    expect(decisions.canRefresh(UNAUTHORIZED)).toBe(given.canRefresh !== false && given.replay === undefined)
  })
})

describe('whether an answer could be repeated', () => {
  it.each<[expected: boolean, what: string, given: Given, failed: typeof RESET]>([
    [true, 'a retry is left', {}, OVERLOADED],
    [false, 'the failure is final', {}, failure('http_status', 'm', { status: 400, lane: undefined })],
    [false, 'there are no retries', { maxRetries: 0 }, OVERLOADED],
    [false, 'the request is not safe to send again', { replay: 'unsafe' }, OVERLOADED],
    [false, 'that is unknown', { replay: 'unknown' }, OVERLOADED],
    [true, 'that is unknown, and the caller accepts it', { replay: 'unknown', retryUnknown: true }, OVERLOADED],
    [false, 'it is unsafe, and the caller accepts the unknown', { replay: 'unsafe', retryUnknown: true }, OVERLOADED],
  ])('is %s if %s', (expected, _, given, failed) => {
    expect(deciding(given).decisions.couldRepeat(failed)).toBe(expected)
  })

  it('is false once the retries are used up', () => {
    const { decisions } = deciding({ maxRetries: 1 })
    expect(decisions.couldRepeat(OVERLOADED)).toBe(true)
    decisions.after(attempt(), OVERLOADED, false)
    expect(decisions.couldRepeat(OVERLOADED)).toBe(false)
  })
})

it('a request that is sent again at once waits for nothing, and counts as no retry', () => {
  expect(ASK_AGAIN).toEqual({ retry: true, delayMs: 0, lane: 'connection', transparent: true })
  expect(RETRY_WITH_NEW_CREDENTIAL).toEqual({ retry: true, delayMs: 0, lane: 'pushback', transparent: true })
})
