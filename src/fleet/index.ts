/**
 * Connects the clients of several processes over a Redis or a Valkey. A separate entry, because it needs a client of one, which the
 * main entry does not know.
 */
export type { Fleet } from '../fleet-port/fleet-port.ts'
export type { RedisFleetOptions } from './options.ts'
export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis-clients.ts'
export { redisFleet } from './redis-fleet.ts'
