import { describe, expect, it } from 'vitest'
import { answers, type Process, rig } from './support/rig.ts'

const CALLS = 10

type Rig = ReturnType<typeof rig>

/** What makes the store lose what it knew. */
const HARMS: Record<string, (r: Rig) => void> = {
  'is flushed': (r) => r.server.flush(),
  'has its clock set an hour ahead': (r) => {
    r.server.skewMs += 3_600_000
  },
  'has its clock set an hour back': (r) => {
    r.server.skewMs -= 3_600_000
  },
}

const cases = Object.keys(HARMS).flatMap((harm) => [0, 20, 300, 900, 1500].map((afterMs) => ({ harm, afterMs })))

/** One of two processes uses nearly all that may be under way. */
async function unequal() {
  const r = rig(2, answers(1000), { concurrency: { calls: CALLS } })
  const running = [r.calls(0, 200)]
  await r.clock.advance(2000)
  for (let n = 0; n < 4; n++) {
    running.push(r.calls(1, 1))
    await r.clock.advance(1000)
  }
  expect(r.flight.most).toBe(CALLS)
  return { r, running }
}

async function endWell({ r, running }: Awaited<ReturnType<typeof unequal>>): Promise<void> {
  await r.clock.advance(60_000)
  expect((await Promise.all(running)).flat().filter((one) => typeof one !== 'number')).toEqual([])
  await r.end()
}

const storesOf = ({ events }: Process): unknown[] =>
  events.flatMap((event) => (event.type === 'fleet_store' ? [event.state] : []))

describe('while the store learns the quotas again', () => {
  it.for(cases)(
    'a process below its share has no more than it held: the store $harm, calls come after $afterMs ms',
    async ({ harm, afterMs }) => {
      const world = await unequal()
      const { r, running } = world
      HARMS[harm]?.(r)
      await r.clock.advance(afterMs)
      running.push(r.calls(1, 60))
      await r.clock.advance(6000)
      expect(r.flight.most).toBe(CALLS)
      // It has its share by then.
      expect(r.sentBy(1).filter((at) => at > r.clock.now() - 2000).length).toBeGreaterThanOrEqual(8)
      await endWell(world)
      expect(r.processes.flatMap(storesOf)).toEqual([])
    },
  )

  it('a process that was without the store keeps its share, so a call does not wait for that', async () => {
    const world = await unequal()
    const { r, running } = world
    r.server.failure = 'ERR the server is gone'
    for (let n = 0; n < 7; n++) {
      running.push(r.calls(1, 1))
      await r.clock.advance(1000)
    }
    // It comes back without what it knew.
    r.server.flush()
    r.server.failure = undefined
    while (!r.processes.every((one) => storesOf(one).at(-1) === 'back')) await r.clock.advance(50)
    const before = r.sentBy(1).length
    running.push(r.calls(1, 2))
    await r.clock.advance(50)
    expect(r.sentBy(1).length - before).toBe(2)
    await r.clock.advance(5000)
    r.flight.most = 0
    await r.clock.advance(2000)
    expect(r.flight.most).toBe(CALLS)
    await endWell(world)
  })
})

describe('a process that is new and the first to report', () => {
  it.for([
    { harm: 'is flushed', others: 1 },
    { harm: 'is flushed', others: 3 },
    { harm: 'has its clock set an hour back', others: 1 },
  ])('begins no call above the limit where the store $harm, with others: $others', async ({ harm, others }) => {
    const r = rig(others, answers(1000), { concurrency: { calls: CALLS } })
    const running = r.processes.map((_, index) => r.calls(index, 60))
    // Just after the others have reported.
    await r.clock.advance(5050)
    expect(r.flight.most).toBe(CALLS)
    HARMS[harm]?.(r)
    r.add()
    running.push(r.calls(others, 60))
    await r.clock.advance(6000)
    expect(r.flight.most).toBe(CALLS)
    // It has its share by then.
    expect(r.sentBy(others).filter((at) => at > r.clock.now() - 1500).length).toBeGreaterThanOrEqual(
      CALLS / (others + 1) - 1,
    )
    await endWell({ r, running })
  })

  it('begins at once where it is alone: the store is new, was flushed, or knows of no process any more', async () => {
    const r = rig(1, answers(100), { concurrency: { calls: CALLS } })
    const begins = async (index: number): Promise<void> => {
      const before = r.sentBy(index).length
      const calls = r.calls(index, CALLS / 2)
      await r.clock.advance(50)
      expect(r.sentBy(index).length - before).toBe(CALLS / 2)
      await r.clock.advance(1000)
      expect((await calls).filter((one) => typeof one !== 'number')).toEqual([])
    }
    await begins(0)
    // It has given everything back, and its leases are over.
    await r.clock.advance(60_000)
    await begins(0)
    await r.clock.advance(60_000)
    r.server.flush()
    await begins(0)
    // Another one is idle, and listens. What the store knows of the fleet, it has for 30 days.
    await r.clock.advance(60_000)
    r.add()
    await begins(1)
    await r.end()
  })
})
