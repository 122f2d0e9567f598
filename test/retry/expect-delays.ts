import { expect } from 'vitest'
import type { Random } from '../../src/core/random.ts'

/** Chance at its ends and in the middle. */
export const LEAST: Random = () => 0
export const HALF: Random = () => 0.5
export const MOST: Random = () => 1 - Number.EPSILON

/** The delays of a back-off, step by step from `first`, with the given chance. */
export function expectDelays(
  delayOf: (step: number, random: Random) => number,
  expected: readonly number[],
  { random = MOST, first = 0 }: { readonly random?: Random; readonly first?: number } = {},
): void {
  expect(expected.map((_, step) => delayOf(step + first, random))).toEqual(expected)
}
