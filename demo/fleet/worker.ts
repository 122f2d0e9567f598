/** One worker of the demo: makes its calls, and says how many failed. */
import { Redis } from 'ioredis'
import { redisFleet } from '../../src/fleet/index.ts'
import { ResilientClient } from '../../src/index.ts'

export interface WorkerInput {
  readonly worker: number
  readonly baseURL: string
  readonly calls: number
  /** `undefined`: without a fleet. */
  readonly redisPort: number | undefined
}

const { worker, baseURL, calls, redisPort } = JSON.parse(process.argv[2] ?? '{}') as WorkerInput
const redis = redisPort === undefined ? undefined : new Redis(redisPort, '127.0.0.1')
const client = new ResilientClient({
  baseURL,
  apiKey: 'sk-of-all-workers',
  headers: { 'x-worker': String(worker) },
  concurrency: { calls: 12, pace: false },
  ...(redis && { fleet: redisFleet(redis, { name: 'demo' }) }),
})

const outcomes = await Promise.allSettled(
  Array.from({ length: calls }, () => client.responses.create({ model: 'gpt-5.2', input: 'hi' })),
)
process.send?.({ failed: outcomes.filter(({ status }) => status === 'rejected').length })
await client.close()
redis?.disconnect()
process.disconnect()
