import { describe, expect, inject, it } from 'vitest'
import { simulateFleet } from './support/simulate.ts'

const SEEDS = inject('full') ? 300 : 6

describe('a fleet of five on a store with delays, losses and partitions', () => {
  it(`keeps its bounds, balances its quotas, and fails no call: ${SEEDS} seeds`, { timeout: 600_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await simulateFleet(seed)
      expect(outcome.calls).toBeGreaterThan(0)
      expect(outcome, JSON.stringify(outcome)).toMatchObject({ broken: [] })
    }
  })
})
