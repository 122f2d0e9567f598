/**
 * The incident: a client factory wrote its transport into the caller's options object. Later "fresh" clients shared one
 * socket pool, and stale sockets piled up in CLOSE_WAIT until the agent was restarted.
 */
import { Agent, type Dispatcher, fetch as undiciFetch } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { type Fault, type MockRequest, MockResponsesServer } from '../../src/testing/server.ts'
import { inParallel, post, readAll } from '../e2e/support/calls.ts'
import { allConnectionsClosed, expectNothingLeft } from '../e2e/support/nothing-left.ts'
import { canReadProcNet, clientSockets, noClientSocketsLeft } from '../support/proc-net.ts'
import { beyondTheStandard } from '../support/typed.ts'
import { until } from '../support/until.ts'

interface NaiveOptions {
  dispatcher?: Dispatcher
  retries: number
}

/** What the agent had: a factory that completes the caller's options, in place. */
function createNaiveClient(options: NaiveOptions): { fetch: typeof fetch } {
  options.dispatcher ??= new Agent()
  const { dispatcher, retries } = options
  const attempt = beyondTheStandard<(input: unknown, init: object) => Promise<Response>>(undiciFetch)
  return {
    async fetch(input, init) {
      for (let attempts = 0; ; attempts++) {
        const response = await attempt(input, { ...init, dispatcher })
        // The answer that is thrown away is never read: its connection can neither be used again nor close.
        if (response.status < 500 || attempts === retries) return response
        failures.push(response)
      }
    },
  }
}

/** Kept for a report, as agents do. */
const failures: Response[] = []

/** An overload answer of a size that fills the buffers on the way. */
const SHED: Fault = {
  at: 'headers',
  effect: 'status',
  status: 503,
  body: 'overloaded '.repeat(25_000),
  when: ({ attempt }) => attempt === 1,
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const field of Object.values(value)) deepFreeze(field)
  return Object.freeze(value)
}

let server: MockResponsesServer

beforeEach(async () => {
  server = await MockResponsesServer.start()
})

afterEach(async () => {
  failures.length = 0
  await server.close()
})

describe('a factory that completes the options of its caller in place', { timeout: 120_000 }, () => {
  it('makes naive clients share one pool, so that closing one breaks the other', async () => {
    const options: NaiveOptions = { retries: 1 }
    const [first, second] = [createNaiveClient(options), createNaiveClient(options)]
    expect(options).toHaveProperty('dispatcher')
    await (await post(first.fetch, server)).text()
    await (await post(second.fetch, server)).text()
    await options.dispatcher?.destroy()
    for (const client of [first, second]) await expect(post(client.fetch, server)).rejects.toThrow('fetch failed')
    expect(server.requests).toHaveLength(2)
  })

  it.runIf(canReadProcNet)('piles up CLOSE_WAIT in a naive client, when the endpoint closes', async () => {
    server.addFaults(SHED)
    const options: NaiveOptions = { retries: 1 }
    await inParallel(300, 20, async (call) => {
      await (await post(createNaiveClient(options).fetch, server, { call: String(call) })).text()
    })
    server.dropConnections('close')
    await allConnectionsClosed(server)
    await until(() => (clientSockets(server.port).CLOSE_WAIT ?? 0) > 200, 'more than 200 in CLOSE_WAIT')
    await options.dispatcher?.destroy()
  })
})

describe('the options of a client', { timeout: 120_000 }, () => {
  const OPTIONS: ResilientClientOptions = {
    apiKey: 'key',
    headers: { 'x-team': 'blue' },
    maxRetries: 3,
    retry: { baseDelayMs: 1, maxDelayMs: 5, budget: { capacity: 1000 } },
    timeouts: { ttfbMs: 5000, idleMs: 'auto' },
    limits: { eventBytes: 1_000_000 },
    tls: { rejectUnauthorized: true },
    onEvent: () => {},
  }

  it('are never written to, however deep, by any number of clients, views and calls', async () => {
    server.addFaults({ ...SHED, when: (request: MockRequest) => request.number % 10 === 0 })
    const options = {
      ...structuredClone({ ...OPTIONS, onEvent: undefined }),
      onEvent: OPTIONS.onEvent,
      baseURL: server.baseURL,
    }
    const before = structuredClone({ ...options, onEvent: undefined })
    deepFreeze(options)
    const callOptions = deepFreeze({ timeouts: { staleMs: 20_000 } })
    const init = deepFreeze({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5.2', input: 'hi', stream: true }),
    })
    const clients = [new ResilientClient(options), new ResilientClient(options)]
    const views = [...clients, ...clients.map((client) => client.withOptions(callOptions))]
    await inParallel(1000, 20, async (call) => {
      const response = await (views[call % views.length] as ResilientClient).fetch(`${server.baseURL}/responses`, init)
      expect((await readAll(response)).error).toBeUndefined()
    })
    expect({ ...options, onEvent: undefined }).toEqual(before)
    expect(Reflect.ownKeys(options).sort()).toEqual(Reflect.ownKeys({ ...OPTIONS, baseURL: '' }).sort())
    expect(init).toEqual({ ...init, headers: { 'content-type': 'application/json' } })
    for (const client of clients) await client.close()
    await allConnectionsClosed(server)
    await noClientSocketsLeft(server.port)
  })

  it('are not shared: each client has separate connections, and closing one does not affect the other', async () => {
    const options = deepFreeze({ ...OPTIONS })
    const [first, second] = [new ResilientClient(options), new ResilientClient(options)]
    await (await post(first.fetch, server)).text()
    await (await post(second.fetch, server)).text()
    expect(server.requests.map(({ connectionNumber }) => connectionNumber)).toEqual([1, 2])
    await first.destroy()
    expect((await readAll(await post(second.fetch, server))).error).toBeUndefined()
    await expectNothingLeft(second, server)
  })

  it('are copied: what the caller does to the objects later changes nothing, not even between two attempts', async () => {
    server.script([{ at: 'headers', effect: 'stall', label: 'first' }, 'ok'])
    const headers: Record<string, string> = { 'x-team': 'blue' }
    const retry = { baseDelayMs: 1, maxDelayMs: 1 }
    const client = new ResilientClient({ baseURL: server.baseURL, headers, retry })
    const init = {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test', 'x-call': 'one' },
      body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
    }
    const call = client.fetch(`${server.baseURL}/responses`, init)
    await server.waitFor('fault')
    headers['x-team'] = 'red'
    init.headers['x-call'] = 'two'
    init.body = '{}'
    retry.maxDelayMs = 100_000
    server.dropConnections('reset')
    await (await call).text()
    for (const request of server.requests) {
      expect(request.headers).toMatchObject({ 'x-team': 'blue', 'x-call': 'one' })
      expect(request.json).toEqual({ model: 'm', input: 'hi', stream: true })
    }
    expect(server.requests).toHaveLength(2)
    await expectNothingLeft(client, server)
  })

  it("leave a caller's own dispatcher to its owner: used for the call, alive after destroy()", async () => {
    const dispatcher = new Agent()
    const client = new ResilientClient()
    const init: object = { dispatcher }
    server.script([{ at: 'headers', effect: 'stall' }])
    const call = post(client.fetch, server, init).catch((error: unknown) => error)
    await server.waitFor('fault')
    await client.destroy()
    expect(await call).toMatchObject({ code: 'client_closed' })
    expect({ closed: dispatcher.closed, destroyed: dispatcher.destroyed }).toEqual({ closed: false, destroyed: false })
    const next = new ResilientClient()
    expect((await readAll(await post(next.fetch, server, init))).error).toBeUndefined()
    expect(next.stats().connections).toBe(0)
    await dispatcher.destroy()
    await expectNothingLeft(next, server)
  })
})

describe('300 calls against an endpoint that half-closes', { timeout: 120_000 }, () => {
  const CALLS = 300

  it('after each answer leave no CLOSE_WAIT: a FIN ends the idle connection, without anybody asking', async () => {
    server.addFaults({ at: 'after_response', effect: 'half_close' })
    const client = new ResilientClient()
    const answers = await inParallel(CALLS, 10, async () => readAll(await post(client.fetch, server)))
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
    await allConnectionsClosed(server)
    await noClientSocketsLeft(server.port)
    await until(() => client.stats().connections === 0, 'the client has seen that they are gone')
    await expectNothingLeft(client, server)
  })

  it('that was overloaded before leave none either: what a retry throws away is not left unread', async () => {
    server.addFaults(SHED)
    const client = new ResilientClient({ retry: { baseDelayMs: 1, maxDelayMs: 5, budget: false } })
    const answers = await inParallel(CALLS, 10, async (call) =>
      readAll(await post(client.fetch, server, { call: String(call) })),
    )
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([])
    server.dropConnections('close')
    await allConnectionsClosed(server)
    await noClientSocketsLeft(server.port)
    await expectNothingLeft(client, server)
  })

  it.runIf(canReadProcNet)('in the prelude, or in the middle of the output, leave none', async () => {
    server.addFaults(
      { at: 'before_event', event: 2, effect: 'half_close', probability: 0.2 },
      { at: 'inside_event', event: 6, effect: 'half_close', probability: 0.2 },
    )
    const client = new ResilientClient({ retry: { budget: false } })
    const answers = await inParallel(CALLS, 10, async (call) =>
      readAll(await post(client.fetch, server, { call: String(call) })),
    )
    expect(answers.filter(({ error }) => error !== undefined).length).toBeGreaterThan(20)
    // Those whose answer was complete stay open, idle.
    await until(() => clientSockets(server.port).CLOSE_WAIT === undefined, 'no CLOSE_WAIT')
    await expectNothingLeft(client, server)
  })
})
