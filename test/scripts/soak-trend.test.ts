import { describe, expect, it } from 'vitest'
import { judge, type Sample, SERIES, type SeriesName } from '../../scripts/soak/series.ts'
import { MIN_POINTS, trendOf } from '../../scripts/soak/trend.ts'
import { type Random, seededRandom } from '../../src/testing/index.ts'

const COUNT = 900
const WORLDS = 300

/** Noise as processes make it, of about one unit. */
const NOISES: Readonly<Record<string, (random: Random) => (index: number) => number>> = {
  none: () => () => 0,
  white: (random) => () => gauss(random),
  'that remembers': (random) => {
    let last = 0
    return () => {
      last = 0.8 * last + 0.6 * gauss(random)
      return last
    }
  },
  'with spikes': (random) => () => gauss(random) + (random() < 0.02 ? 100 : 0),
  'of a saw': (random) => (index) => ((index * 7) % 20) / 10 + 0.1 * gauss(random),
  'in whole steps': (random) => () => Math.round(gauss(random)),
}

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Of so many worlds, those in which growth is certain. */
function alarms(noise: (random: Random) => (index: number) => number, growth: number, tolerated: number): number {
  let found = 0
  for (let seed = 1; seed <= WORLDS; seed++) {
    const sample = noise(seededRandom(seed))
    const points = Array.from({ length: COUNT }, (_, x) => ({ x, y: 50 + (growth * x) / (COUNT - 1) + sample(x) }))
    if ((trendOf(points)?.certainGrowth ?? Number.NaN) > tolerated) found++
  }
  return found
}

describe('a trend', () => {
  it.each(Object.keys(NOISES))('is not seen in noise %s, and a growth of four times its width is', (name) => {
    const noise = NOISES[name] ?? (() => () => 0)
    expect(alarms(noise, 0, 0)).toBeLessThanOrEqual(0.01 * WORLDS)
    expect(alarms(noise, 4, 0.2)).toBeGreaterThanOrEqual(0.99 * WORLDS)
    expect(alarms(noise, -4, 0)).toBe(0)
  })

  it('is judged where there is enough to judge by', () => {
    const points = Array.from({ length: MIN_POINTS }, (_, x) => ({ x, y: 3 * x }))
    const growth = 3 * (MIN_POINTS - 1)
    expect(trendOf(points)?.growth).toBeCloseTo(growth)
    expect(trendOf(points)?.certainGrowth).toBeCloseTo(growth)
    expect(trendOf(points.slice(1))).toBeUndefined()
    expect(trendOf(points.map(({ y }) => ({ x: 1, y })))).toBeUndefined()
  })
})

describe('a soak', () => {
  /** Half an hour, 200 calls a second, a sample a second. */
  function samples(grow: (series: SeriesName, calls: number) => number): Sample[] {
    const random = seededRandom(7)
    return Array.from({ length: 1800 }, (_, second) => {
      const calls = second * 200
      const noisy = (series: SeriesName): number => 1000 + 5 * gauss(random) + grow(series, calls)
      return { atMs: second * 1000, calls, ...Object.fromEntries(SERIES.map((series) => [series, noisy(series)])) }
    }) as Sample[]
  }
  const rising = (found: ReturnType<typeof judge>) => found.filter(({ rises }) => rises).map(({ series }) => series)

  it('passes where nothing rises, or rises in the first half alone', () => {
    expect(rising(judge(samples(() => 0)))).toEqual([])
    expect(rising(judge(samples((_, calls) => Math.min(calls, 150_000) / 100)))).toEqual([])
  })

  it.each<[SeriesName, perCall: number]>([
    // 64 bytes a call; one in a thousand calls.
    ['heap', 64 / 1024],
    ['array_buffers', 64 / 1024],
    ['listeners', 0.001],
    ['timers', 0.001],
    ['close_wait', 0.001],
    ['leases', 0.001],
  ])('finds that %s rises by %d a call, and names it alone', (leaking, perCall) => {
    expect(rising(judge(samples((series, calls) => (series === leaking ? perCall * calls : 0))))).toEqual([leaking])
  })

  it('that is too short says so, instead of passing for flat', () => {
    expect(judge([])).toEqual([])
    for (const { trend, rises } of judge(samples(() => 0).slice(0, 2 * MIN_POINTS - 2))) {
      expect(trend).toBeUndefined()
      expect(rises).toBe(false)
    }
  })
})
