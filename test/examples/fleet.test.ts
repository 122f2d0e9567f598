import { once } from 'node:events'
import net from 'node:net'
import { expect, it, vi } from 'vitest'
import { createWorker } from '../../examples/fleet.ts'
import type { TelemetryEvent } from '../../src/index.ts'
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

it('a worker ends while its store is away, and hands events on to the listener of the caller', async () => {
  const { server } = await slowServer(1)
  await using _ = server
  const types: string[] = []
  const options = {
    baseURL: server.baseURL,
    apiKey: 'sk-test',
    onEvent: (event: TelemetryEvent) => void types.push(event.type),
  }
  // Nothing listens at the port of a server that is closed.
  const gone = net.createServer().listen(0)
  await once(gone, 'listening')
  const { port } = gone.address() as net.AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const worker = createWorker(`redis://127.0.0.1:${port}`, options)
  await worker.client.responses.create({ model: 'm', input: 'hi' })
  await worker.close()
  expect(types).toContain('call_end')
  warn.mockRestore()
})
