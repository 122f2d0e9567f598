import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deadProbabilityAt, suspectAfterMs } from '../../src/hedge/hedge-rule.ts'
import { bucketOf, SilenceSketch, type SurvivalCurve } from '../../src/hedge/survival.ts'
import { seededRandom } from '../../src/testing/index.ts'

const NOTHING = SilenceSketch.curve([])

function curveOf(times: readonly number[], givenUp: readonly number[] = []): SurvivalCurve {
  const sketch = new SilenceSketch()
  for (const ms of times) sketch.add('answered', ms)
  for (const ms of givenUp) sketch.add('givenUp', ms)
  return SilenceSketch.curve([sketch])
}

/** Lognormal times with the given median and spread. */
function lognormal(count: number, median: number, sigma: number, seed = 1): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return median * Math.exp(sigma * normal)
  })
}

describe('the sketch of silences', () => {
  it('stores a time to within 2 %, from 2 ms to an hour', () => {
    fc.assert(
      fc.property(fc.double({ min: 2, max: 3_600_000, noNaN: true }), (ms) => {
        const curve = curveOf([ms])
        expect(curve.at(ms * 0.979)).toBe(1)
        expect(curve.at(ms * 1.021)).toBeCloseTo(0.5, 1)
      }),
    )
  })

  it('needs few buckets', () => {
    expect(bucketOf(3_600_000)).toBeLessThan(400)
  })

  it('falls from 1, never rises, and claims nothing rarer than its samples show', () => {
    const times = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { maxLength: 60 })
    fc.assert(
      fc.property(times, times, (answered, givenUp) => {
        const curve = curveOf(answered, givenUp)
        const seen = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].map((ms) => curve.at(ms))
        expect(seen[0]).toBe(1)
        expect(seen).toEqual([...seen].sort((a, b) => b - a))
        const longest = Math.max(...answered)
        if (answered.length > 0) expect(curve.at(longest * 0.97)).toBeGreaterThanOrEqual(1 / (answered.length + 1))
        const known = Math.max(longest, ...givenUp)
        if (answered.length > 0) expect(curve.at(known * 100)).toBeLessThan(0.001)
      }),
    )
  })

  it('counts given-up attempts as longer, because every cut would otherwise make an endpoint look faster', () => {
    // Half are given up at 2 s; of the others all take 4 s.
    const curve = curveOf(Array(100).fill(4000), Array(100).fill(2000))
    expect(curve.at(3000)).toBe(1)
    expect(curve.at(4100)).toBeCloseTo(1 / 101)
    // All that take longer than 2 s are given up: the share of the slow is still known.
    const cut = curveOf(Array(100).fill(1000), Array(100).fill(2000))
    expect(cut.at(1500)).toBeCloseTo(0.5)
    expect(cut.at(1950)).toBeCloseTo(0.5)
  })

  it('adds up over sketches', () => {
    const [one, other] = [new SilenceSketch(), new SilenceSketch()]
    one.add('answered', 1000)
    other.add('answered', 3000)
    expect(SilenceSketch.curve([one, other]).at(2000)).toBe(0.5)
  })
})

describe('the rule', () => {
  const cold = (deadShare: number, coldStartMs = 10_000) => ({ curves: [NOTHING], coldStartMs, deadShare })

  it.each([0.002, 0.01, 0.05, 0.2, 0.5])('knowing nothing, fires at the cold start (%f dead)', (deadShare) => {
    for (const coldStartMs of [10_000, 20_000, 45_000, 90_000]) {
      const moment = suspectAfterMs(cold(deadShare, coldStartMs), 0.8, 3000)
      expect(moment).toBeGreaterThan(coldStartMs * 0.99)
      expect(moment).toBeLessThan(coldStartMs * 1.01)
    }
  })

  it('never fires before minMs', () => {
    const evidence = { curves: [curveOf(Array(1000).fill(100))], coldStartMs: 10_000, deadShare: 0.5 }
    expect(suspectAfterMs(evidence, 0.8, 3000)).toBe(3000)
    expect(suspectAfterMs(evidence, 0.8, 500)).toBe(500)
  })

  it('knowing much, fires where P(dead) = d / (d + (1 − d) · S(t)) says so', () => {
    const curves = [curveOf(lognormal(20_000, 1800, 0.6))]
    // S(t) = 0.0625: 1.534 standard deviations above the median of the logarithms.
    const at = suspectAfterMs({ curves, coldStartMs: 10_000, deadShare: 0.2 }, 0.8, 3000)
    expect(at / (1800 * Math.exp(0.6 * 1.534))).toBeCloseTo(1, 1)
    // The rarer the dead, the longer it waits.
    expect(suspectAfterMs({ curves, coldStartMs: 10_000, deadShare: 0.01 }, 0.8, 3000)).toBeGreaterThan(at * 1.3)
  })

  it('uses the coarser kind while samples are few', () => {
    const slow = curveOf(lognormal(5000, 20_000, 0.3))
    const few = curveOf([1000, 1100, 900])
    const many = curveOf(lognormal(5000, 1000, 0.1))
    const suspectIn = (curve: SurvivalCurve) =>
      suspectAfterMs({ curves: [curve, slow], coldStartMs: 10_000, deadShare: 0.1 }, 0.8, 3000)
    expect(suspectIn(few)).toBeGreaterThan(15_000)
    expect(suspectIn(many)).toBeLessThan(5000)
  })

  it('grows with every moment of silence, and reaches the threshold when it fires', () => {
    const evidence = fc.record({
      curves: fc
        .array(fc.array(fc.double({ min: 100, max: 60_000, noNaN: true }), { maxLength: 50 }), { maxLength: 3 })
        .map((all) => all.map((times) => curveOf(times))),
      coldStartMs: fc.integer({ min: 10_000, max: 150_000 }),
      deadShare: fc.double({ min: 0.002, max: 0.5, noNaN: true }),
    })
    fc.assert(
      fc.property(evidence, fc.double({ min: 0.5, max: 0.99, noNaN: true }), (known, deadProbability) => {
        const moment = suspectAfterMs(known, deadProbability, 3000)
        const times = [1000, 5000, 20_000, 100_000, 600_000].map((ms) => deadProbabilityAt(ms, known, deadProbability))
        expect(times).toEqual([...times].sort((a, b) => a - b))
        if (moment < 3_600_000)
          expect(deadProbabilityAt(moment, known, deadProbability)).toBeGreaterThanOrEqual(deadProbability - 1e-9)
        if (moment > 3001) expect(deadProbabilityAt(moment - 2, known, deadProbability)).toBeLessThan(deadProbability)
      }),
      { seed: 1 },
    )
  })
})
