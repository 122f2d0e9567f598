import { Cluster, Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { redisFleet } from '../../src/fleet/index.ts'
import { ResilientClient, type ResilientClientOptions, type TelemetryEvent } from '../../src/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { pause, until } from '../support/until.ts'
import { slowServer } from './support/flight.ts'
import { CREATE } from './support/member.ts'
import { freePort, hasRedis, RedisServer } from './support/redis-server.ts'

const SLOTS = 16_384

/** A cluster of three nodes, each with a third of the slots. */
async function startCluster(stack: AsyncDisposableStack): Promise<readonly number[]> {
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
  return nodes.map(({ port }) => port)
}

it.skipIf(!hasRedis)(
  'a fleet on a cluster of three nodes shares all it shares (skipped without redis-server)',
  { timeout: 60_000 },
  async () => {
    await using stack = new AsyncDisposableStack()
    const ports = await startCluster(stack)
    const events: TelemetryEvent[] = []
    const member = (options: ResilientClientOptions): ResilientClient => {
      const cluster = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })))
      stack.defer(() => cluster.disconnect())
      const onEvent = (event: TelemetryEvent): void => void events.push(event)
      const client = new ResilientClient({
        hedge: false,
        onEvent,
        ...options,
        fleet: redisFleet(cluster, { name: 'test' }),
      })
      stack.defer(() => client.destroy())
      return client
    }

    // Several origins, so that their keys are on several nodes.
    for (let n = 0; n < 4; n++) {
      const { server, flight } = await slowServer(40)
      stack.use(server)
      const options = { baseURL: server.baseURL, apiKey: 'sk-test', concurrency: { calls: 4 } }
      const pair = [member(options), member(options)] as const
      await Promise.all(pair.flatMap((client) => Array.from({ length: 12 }, () => client.responses.create(CREATE))))
      expect(flight.most).toBeLessThanOrEqual(4)
      await pause(100)
      const before = server.requests.length
      server.script([{ at: 'headers', effect: 'status', status: 429, headers: { 'retry-after-ms': '600' } }])
      const first = pair[0].responses.create(CREATE)
      await server.waitFor('request_end', before + 1)
      await pause(100)
      const second = pair[1].responses.create(CREATE)
      await pause(200)
      expect(server.requests).toHaveLength(before + 1)
      await Promise.all([first, second])
    }

    const servers = [stack.use(await MockResponsesServer.start()), stack.use(await MockResponsesServer.start())]
    const endpoints = servers.map(({ baseURL }) => ({ baseURL, headers: { authorization: 'Bearer k' } }))
    const [a, b] = [member({ endpoints }), member({ endpoints })]
    for (let n = 0; n < 6; n++) {
      const made = await a.responses.create(CREATE)
      await b.responses.create({ ...CREATE, previous_response_id: made.id })
    }
    expect(events.filter(({ type }) => type === 'fleet_store')).toEqual([])
  },
)
