import { expect, it } from 'vitest'
import { createWorker } from '../../examples/fleet.ts'
import { slowServer } from '../fleet/support/flight.ts'
import { hasRedis, RedisServer } from '../fleet/support/redis-server.ts'

it.skipIf(!hasRedis)('two workers share a limit, and end (skipped without redis-server)', async () => {
  await using redis = await RedisServer.start()
  const { server, flight } = await slowServer(30)
  await using _ = server
  const options = { baseURL: server.baseURL, apiKey: 'sk-test', concurrency: { calls: 4 } }
  const workers = [1, 2].map(() => createWorker(`redis://127.0.0.1:${redis.port}`, options))
  const calls = workers.flatMap(({ client }) =>
    Array.from({ length: 10 }, () => client.responses.create({ model: 'm', input: 'hi' })),
  )
  await Promise.all(calls)
  expect(flight.most).toBeLessThanOrEqual(4)
  await Promise.all(workers.map((worker) => worker.close()))
})
