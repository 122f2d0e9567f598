import { expect } from 'vitest'
import { httpDate } from '../../support/http-date.ts'
import { status } from '../support/acts.ts'
import type { Case, Chapter } from '../support/row.ts'

/** The first pushback, when chance is always one half; a hint gets half of its jitter. */
const OWN_DELAY = 250
const HINTS: ReadonlyArray<readonly [what: string, headers: Record<string, string>, delayMs: number]> = [
  ['retry-after-ms', { 'retry-after-ms': '1234' }, 1234 + 125],
  ['seconds', { 'retry-after': '7' }, 7000 + 350],
  ['nothing to wait', { 'retry-after': '0' }, OWN_DELAY],
  ['a negative number', { 'retry-after': '-1' }, OWN_DELAY],
  ['a word', { 'retry-after': 'abc' }, OWN_DELAY],
  ['both', { 'retry-after': '7', 'retry-after-ms': '1234' }, 1234 + 125],
]

const OLD = 'Bearer token-old'
const tokens: string[] = []
const freshToken = ({ refresh }: { refresh: boolean }): Record<string, string> => {
  if (refresh) tokens.push(`token-${tokens.length}`)
  return { authorization: `Bearer ${tokens.at(-1) ?? 'token-old'}` }
}

function redirected(what: string, location: string): Case {
  return {
    what: `to ${what}`,
    options: { apiKey: 'sk-planted-secret-1234567890' },
    endpoint: [status(307, { location })],
    sees: { error: 'redirect_refused', with: { retryable: false } },
    requests: 1,
  }
}

/** An answer with an error status. */
export const SERVER_SAYS_NO: Chapter = {
  52: {
    title: '429 with a hint',
    expectation: 'honoured where it makes sense',
    cases: [
      ...HINTS.map(([what, headers, delayMs]) => ({
        what,
        endpoint: [status(429, headers), 'ok'] as const,
        decisions: [{ retry: true, lane: 'pushback', delayMs }],
      })),
      {
        what: 'a date',
        play: async (stage) => {
          stage.plays([status(429, { 'retry-after': httpDate(stage.clock.wallNow() + 30_000) }), 'ok'])
          stage.expectWhole(await stage.call())
          const [decision] = stage.decisions
          expect(decision).toMatchObject({ retry: true, lane: 'pushback' })
          // A date has no milliseconds, and some have gone by.
          const delayMs = decision?.retry ? decision.delayMs : 0
          expect(Math.abs(delayMs - 31_500)).toBeLessThanOrEqual(stage.on === 'fakes' ? 0 : 2000)
        },
      },
      {
        what: 'an hour',
        endpoint: [status(429, { 'retry-after': '3600' })],
        sees: { status: 429 },
        decisions: [{ retry: false, reason: 'hint_too_long' }],
        check: ({ face }, { failure, headers }) => {
          if (face !== 'fetch')
            expect(failure).toMatchObject({ retryAfterMs: 3_600_000, giveUpReason: 'hint_too_long' })
          else expect(headers).toMatchObject({ 'retry-after': '3600', 'x-should-retry': 'false' })
        },
      },
    ],
  },
  53: {
    title: 'x-should-retry',
    expectation: 'obeyed',
    cases: [
      {
        endpoint: [status(500, { 'x-should-retry': 'false' }), status(400, { 'x-should-retry': 'true' }), 'ok'],
        play: async (stage) => {
          stage.expectAnswered(await stage.call(), 500)
          stage.expectWhole(await stage.call())
          expect(stage.requests).toHaveLength(3)
        },
      },
    ],
  },
  54: {
    title: '401, then a new token',
    expectation: 'one refresh for all; twice is final',
    cases: [
      {
        what: 'of ten calls at once',
        options: { headers: freshToken, maxRetries: 0 },
        play: async (stage) => {
          tokens.length = 0
          stage.always(status(401), (request) => request.header('authorization') === OLD)
          for (const outcome of await Promise.all(Array.from({ length: 10 }, () => stage.call())))
            stage.expectWhole(outcome)
          expect(tokens).toEqual(['token-0'])
        },
      },
      {
        what: 'twice',
        options: { headers: freshToken },
        endpoint: [status(401), status(401)],
        play: async (stage) => {
          tokens.length = 0
          stage.expectAnswered(await stage.call(), 401)
          expect(tokens).toEqual(['token-0'])
          expect(stage.requests).toHaveLength(2)
        },
      },
    ],
  },
  55: {
    title: 'a storm of 503',
    expectation: 'the budget empties, calls fail fast, recovery is seen',
    cases: [
      {
        options: { retry: { budget: { capacity: 3, depositPerSuccess: 1, refillPerMinute: 0 } } },
        play: async (stage) => {
          stage.always(status(503))
          for (let calls = 0; calls < 4; calls++) stage.expectAnswered(await stage.call(), 503)
          // Three retries for all of them, and no more.
          expect(stage.requests).toHaveLength(4 + 3)
          expect(stage.decisions.filter(({ retry }) => !retry).at(-1)).toMatchObject({ reason: 'budget_exhausted' })
          stage.calm()
          stage.expectWhole(await stage.call())
          expect(stage.client.stats().retryBudgets).toEqual({ [stage.url]: 1 })
          stage.plays([status(503), 'ok'])
          stage.expectWhole(await stage.call())
        },
      },
    ],
  },
  56: {
    title: 'a redirect elsewhere',
    expectation: 'refused; no credential leaves',
    cases: [
      redirected('another origin', 'https://evil.test/v1/responses'),
      redirected('another port of loopback', 'http://127.0.0.1:1/v1/responses'),
      redirected('a file', 'file:///etc/passwd'),
    ],
  },
}
