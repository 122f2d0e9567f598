import { Cluster, Redis } from 'ioredis'
import { createCluster } from 'redis'
import { describe, expect, it } from 'vitest'
import { type RedisClient, redisFleet } from '../../src/fleet/index.ts'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../src/index.ts'
import { textStream } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { CleanUp } from '../support/clean-up.ts'
import { freePort } from '../support/free-ports.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CREATE } from './support/member.ts'
import { hasRedis, RedisServer } from './support/redis-server.ts'

const SLOTS = 16_384

/** A cluster of three nodes, each with a third of the slots. */
async function startCluster(stack: CleanUp) {
  const nodes: Array<{ readonly port: number; readonly busPort: number; readonly admin: Redis }> = []
  for (let n = 0; n < 3; n++) {
    const busPort = await freePort()
    const { port } = stack.use(await RedisServer.start('--cluster-enabled', 'yes', '--cluster-port', String(busPort)))
    const admin = new Redis(port, '127.0.0.1')
    stack.defer(() => admin.disconnect())
    nodes.push({ port, busPort, admin })
  }
  for (const [n, { admin }] of nodes.entries()) {
    const third = (part: number): number => Math.floor((SLOTS * part) / 3)
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', String(third(n)), String(third(n + 1) - 1))
  }
  for (const { port, busPort } of nodes.slice(1))
    await nodes[0]?.admin.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort))
  for (const { admin } of nodes) {
    let info = ''
    let isAsking = false
    await until(
      () => {
        if (!isAsking) {
          isAsking = true
          void admin.call('CLUSTER', 'INFO').then((text) => {
            info = String(text)
            isAsking = false
          })
        }
        return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
      },
      'the node knows the whole cluster',
      20_000,
    )
  }
  return {
    ports: nodes.map(({ port }) => port),
    /** Waits until what the nodes answer to a command adds up to this. */
    async total(
      command: readonly [string, ...string[]],
      count: (answer: unknown) => number,
      sum: number,
    ): Promise<void> {
      let total = -1
      let isAsking = false
      await until(
        () => {
          if (!isAsking) {
            isAsking = true
            void Promise.all(nodes.map(({ admin }) => admin.call(...command))).then((answers) => {
              total = answers.map(count).reduce((one, other) => one + other, 0)
              isAsking = false
            })
          }
          return total === sum
        },
        () => `${command.join(' ')}: ${total}, expected ${sum}`,
      )
    },
  }
}

/** A cluster of two packages, as its users make it. */
const KINDS = {
  ioredis: async (ports: readonly number[], stack: CleanUp): Promise<RedisClient> => {
    const cluster = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })))
    stack.defer(() => cluster.disconnect())
    return cluster
  },
  'node-redis': async (ports: readonly number[], stack: CleanUp): Promise<RedisClient> => {
    const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    cluster.on('error', () => {})
    stack.defer(() => cluster.destroy())
    await cluster.connect()
    return cluster
  },
}

const HINT_MS = 1500

describe.skipIf(!hasRedis)('a fleet on a cluster of three nodes (skipped without redis-server)', () => {
  it.for(Object.entries(KINDS))('over %s shares all it shares', { timeout: 60_000 }, async ([, connect]) => {
    await using stack = new CleanUp()
    const cluster = await startCluster(stack)
    const events: TelemetryEvent[] = []
    const member = async (options: ResilientClientOptions): Promise<ResilientClient> => {
      const client = new ResilientClient({
        hedge: false,
        onEvent: (event) => void events.push(event),
        ...options,
        fleet: redisFleet(await connect(cluster.ports, stack), { name: 'test' }),
      })
      stack.defer(() => client.destroy())
      return client
    }
    let listening = 0
    const allListen = (): Promise<void> =>
      cluster.total(['PUBSUB', 'NUMSUB', 'rr:test'], (answer) => Number((answer as unknown[])[1]), listening)

    // Several origins, so that their keys are on several nodes.
    for (let n = 0; n < 4; n++) {
      const { server, flight } = await slowServer(40)
      stack.use(server)
      const options = { baseURL: server.baseURL, apiKey: 'sk-test', concurrency: { calls: 4 } }
      const pair = [await member(options), await member(options)] as const
      await Promise.all(pair.flatMap((client) => Array.from({ length: 12 }, () => client.responses.create(CREATE))))
      expect(flight.most).toBeLessThanOrEqual(4)
      listening += 2
      await allListen()
      const before = server.requests.length
      server.script([{ at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': String(HINT_MS) } }])
      const first = pair[0].responses.create(CREATE)
      await server.waitFor('request_end', before + 1)
      // Shorter than the time between two reports, which tell of it, too.
      await pause(300)
      const second = pair[1].responses.create(CREATE)
      await pause(200)
      expect(server.requests).toHaveLength(before + 1)
      await Promise.all([first, second])
    }

    // No two endpoints give one id.
    const endpoint = async (name: string): Promise<MockResponsesServer> =>
      stack.use(
        await MockResponsesServer.start({
          respond: ({ number }) => textStream({ id: `resp_${name}_${number}`, text: 'hello' }),
        }),
      )
    const endpoints = [await endpoint('one'), await endpoint('two')].map(({ baseURL }) => ({
      baseURL,
      headers: { authorization: 'Bearer k' },
    }))
    const [a, b] = [await member({ endpoints }), await member({ endpoints })]
    const ownersAre = (sum: number): Promise<void> =>
      cluster.total(['KEYS', 'rr:test:owner:*'], (answer) => (answer as unknown[]).length, sum)
    for (let n = 0; n < 6; n++) {
      const made = await a.responses.create(CREATE)
      // It is kept after the call.
      await ownersAre(2 * n + 1)
      await b.responses.create({ ...CREATE, previous_response_id: made.id })
      await ownersAre(2 * n + 2)
    }
    expect(events.filter(({ type }) => type === 'fleet_store')).toEqual([])
  })
})
