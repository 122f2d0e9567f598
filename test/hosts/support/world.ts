import { afterEach, beforeEach, describe, inject } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../../src/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { expectNothingLeft } from '../../e2e/support/nothing-left.ts'
import { answerEvents } from './failures.ts'
import type { Host, HostClient, HostSettings } from './host.ts'
import { loadHosts } from './hosts.ts'

/** How responses are streamed to a host. */
export type Way = 'http' | 'websocket'

export interface World {
  readonly server: MockResponsesServer
  readonly client: ResilientClient
  /** The host on our `fetch`. */
  readonly host: HostClient
}

export interface WorldOptions {
  readonly server?: MockServerOptions
  readonly client?: ResilientClientOptions
  readonly host?: Partial<HostSettings>
}

/**
 * For every host of this run, over HTTP and over WebSockets, a block of tests. Each test starts the world it needs, and behind each of them stands the check
 * that nothing is left of it: no socket on either side, no lease, and no planned fault that did not strike.
 */
export async function forEachHost(
  test: (host: Host, start: (options?: WorldOptions) => Promise<World>, way: Way) => void,
) {
  const hosts = await loadHosts(inject('full'))
  const blocks = hosts.flatMap((host) => [
    { title: host.name, host, way: 'http' as const },
    { title: `${host.name} over WebSockets`, host, way: 'websocket' as const },
  ])
  describe.each(blocks)('$title', ({ host, way }) => {
    let world: World | undefined
    beforeEach(() => {
      world = undefined
    })
    afterEach(async () => {
      if (world === undefined) return
      const { client, server } = world
      try {
        await expectNothingLeft(client, server)
        server.assertConsumed({ allowMore: true })
      } finally {
        await client.destroy()
        await server.close()
      }
    })
    const start = async (options: WorldOptions = {}): Promise<World> => {
      const server = await MockResponsesServer.start({ respond: answerEvents, ...options.server })
      const client = new ResilientClient({
        baseURL: server.baseURL,
        retry: { baseDelayMs: 1, maxDelayMs: 5 },
        webSocket: way === 'websocket',
        ...options.client,
      })
      const settings = { baseURL: server.baseURL, fetch: client.fetch, maxRetries: 0, ...options.host }
      world = { server, client, host: host.connect(settings) }
      return world
    }
    test(host, start, way)
  })
}
