import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CREATE, keepCalling, member } from './support/member.ts'
import { CLIENT_NAMES, CLIENTS } from './support/redis-clients.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'
import { bothListen, type Command, listeners, untilStore } from './support/store-state.ts'

/** Owners are kept after the calls. */
function ownersAreKept(command: Command, prefix: string, count: number): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    ((await command('KEYS', `${prefix}:owner:*`)) as unknown[]).length === count
  return untilStore(isThere, `${count} owners are kept`)
}

describe.skipIf(!hasRedis)('a fleet on a real server (skipped without redis-server or valkey-server)', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(async () => {
    await redis[Symbol.asyncDispose]()
  })

  describe.each(CLIENT_NAMES)('over %s', (kind) => {
    it('holds the calls of another process within 100 ms of a pushback', async () => {
      await using server = await MockResponsesServer.start()
      const options = { baseURL: server.baseURL, retry: { budget: false } } as const
      await using a = await member(redis.port, kind, options, `pushback-${kind}`)
      await using b = await member(redis.port, kind, options, `pushback-${kind}`)
      await Promise.all([a.client.responses.create(CREATE), b.client.responses.create(CREATE)])
      await until(() => a.client.stats().activeCalls + b.client.stats().activeCalls === 0, 'the calls are over')
      await bothListen(a.command, `rr:pushback-${kind}`)
      server.script([{ at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': '700' } }])
      const first = a.client.responses.create(CREATE)
      await until(() => a.events.some(({ type }) => type === 'retry_decision'), 'the pushback is there')
      const toldAt = systemClock.now()
      await pause(100)
      const second = b.client.responses.create(CREATE)
      await pause(200)
      expect(server.requests).toHaveLength(3)
      await Promise.all([first, second])
      expect(systemClock.now() - toldAt).toBeGreaterThan(650)
      expect(b.events).toContainEqual(expect.objectContaining({ type: 'queue_start', reason: 'pushback' }))
      expect([...a.stores(), ...b.stores()]).toEqual([])
    })

    it('shares a limit on calls', async () => {
      const { server, flight } = await slowServer(50)
      await using _ = server
      const options = { baseURL: server.baseURL, concurrency: { calls: 6 } }
      await using a = await member(redis.port, kind, options, `limit-${kind}`)
      await using b = await member(redis.port, kind, options, `limit-${kind}`)
      const calls = [a, b].flatMap(({ client }) => Array.from({ length: 30 }, () => client.responses.create(CREATE)))
      await Promise.all(calls)
      expect(flight.most).toBeLessThanOrEqual(6)
      expect(flight.most).toBeGreaterThanOrEqual(5)
    })

    it('lets a process that is new, and the first to report after a flush, begin no call above the limit', async () => {
      const { server, flight } = await slowServer(300)
      await using _ = server
      const options = { baseURL: server.baseURL, concurrency: { calls: 6 } }
      await using a = await member(redis.port, kind, options, `flush-${kind}`)
      await using b = await member(redis.port, kind, options, `flush-${kind}`)
      const load = keepCalling(a, 12)
      await until(() => flight.most === 6, 'the first process has all of it')
      await untilStore(async () => (await listeners(a.command, `rr:flush-${kind}`)) === 1, 'it listens')
      await a.command('FLUSHALL')
      await Promise.all(Array.from({ length: 12 }, () => b.client.responses.create(CREATE)))
      await load.stop()
      expect(flight.most).toBe(6)
      expect([load.done.errors, a.stores(), b.stores()]).toEqual([[], [], []])
    })

    it('finds the owner of a response that another process has made', async () => {
      // No two endpoints give one id.
      const start = (name: string): Promise<MockResponsesServer> =>
        MockResponsesServer.start({
          respond: ({ number }) => textStream({ id: `resp_${name}_${number}`, text: 'hello' }),
        })
      await using one = await start('one')
      await using two = await start('two')
      const headers = { authorization: 'Bearer k' }
      const options = { apiKey: undefined, endpoints: [one, two].map(({ baseURL }) => ({ baseURL, headers })) }
      await using a = await member(redis.port, kind, options, `owner-${kind}`)
      await using b = await member(redis.port, kind, options, `owner-${kind}`)
      // Each create draws its endpoint: one that all 24 leave out is one chance in eight million.
      for (let n = 0; n < 24; n++) {
        const made = await a.client.responses.create(CREATE)
        await ownersAreKept(a.command, `rr:owner-${kind}`, 2 * n + 1)
        const next = await b.client.responses.create({ ...CREATE, previous_response_id: made.id })
        await ownersAreKept(a.command, `rr:owner-${kind}`, 2 * n + 2)
        expect((await a.client.responses.retrieve(next.id)).id).toBe(next.id)
      }
      expect(one.requests.length + two.requests.length).toBe(72)
      expect(Math.min(one.requests.length, two.requests.length)).toBeGreaterThan(0)
    })

    it('runs with the ACL line of docs/fleet.md, and with nothing else', async () => {
      const admin = await CLIENTS[kind](redis.port)
      const [line = ''] = /^ACL SETUSER fleet .*$/m.exec(readFileSync('docs/fleet.md', 'utf8')) ?? []
      await admin.command(
        ...line.replaceAll('rr:agents', `rr:acl-${kind}`).replaceAll('{agents:', `{acl-${kind}:`).split(' '),
      )
      await using server = await MockResponsesServer.start()
      await using other = await MockResponsesServer.start()
      const headers = { authorization: 'Bearer k' }
      const options = {
        apiKey: undefined,
        endpoints: [server, other].map(({ baseURL }) => ({ baseURL, headers })),
        concurrency: { calls: 5 },
      }
      await using a = await member(redis.port, kind, options, `acl-${kind}`, {
        username: 'fleet',
        password: 'a-long-password',
      })
      await using b = await member(redis.port, kind, options, `acl-${kind}`, {
        username: 'fleet',
        password: 'a-long-password',
      })
      const made = await a.client.responses.create(CREATE)
      await ownersAreKept(admin.command, `rr:acl-${kind}`, 1)
      await b.client.responses.create({ ...CREATE, previous_response_id: made.id })
      await until(() => a.client.stats().activeCalls === 0, 'the call is over')
      await bothListen(admin.command, `rr:acl-${kind}`)
      expect([...a.stores(), ...b.stores()]).toEqual([])
      const log = (await admin.command('ACL', 'LOG')) as unknown[]
      expect(log).toEqual([])
      await admin.close()
    })
  })
})
