import { expect, test, vi } from 'vitest'
import { runSeeds } from '../simulation/bulk.ts'

vi.mock('../../src/transport/undici/undici-parts.ts', () => import('../simulation/network/undici-parts.ts'))
vi.mock('../../src/transport/undici/connector.ts', () => import('../simulation/network/connector.ts'))

/** Enough to notice what the unit tests do not, and few enough for a thousand mutants. No part of `npm test`. */
const WORLDS = 300

test('a few worlds hold every invariant', async () => {
  const { failed, seeds } = await runSeeds(1, WORLDS + 1, { stopAtFirst: true })
  expect(failed).toEqual([])
  expect(seeds).toBe(WORLDS)
})
