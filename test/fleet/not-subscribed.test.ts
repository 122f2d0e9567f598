import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CREATE, member } from './support/member.ts'
import { CLIENT_NAMES, CLIENTS } from './support/redis-clients.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'
import { bothListen, type Command, listeners, untilStore } from './support/store-state.ts'

const USER = { username: 'fleet', password: 'a-long-password' }
const PUSHBACK_MS = 3000

/** The user of docs/fleet.md, who may do this beside or less. */
function setUser(command: Command, name: string, ...more: string[]): Promise<unknown> {
  const [line = ''] = /^ACL SETUSER fleet .*$/m.exec(readFileSync('docs/fleet.md', 'utf8')) ?? []
  const own = line.replaceAll('rr:agents', `rr:${name}`).replaceAll('{agents:', `{${name}:`)
  return command(...own.split(' ').toSpliced(3, 0, 'reset'), ...more)
}

describe.skipIf(!hasRedis)(
  'a user of the store who may not subscribe (skipped without redis-server or valkey-server)',
  () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await RedisServer.start()
    })
    afterAll(async () => {
      await redis[Symbol.asyncDispose]()
    })

    describe.each(CLIENT_NAMES)('over %s', (kind) => {
      it.for([
        { lacks: 'the command', change: '-subscribe' },
        { lacks: 'the channel', change: 'resetchannels' },
      ])('lacks $lacks: that is told once, and pushbacks come with the reports', async ({ change }) => {
        const name = `deaf-${kind}-${change}`.replaceAll('--', '-')
        const admin = await CLIENTS[kind](redis.port)
        await setUser(admin.command, name, change)
        await using server = await MockResponsesServer.start()
        const options = { baseURL: server.baseURL, retry: { budget: false } } as const
        await using a = await member(redis.port, kind, options, name, USER)
        await using b = await member(redis.port, kind, options, name, USER)
        await Promise.all([a.client.responses.create(CREATE), b.client.responses.create(CREATE)])
        await until(() => [a, b].every((one) => one.stores().length > 0), 'both are told')
        expect(await listeners(admin.command, `rr:${name}`)).toBe(0)

        server.script([
          { at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': String(PUSHBACK_MS) } },
        ])
        const first = a.client.responses.create(CREATE)
        await until(() => a.events.some(({ type }) => type === 'retry_decision'), 'the pushback is there')
        const toldAt = systemClock.now()
        const held = (): boolean =>
          b.events.some((event) => event.type === 'queue_start' && event.reason === 'pushback')
        // Those that begin before the next report are answered at once.
        while (!held()) {
          void b.client.responses.create(CREATE)
          await until(() => held() || b.client.stats().activeCalls === 0, 'the call is over, or held')
        }
        expect(systemClock.now() - toldAt).toBeLessThan(PUSHBACK_MS - 1000)
        await first
        await until(() => [a, b].every(({ client }) => client.stats().activeCalls === 0), 'the calls are over')

        // On a busy machine a command may take longer than its deadline, and that is told, too.
        const told = (one: typeof a): unknown[] =>
          one.events.filter((event) => event.type === 'fleet_store' && event.state === 'not_subscribed')
        const once = [{ type: 'fleet_store', state: 'not_subscribed', problem: 'NOPERM' }]
        expect([told(a), told(b)]).toEqual([once, once])

        // With the right to, they listen as soon as their connections are made anew.
        await setUser(admin.command, name)
        await admin.command('CLIENT', 'KILL', 'USER', 'fleet')
        await bothListen(admin.command, `rr:${name}`)
        await admin.close()
      })

      it('may lose the right later: that is told, and told again after it had the right between', async () => {
        const name = `deaf-later-${kind}`
        const admin = await CLIENTS[kind](redis.port)
        await setUser(admin.command, name)
        await using server = await MockResponsesServer.start()
        await using a = await member(redis.port, kind, { baseURL: server.baseURL }, name, USER)
        await a.client.responses.create(CREATE)
        const listen = (count: number): Promise<void> =>
          untilStore(async () => (await listeners(admin.command, `rr:${name}`)) === count, `${count} listen`)
        await listen(1)
        for (let times = 1; times <= 2; times++) {
          // The server ends the connections of those who listen and no longer may.
          await setUser(admin.command, name, 'resetchannels')
          await until(() => a.stores().filter((state) => state === 'not_subscribed').length === times, 'it is told')
          await setUser(admin.command, name)
          await admin.command('CLIENT', 'KILL', 'USER', 'fleet')
          await listen(1)
        }
        await admin.close()
      })
    })

    it('shares a limit on calls all the same', async () => {
      const admin = await CLIENTS.ioredis(redis.port)
      await setUser(admin.command, 'deaf-limit', '-subscribe')
      const { server, flight } = await slowServer(50)
      await using _ = server
      const options = { baseURL: server.baseURL, concurrency: { calls: 6 } }
      await using a = await member(redis.port, 'ioredis', options, 'deaf-limit', USER)
      await using b = await member(redis.port, 'node-redis', options, 'deaf-limit', USER)
      await Promise.all(
        [a, b].flatMap(({ client }) => Array.from({ length: 30 }, () => client.responses.create(CREATE))),
      )
      expect(flight.most).toBeLessThanOrEqual(6)
      expect([...a.stores(), ...b.stores()]).toEqual(['not_subscribed', 'not_subscribed'])
      await admin.close()
    })
  },
)
