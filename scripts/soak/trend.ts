/** Whether a series of samples rises: decided by its own noise, and by what is tolerated. Pure. */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Trend {
  /** Growth from the first to the last sample, by the fitted line. */
  readonly growth: number
  /** What of it is certain: the lower end of the confidence interval. */
  readonly certainGrowth: number
}

/** Neighbours are alike (a garbage collection shows in all that follow): blocks of them are far less so. */
const BLOCKS = 12
/** Student's t for 10 degrees of freedom, one-sided: a flat series is taken for a rising one once in 1 000 times. */
const T_999 = 4.144
/** Fewer say nothing: a block needs a median. */
export const MIN_POINTS = 3 * BLOCKS

/**
 * The line through the medians of 12 blocks, which no single spike moves, and how far noise alone could tilt it.
 * `undefined` for fewer than 36 points, or where `x` does not change.
 */
export function trendOf(points: readonly Point[]): Trend | undefined {
  if (points.length < MIN_POINTS) return undefined
  const blocks = Array.from({ length: BLOCKS }, (_, index) => {
    const from = Math.floor((index * points.length) / BLOCKS)
    const to = Math.floor(((index + 1) * points.length) / BLOCKS)
    const block = points.slice(from, to)
    return { x: median(block.map(({ x }) => x)), y: median(block.map(({ y }) => y)) }
  })
  const centre = { x: mean(blocks.map(({ x }) => x)), y: mean(blocks.map(({ y }) => y)) }
  const spread = sum(blocks.map(({ x }) => (x - centre.x) ** 2))
  if (spread === 0) return undefined
  const slope = sum(blocks.map(({ x, y }) => (x - centre.x) * (y - centre.y))) / spread
  const residuals = sum(blocks.map(({ x, y }) => (y - centre.y - slope * (x - centre.x)) ** 2))
  const error = Math.sqrt(residuals / (BLOCKS - 2) / spread)
  const span = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)
  return { growth: slope * span, certainGrowth: (slope - T_999 * error) * span }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
