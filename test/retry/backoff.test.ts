import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectDelay, hintDelay, pushbackDelay, RECONNECT_JITTER_MS, reconnectDelay } from '../../src/retry/backoff.ts'
import { expectDelays, HALF, LEAST, MOST } from './expect-delays.ts'

const POLICY = { baseDelayMs: 500, maxDelayMs: 20_000 }
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const steps = fc.nat(2000)

describe('back-off', () => {
  it('reconnects within 200 ms after a connection died', () => {
    expectDelays((_, random) => reconnectDelay(random), [199])
    expectDelays((_, random) => reconnectDelay(random), [100], { random: HALF })
    expectDelays((_, random) => reconnectDelay(random), [0], { random: LEAST })
  })

  it('reconnects within 200 ms after the first failure to connect, then more slowly, up to 5 s', () => {
    expectDelays(connectDelay, [0, 0, 1000, 2000, 4000, 5000, 5000, 5000], { random: LEAST })
    expectDelays(connectDelay, [199, 750, 1500, 3000, 3750, 3750], { first: 1 })
  })

  it('outlasts an endpoint that accepts again within 5 s, with four reconnects and any random numbers', () => {
    fc.assert(
      fc.property(fc.array(chance, { minLength: 4, maxLength: 4 }), (chances) => {
        const total = chances.reduce((sum, value, i) => sum + connectDelay(i + 1, () => value), 0)
        expect(total).toBeGreaterThanOrEqual(5000)
      }),
    )
  })

  it('backs off with full jitter on 500 ms · 2ⁿ after a pushback, up to 20 s', () => {
    const delayOf = (step: number, random: () => number) => pushbackDelay(step, POLICY, random)
    expectDelays(delayOf, [499, 999, 1999, 3999, 7999, 15_999, 19_999, 19_999])
    expectDelays(delayOf, [250, 500, 1000, 2000, 4000, 8000, 10_000], { random: HALF })
    expectDelays(delayOf, [0, 0, 0], { random: LEAST })
    expectDelays((step, random) => pushbackDelay(step, { baseDelayMs: 0, maxDelayMs: 100 }, random), [0, 0, 0])
  })

  it('stays within its bounds for any step, policy and random numbers', () => {
    const ms = fc.nat(2 ** 31 - 1)
    fc.assert(
      fc.property(steps, ms, ms, chance, (step, baseDelayMs, maxDelayMs, value) => {
        for (const [delay, cap] of [
          [reconnectDelay(() => value), RECONNECT_JITTER_MS],
          [connectDelay(step, () => value), 5000],
          [pushbackDelay(step, { baseDelayMs, maxDelayMs }, () => value), maxDelayMs],
        ] as const) {
          expect(Number.isInteger(delay) && delay >= 0 && delay <= cap).toBe(true)
        }
      }),
    )
  })

  it('never shrinks from one step to the next with the same random number', () => {
    fc.assert(
      fc.property(steps, chance, (step, value) => {
        expect(connectDelay(step + 1, () => value)).toBeGreaterThanOrEqual(connectDelay(step, () => value))
        expect(pushbackDelay(step + 1, POLICY, () => value)).toBeGreaterThanOrEqual(
          pushbackDelay(step, POLICY, () => value),
        )
      }),
    )
  })

  it('waits for the hint plus up to a tenth of it, from 250 ms to 5 s', () => {
    const most = (hintMs: number) => hintDelay(hintMs, Infinity, MOST) - hintMs
    expect([1, 1000, 2500, 10_000, 50_000, 3_600_000].map(most)).toEqual([249, 249, 249, 999, 4999, 4999])
    expect(hintDelay(11_054, Infinity, LEAST)).toBe(11_054)
  })

  it('never retries before the end of the hint, nor after the remaining time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 100_000, noNaN: true }),
        chance,
        (hintMs, more, value) => {
          const remainingMs = hintMs + Math.max(more, 0.001)
          const delay = hintDelay(hintMs, remainingMs, () => value)
          expect(delay).toBeGreaterThanOrEqual(hintMs)
          expect(delay).toBeLessThan(remainingMs)
          expect(delay).toBeLessThanOrEqual(hintMs + Math.min(5000, Math.max(250, hintMs / 10)))
        },
      ),
    )
  })
})
