import { checkOptions } from '../errors/check-options.ts'
import type { Fleet } from '../fleet-port/fleet-port.ts'
import { Membership } from './membership.ts'
import { type RedisFleetOptions, redisFleetRules } from './options.ts'
import { type RedisClient, storeOf } from './redis-clients.ts'

/**
 * Connects the clients of several processes over a Redis or a Valkey: `new ResilientClient({ fleet: redisFleet(redis, { name: 'agents' }) })`.
 * They share pushbacks and cool-downs, `concurrency.calls`, and where responses live.
 *
 * No call fails or is reordered because of the store. A call waits for it at most 50 ms before the first call to an origin, 100 ms
 * where the owner of a response is not known, and for a quota 300 ms after the store stopped answering. Without the store each process
 * continues with what it knows, and `fleet_store` tells of it.
 *
 * @param redis a client of ioredis, iovalkey or node-redis (`redis`), or a cluster of one of them. It stays the caller's, who connects
 * it, listens for its errors and closes it. To listen, each `ResilientClient` makes one duplicate of it with its first call, and closes that
 * when it is closed.
 * @throws ConfigurationError for another kind of client, and for options that are not accepted.
 */
export function redisFleet(redis: RedisClient, options: RedisFleetOptions): Fleet {
  const store = storeOf(redis)
  checkOptions(options, redisFleetRules, { of: 'redisFleet' })
  const { name } = options
  return { join: (member) => new Membership(store, name, member) }
}
