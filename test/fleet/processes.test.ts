import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { CleanUp } from '../support/clean-up.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CLIENT_NAMES } from './support/redis-clients.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'
import { Worker } from './support/workers.ts'

const LIMIT = 40
const PROCESSES = 8

describe.skipIf(!hasRedis)('several real processes (skipped without redis-server or valkey-server)', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('8 of them with 50 calls each stay within 40 together, also while one is killed, and one is frozen for 20 s', {
    timeout: 180_000,
  }, async () => {
    const { server, flight, came } = await slowServer(1000)
    await using _ = server
    await using workers = new CleanUp()
    const all: Worker[] = []
    for (let n = 0; n < PROCESSES; n++) {
      const headers = { 'x-process': String(n) }
      const client = {
        baseURL: server.baseURL,
        apiKey: 'sk-test',
        hedge: false,
        headers,
        concurrency: { calls: LIMIT },
      }
      const redisKind = CLIENT_NAMES[n % CLIENT_NAMES.length] ?? 'ioredis'
      all.push(workers.use(await Worker.start({ redis: redisKind, port: redis.port, client })))
    }
    for (const worker of all) worker.order({ do: 'keep', calls: 50 })
    const rateOf = (process: number, from: number): number =>
      came.filter((one) => one.process === String(process) && one.at >= from).length
    await until(() => came.length > 150, 'they are at work', 60_000)

    // Fairness: no process gets under half of its share.
    let from = systemClock.now()
    await pause(4000)
    const total = came.filter(({ at }) => at >= from).length
    for (let n = 0; n < PROCESSES; n++) expect(rateOf(n, from)).toBeGreaterThan(total / PROCESSES / 2)
    expect(flight.most).toBeLessThanOrEqual(LIMIT)
    expect(flight.most).toBeGreaterThan(LIMIT * 0.9)

    await all[0]?.kill()
    all[1]?.freeze()
    await pause(20_000)
    // Both were missed for 15 s, and the others have their parts.
    from = systemClock.now()
    await pause(2000)
    expect(rateOf(0, from) + rateOf(1, from)).toBe(0)
    expect(came.filter(({ at }) => at >= from).length).toBeGreaterThan((LIMIT * 2000 * 0.6) / 1000)
    all[1]?.thaw()
    await until(() => rateOf(1, from) > 5, 'the thawed process has calls again', 30_000)
    const lost = all.flatMap(({ reports }, n) => reports.flatMap((one) => (one.told === 'event' ? [n] : [])))
    expect({ most: Math.max(flight.most, LIMIT), lost }).toEqual({ most: LIMIT, lost: [] })
    for (const worker of all.slice(1)) {
      await worker.close()
      expect(worker.ended.filter(({ error }) => error !== undefined)).toEqual([])
    }
  })

  it('a response made through one is continued, read and cancelled through another that never saw it', async () => {
    // No two endpoints give one id.
    const endpoint = (name: string): Promise<MockResponsesServer> =>
      MockResponsesServer.start({
        background: 'manual',
        respond: ({ number }) => textStream({ id: `resp_${name}_${number}`, text: 'hello' }),
      })
    await using one = await endpoint('one')
    await using two = await endpoint('two')
    const endpoints = [one, two].map(({ baseURL }) => ({ baseURL, headers: { authorization: 'Bearer k' } }))
    const start = (): Promise<Worker> =>
      Worker.start({ redis: 'ioredis', port: redis.port, client: { endpoints, hedge: false } })
    await using first = await start()
    await using second = await start()
    // Two creates a turn draw their endpoint: one that all 24 leave out is one chance in eight million.
    for (let n = 0; n < 12; n++) {
      const made = await first.ask({ do: 'call', params: {} })
      const next = await second.ask({ do: 'call', params: { previous_response_id: made.id } })
      expect(next.error).toBeUndefined()
      expect(await first.ask({ do: 'retrieve', id: next.id ?? '' })).toMatchObject({ id: next.id })
      const running = await first.ask({ do: 'call', params: { background: true, store: true } })
      expect(await second.ask({ do: 'cancel', id: running.id ?? '' })).toMatchObject({ id: running.id })
    }
    expect(Math.min(one.requests.length, two.requests.length)).toBeGreaterThan(0)
    await first.close()
    await second.close()
  })
})
