import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { slowServer } from '../../test/fleet/support/flight.ts'
import { RedisServer } from '../../test/fleet/support/redis-server.ts'
import { Worker } from '../../test/fleet/support/workers.ts'

export const PROCESSES = 8
export const LIMIT = 40

/** How many calls a process keeps under way or waiting. */
export type Load = (process: number) => number

export interface Measured {
  /** Answered calls a second, all processes together. */
  readonly rate: number
  /** The most calls that were under way at the server at one time. */
  readonly most: number
  /** Commands to the store, a second and process. `undefined`: there is no store, or it did not answer. */
  readonly commands: number | undefined
}

/** The commands that a fleet sends. */
const COMMANDS = ['evalsha', 'eval', 'get', 'set', 'subscribe']

/** The processes of a fleet and one without a fleet, in front of one server that counts. */
export class BenchFleet implements AsyncDisposable {
  readonly #redis: RedisServer
  readonly #admin: Redis
  readonly #endpoint: Awaited<ReturnType<typeof slowServer>>
  readonly #one: Worker
  readonly #members: Worker[]
  readonly storeVersion: string
  #isFrozen = false

  private constructor(parts: {
    redis: RedisServer
    admin: Redis
    endpoint: Awaited<ReturnType<typeof slowServer>>
    one: Worker
    members: Worker[]
    version: string
  }) {
    this.#redis = parts.redis
    this.#admin = parts.admin
    this.#endpoint = parts.endpoint
    this.#one = parts.one
    this.#members = parts.members
    this.storeVersion = parts.version
  }

  static async start(answerMs: number): Promise<BenchFleet> {
    const redis = await RedisServer.start()
    const admin = new Redis(redis.port, '127.0.0.1')
    const info = await admin.info('server')
    const [, name = 'redis', version = ''] =
      /^(valkey)_version:(\S+)/m.exec(info) ?? /^(redis)_version:(\S+)/m.exec(info) ?? []
    const endpoint = await slowServer(answerMs)
    const start = (kind: 'ioredis' | undefined): Promise<Worker> =>
      Worker.start({
        redis: kind,
        port: redis.port,
        client: {
          baseURL: endpoint.server.baseURL,
          apiKey: 'sk-bench',
          hedge: false,
          concurrency: { calls: LIMIT, pace: false },
        },
      })
    const members: Worker[] = []
    for (let n = 0; n < PROCESSES; n++) members.push(await start('ioredis'))
    return new BenchFleet({
      redis,
      admin,
      endpoint,
      one: await start(undefined),
      members,
      version: `${name} ${version}`,
    })
  }

  /** What a load comes to once it has settled. The load is over then. */
  async underLoad(whose: 'one' | 'fleet', load: Load, settledMs: number, seconds: number): Promise<Measured> {
    const workers = whose === 'one' ? [this.#one] : this.#members
    for (const [n, worker] of workers.entries()) worker.order({ do: 'keep', calls: load(n) })
    await sleep(settledMs)
    const { rate, most, commands } = await this.measured(seconds * 1000)
    for (const worker of workers) worker.order({ do: 'stop' })
    // The server still counts what it was asked.
    while (this.#endpoint.flight.now > 0) await sleep(20)
    return { rate, most, commands: whose === 'one' ? undefined : commands }
  }

  load(load: Load): void {
    for (const [n, worker] of this.#members.entries()) worker.order({ do: 'keep', calls: load(n) })
  }

  async measured(ms: number): Promise<Measured> {
    const { flight, came } = this.#endpoint
    const commands = await this.#commands()
    flight.most = flight.now
    const before = came.length
    const startedAt = performance.now()
    await sleep(ms)
    const seconds = (performance.now() - startedAt) / 1000
    const rate = (came.length - before) / seconds
    const { most } = flight
    const after = await this.#commands()
    return {
      rate,
      most,
      commands:
        commands === undefined || after === undefined ? undefined : (after - commands) / seconds / this.#members.length,
    }
  }

  async killOne(): Promise<void> {
    await this.#members.shift()?.kill()
  }

  freezeStore(): void {
    this.#isFrozen = true
    this.#redis.freeze()
  }

  thawStore(): void {
    this.#redis.thaw()
    this.#isFrozen = false
  }

  async #commands(): Promise<number | undefined> {
    if (this.#isFrozen) return undefined
    const stats = await this.#admin.info('commandstats')
    return COMMANDS.reduce((sum, name) => {
      const [, calls = '0'] = new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats) ?? []
      return sum + Number(calls)
    }, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#one, ...this.#members].map((worker) => worker.kill()))
    this.#admin.disconnect()
    await this.#redis[Symbol.asyncDispose]()
    await this.#endpoint.server.close()
  }
}
