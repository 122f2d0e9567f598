import { describe, expect, it } from 'vitest'
import type { Sidecar, SidecarOptions } from '../../src/sidecar/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { refusedUpgrade, TestSocket, user } from './support/client-socket.ts'
import { ask, JSON_HEADERS } from './support/requests.ts'
import { withSidecar } from './support/scene.ts'

interface TwoUpstreams {
  readonly sidecar: Sidecar
  readonly both: readonly [MockResponsesServer, MockResponsesServer]
}

async function withTwo(options: SidecarOptions, test: (scene: TwoUpstreams) => Promise<void>): Promise<void> {
  await using second = await MockResponsesServer.start()
  await using first = await MockResponsesServer.start()
  const endpoints = [
    { baseURL: first.baseURL, headers: { authorization: 'Bearer key-of-the-first' } },
    { baseURL: second.baseURL, headers: { authorization: 'Bearer key-of-the-second' } },
  ]
  await withSidecar({ ...options, upstream: undefined, endpoints }, ({ sidecar }) =>
    test({ sidecar, both: [first, second] }),
  )
}

const call = async (sidecar: Sidecar, body: object, headers: Record<string, string> = {}): Promise<string> => {
  const answer = await ask(sidecar, {
    method: 'POST',
    path: '/v1/responses',
    headers: { ...JSON_HEADERS, ...headers },
    body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', ...body }),
  })
  expect(answer.status).toBe(200)
  return (JSON.parse(answer.text) as { id: string }).id
}

/** For each key of a request: the servers that saw it. */
function seenBy({ both }: TwoUpstreams, keyOf: (request: MockResponsesServer['requests'][number]) => unknown) {
  const seen = new Map<unknown, Set<number>>()
  for (const [index, server] of both.entries()) {
    for (const request of server.requests) {
      const value = keyOf(request)
      seen.set(value, (seen.get(value) ?? new Set()).add(index))
    }
  }
  return seen
}

/** Where each goes depends on the ports of the servers: that all go to one is one chance in eight million. */
const SESSIONS = 24

describe('a sidecar with several upstreams', () => {
  it('sends each its own key, and none of a client to another origin than the first', () =>
    withTwo({}, async (scene) => {
      for (let n = 0; n < 30; n++) await call(scene.sidecar, {})
      const [first, second] = scene.both
      expect(first.requests.length).toBeGreaterThan(0)
      expect(second.requests.length).toBeGreaterThan(0)
      expect(new Set(first.requests.map(({ headers }) => headers.authorization))).toEqual(
        new Set(['Bearer key-of-the-first']),
      )
      expect(new Set(second.requests.map(({ headers }) => headers.authorization))).toEqual(
        new Set(['Bearer key-of-the-second']),
      )
    }))

  it('sends the calls of a session to one of them', () =>
    withTwo({}, async (scene) => {
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < SESSIONS; n++)
          await call(scene.sidecar, { metadata: { n: `${n}` } }, { 'session-id': `session-${n}` })
      }
      const seen = seenBy(scene, ({ json }) => (json as { metadata: { n: string } }).metadata.n)
      expect(seen.size).toBe(SESSIONS)
      for (const servers of seen.values()) expect(servers.size).toBe(1)
      expect(new Set([...seen.values()].flatMap((servers) => [...servers])).size).toBe(2)
    }))

  it('sends the calls with one prompt_cache_key to one of them, where no session is named', () =>
    withTwo({}, async (scene) => {
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < SESSIONS; n++) await call(scene.sidecar, { prompt_cache_key: `key-${n}` })
      }
      const seen = seenBy(scene, ({ json }) => (json as { prompt_cache_key: string }).prompt_cache_key)
      for (const servers of seen.values()) expect(servers.size).toBe(1)
      expect(new Set([...seen.values()].flatMap((servers) => [...servers])).size).toBe(2)
    }))

  it('sends a continuation where its response was made', () =>
    withTwo({}, async (scene) => {
      for (let n = 0; n < 12; n++) {
        const id = await call(scene.sidecar, { store: true, metadata: { n: `${n}` } })
        await call(scene.sidecar, { previous_response_id: id, metadata: { n: `${n}` } })
      }
      const seen = seenBy(scene, ({ json }) => (json as { metadata: { n: string } }).metadata.n)
      for (const servers of seen.values()) expect(servers.size).toBe(1)
    }))

  it('sends a session elsewhere while its own does not answer', () =>
    withTwo({}, async ({ sidecar, both: [first, second] }) => {
      first.refuseConnections()
      for (let n = 0; n < 6; n++) await call(sidecar, {}, { 'session-id': `session-${n}` })
      expect(second.requests).toHaveLength(6)
      await first.acceptConnections()
    }))

  it('keeps a WebSocket of a client at one of them', () =>
    withTwo({ webSocket: true }, async (scene) => {
      for (let n = 0; n < 6; n++) {
        const client = await TestSocket.open(scene.sidecar, { headers: { 'session-id': `session-${n}` } })
        let id = await client.turn({ metadata: { n: `${n}` } })
        id = await client.turn({ previous_response_id: id, metadata: { n: `${n}` }, input: [user('on')] })
        await client.turn({ metadata: { n: `${n}` } })
        await client.close()
      }
      const seen = seenBy(scene, ({ json }) => (json as { metadata: { n: string } }).metadata.n)
      for (const servers of seen.values()) expect(servers.size).toBe(1)
      expect(scene.both.flatMap(({ sockets }) => sockets)).toHaveLength(6)
    }))

  // A continuation by id over HTTP finds no response, so each turn would be sent twice.
  it.each([
    ['the first', 426, 0],
    ['the second', 426, 1],
    ['the first', 403, 0],
    ['the second', 403, 1],
  ] as const)('refuses a WebSocket with 426 after %s of them refused its upgrade with %i', (_, status, index) =>
    withTwo({ webSocket: true }, async ({ sidecar, both }) => {
      const refusing = both[index] as MockResponsesServer
      let isAsked = false
      const when = (): boolean => {
        isAsked = true
        return true
      }
      refusing.addFaults({ at: 'upgrade', effect: 'status', status, when })
      // One session after the other, until one is at that endpoint.
      let headers = {}
      for (let n = 0; n < 60 && !isAsked; n++) {
        headers = { 'session-id': `session-${n}` }
        const client = await TestSocket.open(sidecar, { headers })
        client.create()
        await client.next('response.completed', 'error')
        await client.close()
      }
      expect(isAsked).toBe(true)
      expect(await refusedUpgrade(sidecar, headers)).toMatchObject({ status: 426 })
    }),
  )
})
