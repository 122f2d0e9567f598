/**
 * A worker of several on one account. All of them share a limit of 40 concurrent calls, what the endpoint asks one of them to wait, and
 * where responses live.
 */
import { Redis } from 'ioredis'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'
import { redisFleet } from 'resilient-responses/fleet'

export function createWorker(redisUrl: string, options: ResilientClientOptions = {}) {
  const { calls = 40 } = options.concurrency ?? {}
  const redis = new Redis(redisUrl)
  // The client of the store reconnects by itself. Without a listener it prints each error.
  redis.on('error', () => {})
  const client = new ResilientClient({
    ...options,
    // Without `callsAlone` each process may have an equal share of `calls`, or all of them, while the store is away.
    concurrency: { callsAlone: Math.ceil(calls / 8), ...options.concurrency, calls },
    fleet: redisFleet(redis, { name: 'agents' }),
    onEvent: (event) => {
      options.onEvent?.(event)
      if (event.type === 'fleet_store') console.warn(`the fleet's store is ${event.state}`, event.problem ?? '')
    },
  })
  return {
    client,
    /** Gives back what the worker holds, and ends. */
    async close(): Promise<void> {
      await client.close()
      // Unlike `quit()` it waits for no answer, which never comes while the store is away.
      redis.disconnect()
    },
  }
}
