import { expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CLIENTS } from './support/redis-clients.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'
import { Worker } from './support/workers.ts'

const CALLS = 12
/** On a machine that is busy enough a process misses three answers of the store in a row, and continues without it. */
const MOST_RUNS = 3

it.skipIf(!hasRedis)(
  'a process that is frozen for 9.5 s, in which the store is flushed, begins no call on its old quota (skipped without redis-server or valkey-server)',
  { timeout: 180_000 },
  async () => {
    for (let run = 1; ; run++) {
      const { most, alone, lost } = await freezeOnce()
      // What a process does without the store says nothing about quotas.
      if (lost.length > 0 && run < MOST_RUNS) continue
      expect(lost).toEqual([])
      expect({ most, alone }).toEqual({ most: CALLS, alone: CALLS })
      return
    }
  },
)

interface Seen {
  /** The most calls at a time, from the flush until the frozen process has calls again. */
  readonly most: number
  /** The same, only until it was thawed. */
  readonly alone: number
  /** What the processes told of their store. */
  readonly lost: readonly unknown[]
}

async function freezeOnce(): Promise<Seen> {
  await using redis = await RedisServer.start()
  const { server, flight, came, underWay, hold, release } = await slowServer(1000)
  await using _ = server
  const start = (process: string): Promise<Worker> => {
    const headers = { 'x-process': process }
    const client = { baseURL: server.baseURL, apiKey: 'sk-test', hedge: false, headers, concurrency: { calls: CALLS } }
    return Worker.start({ redis: 'ioredis', port: redis.port, client })
  }
  await using frozen = await start('frozen')
  await using other = await start('other')
  await using admin = await CLIENTS.ioredis(redis.port).then((made) => ({
    command: made.command,
    [Symbol.asyncDispose]: made.close,
  }))
  for (const worker of [frozen, other]) worker.order({ do: 'keep', calls: CALLS })
  const callsOf = (process: string, from = 0): number =>
    came.filter((one) => one.process === process && one.at >= from).length
  await until(() => Math.min(callsOf('frozen'), callsOf('other')) > CALLS, 'both are at work', 20_000)
  // No call may be between its begin and its write: all that may be under way are here, and stay until the process is frozen.
  hold()
  await until(() => underWay('frozen') + underWay('other') === CALLS, 'all calls have come')
  frozen.freeze()
  release()
  await pause(1000)
  await admin.command('FLUSHALL')
  flight.most = 0
  await pause(8500)
  // The other has all of it.
  const alone = flight.most
  const thawedAt = systemClock.now()
  frozen.thaw()
  await until(() => callsOf('frozen', thawedAt) > CALLS, 'the thawed process has calls again', 20_000)
  const lost = [frozen, other].flatMap(({ reports }) =>
    reports.flatMap((report) => (report.told === 'event' ? [report.event] : [])),
  )
  await frozen.close()
  await other.close()
  return { most: flight.most, alone, lost }
}
