import { expect } from 'vitest'
import {
  type AttemptStartEvent,
  ResilientClient,
  type ResilientClientOptions,
  type RetryDecisionEvent,
  type TelemetryEvent,
} from '../../../src/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { within } from '../../support/until.ts'

export interface SocketScene {
  readonly server: MockResponsesServer
  readonly client: ResilientClient
  readonly events: TelemetryEvent[]
  /** How each attempt was sent, in order. */
  sent(): Array<Pick<AttemptStartEvent, 'transport' | 'sent' | 'wholeBecause'>>
  /** Bytes of each attempt: of the whole request, and of what was sent. */
  bytes(): Array<readonly [whole: number | undefined, sent: number | undefined]>
  decisions(): Array<Pick<RetryDecisionEvent, 'code' | 'decision'>>
  /** Over which transport each request reached the server, and how it was answered. */
  seen(): string[]
}

export interface SceneOptions {
  readonly server?: MockServerOptions
  readonly client?: ResilientClientOptions
}

/** A client with sockets, a real server, and the check that nothing of either is left. */
export async function withSockets(options: SceneOptions, test: (scene: SocketScene) => Promise<void>): Promise<void> {
  await using server = await MockResponsesServer.start(options.server)
  const events: TelemetryEvent[] = []
  const client = new ResilientClient({
    baseURL: server.baseURL,
    apiKey: 'key',
    webSocket: true,
    maxRetries: 0,
    ...options.client,
    onEvent: (event) => events.push(event),
  })
  const of = <T extends TelemetryEvent['type']>(type: T) =>
    events.filter((event): event is Extract<TelemetryEvent, { type: T }> => event.type === type)
  await test({
    server,
    client,
    events,
    sent: () =>
      of('attempt_start').map(({ transport, sent, wholeBecause }) => ({
        transport,
        ...(sent !== undefined && { sent }),
        ...(wholeBecause !== undefined && { wholeBecause }),
      })),
    bytes: () => of('attempt_start').map(({ bytesWhole, bytesSent }) => [bytesWhole, bytesSent] as const),
    decisions: () => of('retry_decision').map(({ code, decision }) => ({ code, decision })),
    seen: () => server.requests.map(({ transport, status }) => `${transport} ${status}`),
  })
  await within(client.close(), 'the client to close')
  expect(client.stats()).toMatchObject({ activeCalls: 0, connections: 0, idleConnections: 0, leases: 0 })
  expect(server.stats.requests.pending).toBe(0)
  expect(of('attempt_start')).toHaveLength(of('attempt_end').length)
  expect(of('call_start')).toHaveLength(of('call_end').length)
  expect(of('client_created')).toHaveLength(of('client_destroyed').length)
}

export const WHOLE = { transport: 'websocket', sent: 'whole' } as const
export const INCREMENT = { transport: 'websocket', sent: 'incremental' } as const
export const HTTP = { transport: 'http', sent: 'whole' } as const
