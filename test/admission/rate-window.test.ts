import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRateWindow, waitFor } from '../../src/admission/rate-window.ts'

const headers = (limit: string, remaining: string, reset: string, kind = 'requests') =>
  [
    [`x-ratelimit-limit-${kind}`, limit],
    [`x-ratelimit-remaining-${kind}`, remaining],
    [`x-ratelimit-reset-${kind}`, reset],
  ] as const

describe('x-ratelimit headers', () => {
  it.each([
    ['1s', 1000],
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1h2m3s', 3_723_000],
    ['1.5s', 1500],
    ['30', 30_000],
  ])('a reset of %s is %i ms', (reset, resetMs) => {
    expect(readRateWindow(headers('60', '0', reset), 'requests', 5)).toEqual({
      limit: 60,
      remaining: 0,
      resetMs,
      at: 5,
    })
  })

  it.each([
    ['60', '0', 'soon'],
    ['60', '-1', '1s'],
    ['many', '0', '1s'],
    ['60', '0', '-1s'],
    ['60', '0', ''],
  ])('are ignored with limit %s, remaining %s, reset %s', (...given) => {
    expect(readRateWindow(headers(...given), 'requests', 0)).toBeUndefined()
  })

  it('of one kind do not affect the other', () => {
    expect(readRateWindow(headers('60', '0', '1s', 'tokens'), 'requests', 0)).toBeUndefined()
  })
})

describe('the wait before a start', () => {
  // 60 a minute, all spent: one flows back every second.
  const spent = { limit: 60, remaining: 0, resetMs: 60_000, at: 0 }

  it.each([
    ['nothing is left', spent, 1, 0, 0, 1000],
    ['one has flowed back', spent, 1, 0, 1000, 0],
    ['half of one has', spent, 1, 0, 500, 500],
    ['others wait before it', spent, 1, 4, 0, 5000],
    ['the reset has come', spent, 1, 100, 60_000, 0],
    ['there is enough', { ...spent, remaining: 2 }, 1, 1, 0, 0],
    ['it costs more than the whole limit', spent, 600, 0, 0, 60_000],
  ])('when %s', (_when, window, cost, pending, now, wait) => {
    expect(waitFor(window, cost, pending, now)).toBe(wait)
  })

  it('ends at the reset for any headers, and then enough is left', () => {
    const amount = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(amount, amount, amount, amount, amount, amount, (limit, remaining, resetMs, cost, pending, now) => {
        const wait = waitFor({ limit, remaining, resetMs, at: 0 }, cost, pending, now)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.max(0, resetMs - now))
        expect(waitFor({ limit, remaining, resetMs, at: 0 }, cost, pending, now + wait)).toBeLessThanOrEqual(1)
      }),
    )
  })
})
