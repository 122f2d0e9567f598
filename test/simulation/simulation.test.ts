import { expect, inject, test, vi } from 'vitest'
import { addSum, emptySum, runSeeds } from './bulk.ts'
import { drawSchedule } from './draw.ts'
import { explain } from './explain.ts'
import { timelineOf } from './timeline.ts'

vi.mock('../../src/transport/undici/undici-parts.ts', () => import('./network/undici-parts.ts'))
vi.mock('../../src/transport/undici/connector.ts', () => import('./network/connector.ts'))
vi.mock('../../src/transport/websocket/ws-wire.ts', () => import('./network/ws-wire.ts'))

/** Counted, not timed: the same worlds on every machine. `npm run simulate` runs any number of others. */
const SEEDS = inject('full') ? 40_000 : 3000
const PER_TEST = SEEDS / 10

for (let from = 1; from <= SEEDS; from += PER_TEST) {
  test(`worlds of seeds ${from} to ${from + PER_TEST - 1} hold every invariant`, { timeout: 180_000 }, async () => {
    const { failed, seeds } = await runSeeds(from, from + PER_TEST, { stopAtFirst: true })
    const [first] = failed
    if (first !== undefined) expect.fail(await explain(first.seed))
    expect(seeds).toBe(PER_TEST)
  })
}

const isOfBoth = (seed: number): boolean => drawSchedule(seed, true).client.pool !== undefined

test('worlds with WebSockets to several endpoints hold every invariant, and meet what they are for', {
  timeout: 180_000,
}, async () => {
  const total = emptySum()
  for (let seed = 1; total.seeds < 40; seed++) {
    if (!isOfBoth(seed)) continue
    const sum = await runSeeds(seed, seed + 1, { sockets: true })
    if (sum.failed.length > 0) expect.fail(await explain(seed, true))
    addSum(total, sum)
  }
  const wanted = [
    'cool-down while sockets stand',
    'turn sent on sockets of two endpoints',
    'increment',
    'continued on its socket',
  ]
  expect(Object.keys(total.met)).toEqual(expect.arrayContaining(wanted))
})

test('a seed is the same world again, alone or beside others', async () => {
  // Each world has hosts of its own name.
  const tell = async (seed: number) => (await timelineOf(drawSchedule(seed))).replaceAll(/\.w\d+\.test/g, '.test')
  const seeds = Array.from({ length: 20 }, (_, index) => 7000 + index)
  const alone: string[] = []
  for (const seed of seeds) alone.push(await tell(seed))
  expect(await Promise.all(seeds.map(tell))).toEqual(alone)
})
