import { expect } from 'vitest'
import type { Fault } from '../../src/testing/server.ts'
import { fault } from './support/fault.ts'

const no = (status: number, headers: Record<string, string> = {}): Fault => ({
  at: 'headers',
  effect: 'status',
  status,
  headers,
})

/** The first pushback, when chance is always one half; a hint gets half of its jitter. */
const OWN_DELAY = 250
const HINTS: ReadonlyArray<readonly [what: string, headers: Record<string, string>, delayMs: number]> = [
  ['retry-after-ms', { 'retry-after-ms': '1234' }, 1234 + 125],
  ['seconds', { 'retry-after': '7' }, 7000 + 350],
  ['a negative number', { 'retry-after': '-1' }, OWN_DELAY],
  ['a word', { 'retry-after': 'abc' }, OWN_DELAY],
  ['both', { 'retry-after': '7', 'retry-after-ms': '1234' }, 1234 + 125],
]
for (const [what, headers, delayMs] of HINTS) {
  fault(`52: 429 with a hint: ${what}`, {}, async (stage) => {
    stage.server.script([no(429, headers), 'ok'])
    stage.expectWhole(await stage.call())
    expect(stage.decisions).toMatchObject([{ retry: true, lane: 'pushback', delayMs }])
  })
}

fault('52: 429 with a hint: a date', {}, async (stage) => {
  stage.server.script([no(429, { 'retry-after': httpDate(stage.clock.wallNow() + 30_000) }), 'ok'])
  stage.expectWhole(await stage.call())
  const [decision] = stage.decisions
  expect(decision).toMatchObject({ retry: true, lane: 'pushback' })
  // A date has no milliseconds, and some have gone by.
  expect(Math.abs((decision as unknown as { delayMs: number }).delayMs - 30_450)).toBeLessThanOrEqual(2000)
})

fault('52: 429 with a hint: an hour', {}, async (stage) => {
  stage.server.script([no(429, { 'retry-after': '3600' })])
  const outcome = await stage.call()
  stage.expectAnswered(outcome, 429)
  if (stage.face !== 'fetch')
    expect(outcome.failure).toMatchObject({ retryAfterMs: 3_600_000, giveUpReason: 'hint_too_long' })
})

fault('53: x-should-retry', {}, async (stage) => {
  stage.server.script([no(500, { 'x-should-retry': 'false' }), no(400, { 'x-should-retry': 'true' }), 'ok'])
  stage.expectAnswered(await stage.call(), 500)
  stage.expectWhole(await stage.call())
  expect(stage.server.requests).toHaveLength(3)
})

const tokens: string[] = []
const freshToken = ({ refresh }: { refresh: boolean }): Record<string, string> => {
  if (refresh) tokens.push(`token-${tokens.length}`)
  return { authorization: `Bearer ${tokens.at(-1) ?? 'token-old'}` }
}
fault('54: 401, then a new token: of ten calls at once', { options: { headers: freshToken } }, async (stage) => {
  tokens.length = 0
  stage.server.addFaults({
    at: 'headers',
    effect: 'status',
    status: 401,
    when: ({ headers }) => headers.authorization === 'Bearer token-old',
  })
  for (const outcome of await Promise.all(Array.from({ length: 10 }, () => stage.call()))) stage.expectWhole(outcome)
  expect(tokens).toEqual(['token-0'])
})

fault('54: 401 twice', { options: { headers: freshToken } }, async (stage) => {
  tokens.length = 0
  stage.server.script([no(401), no(401)])
  stage.expectAnswered(await stage.call(), 401)
  expect(tokens).toEqual(['token-0'])
})

fault(
  '55: a storm of 503',
  { options: { retry: { budget: { capacity: 3, depositPerSuccess: 1, refillPerMinute: 0 } } } },
  async (stage) => {
    stage.server.addFaults(no(503))
    for (let calls = 0; calls < 4; calls++) stage.expectAnswered(await stage.call(), 503)
    // Three retries for all of them, and no more.
    expect(stage.server.requests).toHaveLength(4 + 3)
    expect(stage.decisions.filter((decision) => !decision.retry).at(-1)).toMatchObject({ reason: 'budget_exhausted' })
    stage.server.clearFaults()
    stage.expectWhole(await stage.call())
    stage.server.script([no(503), 'ok'])
    stage.expectWhole(await stage.call())
  },
)

for (const [what, location] of [
  ['another origin', 'https://evil.test/v1/responses'],
  ['another port of loopback', 'http://127.0.0.1:1/v1/responses'],
  ['a file', 'file:///etc/passwd'],
] as const) {
  fault(`56: a redirect to ${what}`, { options: { apiKey: 'sk-planted-secret-1234567890' } }, async (stage) => {
    stage.server.script([no(307, { location })])
    const { failure } = await stage.call()
    expect(failure).toMatchObject({ code: 'redirect_refused', retryable: false })
    expect(stage.server.requests).toHaveLength(1)
  })
}

function httpDate(at: number): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'UTC',
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string): string => parts.find((found) => found.type === type)?.value ?? ''
  return `${part('weekday')}, ${part('day')} ${part('month').slice(0, 3)} ${part('year')} ${part('hour')}:${part('minute')}:${part('second')} GMT`
}
