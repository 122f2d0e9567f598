import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { freePort } from '../../support/free-ports.ts'
import { pause, until } from '../../support/until.ts'
import { slowServer } from './flight.ts'
import { keepCalling, type Member, member } from './member.ts'
import { hasRedis, RedisServer } from './redis-server.ts'
import { SlowProxy } from './slow-proxy.ts'

interface Stage {
  readonly redis: RedisServer
  readonly proxy: SlowProxy
  readonly a: Member
}

/** What a jump of the clock of the server is for it: all times that it has stored are another time ago. */
const JUMP = `
for _, key in ipairs(redis.call('KEYS', 'rr:*:quotas:*')) do
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local shifted = all[i + 1]:gsub('%f[%d]%d%d%d%d%d%d%d%d%d%d%d%d%d%f[%D]', function(at)
      return string.format('%.0f', tonumber(at) - tonumber(ARGV[1]))
    end)
    redis.call('HSET', key, all[i], shifted)
  end
end`

function jump(byMs: number): Harm {
  return {
    isAnswered: true,
    strike: async ({ a }) => void (await a.command('EVAL', JUMP, '0', String(byMs))),
    heal: async () => {},
  }
}

interface Harm {
  /** The store answers all the time. */
  readonly isAnswered?: true
  strike(stage: Stage): Promise<void>
  heal(stage: Stage): Promise<void>
}

/** Stores that do not answer for a while. */
export const LOST: Record<string, Harm> = {
  'killed, and restarted with another run id': {
    strike: ({ redis }) => redis.kill(),
    heal: ({ redis }) => redis.run(),
  },
  'frozen (SIGSTOP)': {
    strike: async ({ redis }) => redis.freeze(),
    heal: async ({ redis }) => redis.thaw(),
  },
  'slower than the deadline of a command': {
    strike: async ({ proxy }) => {
      proxy.delayMs = 60
    },
    heal: async ({ proxy }) => {
      proxy.delayMs = 0
    },
  },
}

/** Stores that refuse what is asked of them for a while. */
export const REFUSING: Record<string, Harm> = {
  'out of memory': {
    strike: async ({ a }) => void (await a.command('CONFIG', 'SET', 'maxmemory', '1')),
    heal: async ({ a }) => void (await a.command('CONFIG', 'SET', 'maxmemory', '0')),
  },
  'a replica that is read-only': {
    strike: async ({ a }) => void (await a.command('REPLICAOF', '127.0.0.1', String(await freePort()))),
    heal: async ({ a }) => void (await a.command('REPLICAOF', 'NO', 'ONE')),
  },
}

/** Stores that answer all the time, and have forgotten what they knew, or know another time. */
export const ANSWERING: Record<string, Harm> = {
  'one whose clock jumped an hour ahead': jump(3_600_000),
  'one whose clock jumped an hour back': jump(-3_600_000),
  'flushed, its scripts too': {
    isAnswered: true,
    strike: async ({ a }) => {
      await a.command('FLUSHALL')
      await a.command('SCRIPT', 'FLUSH')
    },
    heal: async () => {},
  },
}

/** Each of the files that call this takes its part of the harms: they wait for most of their time, and so they wait at the same time. */
export function testHarms(harms: Record<string, Harm>): void {
  describe.skipIf(!hasRedis)('a store that is (skipped without redis-server or valkey-server)', () => {
    it.for(Object.entries(harms))('%s: calls continue, and the limit holds again within 5 s', async ([name, harm]) => {
      await using redis = await RedisServer.start()
      await using proxy = await SlowProxy.start(redis.port)
      const { server, flight } = await slowServer(100)
      await using _ = server
      const options = { baseURL: server.baseURL, concurrency: { calls: 6 } }
      // Two kinds of clients, because what they do with commands that are not answered differs.
      await using a = await member(proxy.port, 'ioredis', options)
      await using b = await member(proxy.port, 'node-redis', options)
      const loads = [a, b].map((one) => keepCalling(one, 20))
      const calls = (): number[] => loads.map(({ done }) => done.calls)
      await until(() => Math.min(...calls()) > 20, 'both have calls')
      // Both have a fair part, which they keep without the store.
      await pause(2500)
      await harm.strike({ redis, proxy, a })
      if (!harm.isAnswered)
        await until(() => [a, b].every((one) => one.stores().at(-1) === 'lost'), `both are told: ${name}`)
      const before = calls()
      // Half a second's work of three calls at a time. How fast they are is up to the machine.
      await until(() => calls().every((count, index) => count - (before[index] as number) > 15), 'both continue')
      await harm.heal({ redis, proxy, a })
      const healedAt = systemClock.now()
      if (!harm.isAnswered)
        await until(() => [a, b].every((one) => one.stores().at(-1) === 'back'), `both are told again: ${name}`)
      expect(systemClock.now() - healedAt).toBeLessThan(6000)
      await pause(2500)
      // What one does not use moves to the other again, so what they share is right.
      await loads[1]?.stop()
      flight.most = 0
      await until(() => flight.most >= 6, 'the one has all of it')
      await pause(1000)
      await loads[0]?.stop()
      expect(flight.most).toBe(6)
      expect(loads.flatMap(({ done }) => done.errors)).toEqual([])
      if (!harm.isAnswered) for (const one of [a, b]) expect(one.stores()).toEqual(['lost', 'back'])
    })
  })
}
