/**
 * The incident: an auxiliary call (context compression, 20 s) timed out and closed the client it had borrowed from a cache.
 * The cache kept handing out the closed client, and every later call failed at once with "Connection error", while the
 * main route was healthy.
 */

import { Pool, fetch as undiciFetch } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClientCache, findResilientError, ResilientClient, type TelemetryEvent } from '../../src/index.ts'
import { textStream, toSSE, VirtualClock } from '../../src/testing/index.ts'
import { MockResponsesServer } from '../../src/testing/server.ts'
import { outcomeOf, post, readAll } from '../e2e/support/calls.ts'
import { expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { beyondTheStandard } from '../support/typed.ts'

const AUXILIARY_MS = 20_000
const ANSWER = textStream({ text: 'one two three four' })

/** Fetches over a client of one's own. */
const fetchOver = (pool: Pool) =>
  beyondTheStandard<typeof fetch>((input: string, init: object) => undiciFetch(input, { ...init, dispatcher: pool }))

/** What the agent had: a client per endpoint, built once and handed out for ever. */
class NaiveCache {
  readonly #clients = new Map<string, Pool>()

  get(origin: string): Pool {
    const client = this.#clients.get(origin) ?? new Pool(origin)
    this.#clients.set(origin, client)
    return client
  }
}

let server: MockResponsesServer
let clock: VirtualClock

beforeEach(async () => {
  clock = new VirtualClock()
  server = await MockResponsesServer.start({ respond: () => ANSWER })
  server.script([{ at: 'before_event', event: 6, effect: 'stall', label: 'main' }], { call: 'main' })
})

afterEach(async () => {
  server.assertConsumed({ allowMore: true })
  clock.assertNothingPending()
  await server.close()
})

/** Reads until some output is there; gives the text so far and the reader. */
async function firstOutput(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (!text.includes('output_text.delta')) text += decoder.decode((await reader.read()).value)
  return {
    async rest(): Promise<string> {
      for (let next = await reader.read(); !next.done; next = await reader.read()) text += decoder.decode(next.value)
      return text
    },
  }
}

describe('an auxiliary call that times out beside a stream of the main route', () => {
  it('leaves a naive cache with a closed client, which fails every later call without even connecting', async () => {
    server.script([{ at: 'headers', effect: 'stall' }], { call: 'auxiliary' })
    const cache = new NaiveCache()
    const main = new Pool(server.url)
    const streaming = await firstOutput(await post(fetchOver(main), server, { call: 'main' }))

    const borrowed = cache.get(server.url)
    clock.setTimer(() => void borrowed.destroy(new Error('compression timed out')), AUXILIARY_MS)
    const auxiliary = outcomeOf(post(fetchOver(borrowed), server, { call: 'auxiliary' }))
    await server.waitFor('fault', ({ request }) => request?.call === 'auxiliary')
    await clock.advance(AUXILIARY_MS)
    expect((await auxiliary).error).toBeInstanceOf(TypeError)

    const { connections, requests } = server.stats
    for (let retry = 0; retry < 5; retry++) {
      const { error } = await outcomeOf(post(fetchOver(cache.get(server.url)), server))
      expect((error as Error).cause).toMatchObject({ code: 'UND_ERR_DESTROYED' })
    }
    expect(server.stats.connections.total).toBe(connections.total)
    expect(server.stats.requests.total).toBe(requests.total)

    server.release('main')
    expect(await streaming.rest()).toBe(toSSE(ANSWER))
    await main.destroy()
  })

  it('is retried with a fresh client; later calls use that one, and the stream continues', async () => {
    // It says that it has begun, and then nothing more: no cutoff for the first event can help here.
    server.script([{ at: 'before_event', event: 1, effect: 'stall' }, 'ok'], { call: 'auxiliary' })
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({ clock, random: () => 0, onEvent: (event) => events.push(event) })
    const compression = client.withOptions({ timeouts: { staleMs: AUXILIARY_MS, idleMs: 0 } })
    const streaming = await firstOutput(await post(client.fetch, server, { call: 'main' }))

    const auxiliary = post(compression.fetch, server, { call: 'auxiliary' })
    await server.waitFor('fault', ({ request }) => request?.call === 'auxiliary')
    await clock.advance(AUXILIARY_MS)
    expect(await readAll(await auxiliary)).toEqual({ text: toSSE(ANSWER), error: undefined })
    for (const call of ['later', 'later still']) {
      expect((await readAll(await post(client.fetch, server, { call }))).text).toBe(toSSE(ANSWER))
    }

    const [main, dead, retried, ...later] = server.requests
    expect(new Set([main, dead, retried].map((request) => request?.connectionNumber)).size).toBe(3)
    const old = [main?.connectionNumber, dead?.connectionNumber]
    for (const request of later) expect(old).not.toContain(request.connectionNumber)
    expect(events.flatMap((event) => (event.type === 'attempt_connected' ? [event.generation] : []))).toEqual([
      1, 1, 2, 2, 2,
    ])
    // Poisoned before the retry was decided, and destroyed only when the stream that still used it was done.
    const lifecycle = () =>
      events.flatMap((event) => (event.type.startsWith('client_') || event.type === 'retry_decision' ? [event] : []))
    expect(lifecycle()).toMatchObject([
      { type: 'client_created', generation: 1 },
      { type: 'client_poisoned', generation: 1, reason: 'stale_timeout' },
      { type: 'client_evicted', generation: 1 },
      { type: 'retry_decision', code: 'stale_timeout', decision: { retry: true } },
      { type: 'client_created', generation: 2 },
    ])
    server.release('main')
    expect(await streaming.rest()).toBe(toSSE(ANSWER))
    await server.waitFor('connection_closed', ({ number }) => number === main?.connectionNumber)
    expect(lifecycle().at(-1)).toMatchObject({ type: 'client_destroyed', generation: 1 })
    await expectNothingLeft(client, server)
  })

  it('fails with its own deadline when it may not be retried, and affects no later call', async () => {
    server.script([{ at: 'headers', effect: 'stall' }], { call: 'auxiliary' })
    const client = new ResilientClient({ clock })
    const compression = client.withOptions({ maxRetries: 0, timeouts: { staleMs: AUXILIARY_MS } })
    const streaming = await firstOutput(await post(client.fetch, server, { call: 'main' }))
    const auxiliary = outcomeOf(post(compression.fetch, server, { call: 'auxiliary' }))
    await server.waitFor('fault', ({ request }) => request?.call === 'auxiliary')
    await clock.advance(AUXILIARY_MS)
    // The inherited cutoff for the first event gave way to the shorter deadline, and says so.
    expect(findResilientError((await auxiliary).error)).toMatchObject({
      code: 'ttfb_timeout',
      deadline: { ms: 18_000, source: 'auto: base, kept below staleMs' },
    })
    for (const view of [client, compression]) {
      expect((await readAll(await post(view.fetch, server))).text).toBe(toSSE(ANSWER))
    }
    for (const later of server.requests.slice(2)) expect(later.connectionNumber).toBeGreaterThan(2)
    server.release('main')
    expect(await streaming.rest()).toBe(toSSE(ANSWER))
    await expectNothingLeft(client, server)
  })

  it('is another matter than an endpoint that says no: that poisons nothing', async () => {
    server.script([{ at: 'headers', effect: 'status', status: 503, headers: { 'retry-after-ms': '0' } }], {
      call: 'refused',
    })
    const events: TelemetryEvent[] = []
    const client = new ResilientClient({ onEvent: (event) => events.push(event) })
    const streaming = await firstOutput(await post(client.fetch, server, { call: 'main' }))
    expect((await readAll(await post(client.fetch, server, { call: 'refused' }))).text).toBe(toSSE(ANSWER))
    server.release('main')
    expect(await streaming.rest()).toBe(toSSE(ANSWER))
    expect(events.flatMap(({ type }) => (type.startsWith('client_') ? [type] : []))).toEqual(['client_created'])
    await expectNothingLeft(client, server)
  })

  it('costs one client in a ClientCache of the agent itself, and none of those in use', async () => {
    server.script([{ at: 'headers', effect: 'stall' }], { call: 'auxiliary' })
    const cache = new ClientCache<Pool>({
      create: (origin) => new Pool(origin),
      isUsable: (pool) => !pool.closed && !pool.destroyed,
      destroy: (pool) => pool.destroy(),
      clock,
    })
    const main = await cache.acquire(server.url)
    const streaming = await firstOutput(await post(fetchOver(main.client), server, { call: 'main' }))

    const borrowed = await cache.acquire(server.url)
    const giveUp = new AbortController()
    clock.setTimer(() => giveUp.abort(), AUXILIARY_MS)
    const auxiliary = outcomeOf(post(fetchOver(borrowed.client), server, { call: 'auxiliary', signal: giveUp.signal }))
    await server.waitFor('fault', ({ request }) => request?.call === 'auxiliary')
    await clock.advance(AUXILIARY_MS)
    expect((await auxiliary).error).toBeDefined()
    borrowed.poison('compression timed out')
    borrowed.release()

    const later = await cache.acquire(server.url)
    expect([main.generation, later.generation]).toEqual([1, 2])
    expect((await readAll(await post(fetchOver(later.client), server))).text).toBe(toSSE(ANSWER))
    server.release('main')
    expect(await streaming.rest()).toBe(toSSE(ANSWER))

    // Somebody closes what was only lent: the next hit notices.
    await later.client.destroy()
    later.release()
    const afterwards = await cache.acquire(server.url)
    expect((await readAll(await post(fetchOver(afterwards.client), server))).text).toBe(toSSE(ANSWER))
    main.release()
    afterwards.release()
    await cache.close()
    expect(cache.stats()).toMatchObject({ entries: 0, retired: 0, leases: 0, created: 3, destroyed: 3 })
  })
})
