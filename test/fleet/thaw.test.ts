import { expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CLIENTS } from './support/redis-clients.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'
import { Worker } from './support/workers.ts'

it.skipIf(!hasRedis)(
  'a process that is frozen for 9.5 s, in which the store is flushed, begins no call on its old quota (skipped without redis-server or valkey-server)',
  {
    timeout: 60_000,
  },
  async () => {
    await using redis = await RedisServer.start()
    const { server, flight, came } = await slowServer(1000)
    await using _ = server
    const start = (process: string): Promise<Worker> => {
      const headers = { 'x-process': process }
      const client = { baseURL: server.baseURL, apiKey: 'sk-test', hedge: false, headers, concurrency: { calls: 12 } }
      return Worker.start({ redis: 'ioredis', port: redis.port, client })
    }
    await using frozen = await start('frozen')
    await using other = await start('other')
    await using admin = await CLIENTS.ioredis(redis.port).then((made) => ({
      command: made.command,
      [Symbol.asyncDispose]: made.close,
    }))
    for (const worker of [frozen, other]) worker.order({ do: 'keep', calls: 12 })
    const callsOf = (process: string, from = 0): number =>
      came.filter((one) => one.process === process && one.at >= from).length
    await until(() => Math.min(callsOf('frozen'), callsOf('other')) > 12, 'both are at work')
    // Not between the begin of a call and its write.
    await until(() => callsOf('frozen', systemClock.now() - 150) === 0, 'no call begins')
    frozen.freeze()
    await pause(1000)
    await admin.command('FLUSHALL')
    flight.most = 0
    await pause(8500)
    // The other has all of it.
    expect(flight.most).toBe(12)
    const thawedAt = systemClock.now()
    frozen.thaw()
    await until(() => callsOf('frozen', thawedAt) > 12, 'the thawed process has calls again', 20_000)
    expect(flight.most).toBe(12)
    await frozen.close()
    await other.close()
  },
)
