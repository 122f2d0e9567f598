import { describe, expect, it } from 'vitest'
import { fake, seededRandom } from '../../src/testing/index.ts'
import { scenario } from '../client/harness.ts'
import { fieldServer, jsonAnswer } from './support/field-server.ts'
import { ASKED, withClient } from './support/play.ts'

const limited = (headers: Record<string, string>) =>
  fake.status(429, { headers, body: { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } } })

describe('a wait that the endpoint asked for', () => {
  it('is a minimum: a hundred calls with the same hint are retried at different times', async () => {
    const s = scenario(({ attempt }) => (attempt === 1 ? limited({ 'retry-after': '2' }) : fake.status(400)), {
      retry: { budget: false },
      random: seededRandom(7),
    })
    await s.settle(Promise.all(Array.from({ length: 100 }, () => s.post())))
    const again = s.transport.requests.filter(({ attempt }) => attempt === 2).map(({ at }) => at)
    expect(again).toHaveLength(100)
    expect(Math.min(...again)).toBeGreaterThanOrEqual(2000)
    expect(Math.max(...again)).toBeLessThan(2250)
    // At random, 100 of 250 milliseconds hold about 82 different ones.
    expect(new Set(again).size).toBeGreaterThan(60)
  })

  it.each([
    ['retry-after: 0', { 'retry-after': '0' }],
    ['retry-after-ms: 0', { 'retry-after-ms': '0' }],
    ['a date that has passed', { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
  ])('of nothing is no wait told: the ordinary back-off, after %s', async (_what, headers) => {
    const s = scenario(() => limited(headers), { random: () => 0.5 })
    await s.settle(s.post())
    expect(s.transport.requests.map(({ at }) => at)).toEqual([0, 250, 750, 1750, 3750])
  })

  it('of 0 s causes no tight loop, even over real sockets', async () => {
    await using server = await fieldServer([
      jsonAnswer(503, { error: { message: 'busy' } }, { 'retry-after': '0' }),
      jsonAnswer(400, { error: { message: 'no' } }),
    ])
    const waits: number[] = []
    const onEvent = (event: { type: string; decision?: { retry: boolean; delayMs?: number } }) => {
      if (event.type === 'retry_decision' && event.decision?.retry) waits.push(event.decision.delayMs ?? 0)
    }
    await withClient({ baseURL: server.baseURL, retry: { baseDelayMs: 20 }, random: () => 0.9, onEvent }, (client) =>
      client.responses.create(ASKED).catch(() => {}),
    )
    expect(waits).toEqual([18])
  })

  it('is compared with the limits without its jitter, which makes it neither too long nor too late', async () => {
    const s = scenario([limited({ 'retry-after': '10' }), fake.status(400)], {
      retry: { maxHintMs: 10_000 },
      timeouts: { totalMs: 10_100 },
      random: () => 0.999,
    })
    await s.settle(s.post())
    expect(s.decisions()[0]).toMatchObject({ retry: true, delayMs: 10_099 })
  })
})
