import { getEventListeners } from 'node:events'
import { expect } from 'vitest'
import type { ResilientClient } from '../../../src/index.ts'
import type { MockResponsesServer } from '../../../src/testing/server.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'

/** Every connection the server ever accepted is gone, whoever closed it. */
export async function allConnectionsClosed(server: MockResponsesServer): Promise<void> {
  if (server.connections.length > 0) await server.waitFor('connection_closed', server.connections.length)
}

/** Closes the client, and checks that neither it nor the kernel has anything left of what it did. */
export async function expectNothingLeft(
  client: ResilientClient,
  server: MockResponsesServer,
  signals: readonly AbortSignal[] = [],
): Promise<void> {
  await client.close()
  await allConnectionsClosed(server)
  expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, idleConnections: 0, leases: 0, clients: 0 })
  await noClientSocketsLeft(server.port)
  for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([])
}
