import { describe, expect, inject, it } from 'vitest'
import { answers, rig } from './support/rig.ts'
import { simulateFleet } from './support/simulate.ts'

const SEEDS = inject('full') ? 300 : 6

describe('a fleet of five on a store with delays, losses and partitions', () => {
  it(`keeps its bounds, balances its quotas, and fails no call: ${SEEDS} seeds`, {
    timeout: inject('full') ? 1_800_000 : 600_000,
  }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await simulateFleet(seed)
      expect(outcome.calls).toBeGreaterThan(0)
      expect(outcome, JSON.stringify(outcome)).toMatchObject({ broken: [] })
    }
  })
})

const CALL_MS = 800

describe('a process that is frozen', () => {
  const harms = ['nothing', 'flush'] as const
  const cases = harms.flatMap((harm) =>
    [1, 3, 9.5, 13.5, 16, 20].flatMap((forS) => [0.1, 1, forS - 0.3].map((atS) => ({ harm, forS, atS }))),
  )

  it.for(cases)(
    'for $forS s, with $harm of the store after $atS s, begins nothing above the limit when it is thawed',
    async ({ harm, forS, atS }) => {
      for (const limit of [6, 12]) {
        const r = rig(2, answers(CALL_MS), { concurrency: { calls: limit } })
        const all = r.processes.map((_, index) => r.calls(index, limit * 60))
        await r.clock.advance(5250)
        r.at(0).clock.freeze()
        await r.clock.advance(atS * 1000)
        if (harm === 'flush') r.server.flush()
        await r.clock.advance((forS - atS) * 1000)
        const thawedAt = r.clock.now()
        r.at(0).clock.thaw()
        await r.clock.advance(8000)
        // For the endpoint a call is over after its time, also where its process is frozen.
        const begun = r.sent.map(({ at }) => at)
        const most = Math.max(...begun.map((at) => begun.filter((other) => other > at - CALL_MS && other <= at).length))
        expect(most).toBeLessThanOrEqual(limit)
        // It takes part again.
        expect(r.sentBy(0).filter((at) => at > thawedAt + 3000).length).toBeGreaterThan(limit)
        await r.destroy()
        await Promise.all(all)
      }
    },
  )
})
