import { Agent, Client, type Dispatcher, interceptors, MockAgent, Pool, RetryAgent } from 'undici'
import { describe, expect, it } from 'vitest'
import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { CHUNKED_HEAD, chunk, LAST_CHUNK, startEndpoint } from '../../support/endpoint.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, posting, send } from '../../support/recorder.ts'
import { pause, turns, until, within } from '../../support/until.ts'

const KINDS: Array<[string, (origin: string) => Dispatcher]> = [
  ['an Agent', () => new Agent()],
  ['a Pool', (origin) => new Pool(origin)],
  ['a Client', (origin) => new Client(origin)],
  ['a composed Agent', () => new Agent().compose(interceptors.dns(), interceptors.redirect({ maxRedirections: 0 }))],
  ['a RetryAgent', () => new RetryAgent(new Agent())],
]

describe.each(KINDS)('the caller’s own dispatcher, %s', (_kind, makeDispatcher) => {
  it('carries the exchange; steps that it does not see are not reported', async () => {
    const { server, requests } = await startEndpoint()
    await using _server = server
    const dispatcher = makeDispatcher(server.url)
    const transport = undiciTransport()
    const recorder = await fetched(transport, `${server.url}/answer`, {
      ...posting('hi'),
      headers: [['x-mine', 'yes']],
      dispatcher,
    })
    expect(recorder.text).toBe('onetwothree')
    expect(recorder.header('x-test')).toBe('Yes')
    // That there is a connection is known, and nothing else of it.
    expect(recorder.info).toEqual({ generation: 0, reused: false, connectionId: undefined })
    expect(recorder.steps.filter((step) => step !== 'sending')).toEqual(['connected', 'sent', 'head', 'data', 'end'])
    expect(requests[0]?.body.toString()).toBe('hi')
    expect(requests[0]?.header('x-mine')).toBe('yes')
    expect(transport.stats()).toEqual({ connections: 0, idleConnections: 0, leases: 0, clients: 0 })
    await dispatcher.destroy()
  })

  it('is never closed or destroyed, by an exchange or by the transport', async () => {
    const { server } = await startEndpoint()
    await using _server = server
    const dispatcher = makeDispatcher(server.url)
    const transport = undiciTransport()
    const part = { dispatcher }
    const destroyed = send(transport, `${server.url}/part`, part)
    await destroyed.recorder.until('data')
    destroyed.exchange.poison('a test')
    destroyed.destroy()
    const drained = send(transport, `${server.url}/late`, part)
    await drained.recorder.until('data')
    drained.drain()
    await within(transport.close(), 'close()')
    const another = undiciTransport()
    const underWay = send(another, `${server.url}/part`, part)
    await underWay.recorder.until('data')
    await within(another.destroy(), 'destroy()')
    expect(underWay.recorder.reports.at(-1)).toBe('error')
    for (const { recorder } of [destroyed, drained, underWay]) recorder.assertOrderly()
    expect((await fetched(undiciTransport(), `${server.url}/answer`, part)).text).toBe('onetwothree')
    await dispatcher.destroy()
  })

  it('reports its failures unchanged', async () => {
    const { server } = await startEndpoint()
    await using _server = server
    const dispatcher = makeDispatcher(server.url)
    const { recorder } = send(undiciTransport(), `${server.url}/cut`, { dispatcher })
    await recorder.settled()
    recorder.assertOrderly()
    expect(recorder.text).toBe('one')
    expect(recorder.failure).toBeInstanceOf(Error)
    await dispatcher.destroy()
  })
})

describe('a dispatcher of the caller’s', () => {
  it('loses only the exchange that is destroyed', async () => {
    await using server = await RawServer.start()
    const dispatcher = new Agent()
    const transport = undiciTransport()
    const both = [send(transport, server.url, { dispatcher }), send(transport, server.url, { dispatcher })]
    const connections = [await server.connection(1), await server.connection(2)]
    for (const connection of connections) {
      await connection.request()
      connection.write(CHUNKED_HEAD + chunk('one'))
    }
    for (const { recorder } of both) await recorder.until('data')
    both[0]?.destroy()
    await until(() => server.open.length === 1, 'its connection is closed')
    server.open[0]?.write(chunk('two') + LAST_CHUNK)
    await both[1]?.recorder.ended()
    expect(both[1]?.recorder.text).toBe('onetwo')
    await dispatcher.destroy()
  })

  it('does not send what was destroyed while it waited in its queue', async () => {
    const paths: string[] = []
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await using server = await RawServer.answering(async ({ path }, connection) => {
      paths.push(path)
      if (path === '/1') await released
      connection.answer()
    })
    const dispatcher = new Pool(server.url, { connections: 1 })
    const transport = undiciTransport()
    const [first, second, third] = [1, 2, 3].map((n) => send(transport, `${server.url}/${n}`, { dispatcher }))
    await until(() => paths.length === 1, 'the first request is there')
    second?.destroy()
    release()
    await first?.recorder.ended()
    await third?.recorder.ended()
    expect(paths).toEqual(['/1', '/3'])
    await dispatcher.destroy()
  })

  it('is paused while an exchange is paused', async () => {
    const { server } = await startEndpoint()
    await using _server = server
    const dispatcher = new Agent()
    const sent = send(undiciTransport(), `${server.url}/endless`, { dispatcher })
    await sent.recorder.until(() => sent.recorder.count('data') > 2, 'some data')
    sent.exchange.pause()
    await turns(5)
    const before = sent.recorder.count('data')
    await turns(50)
    expect(sent.recorder.count('data')).toBeLessThanOrEqual(before + 1)
    sent.exchange.resume()
    await sent.recorder.until(() => sent.recorder.count('data') > before + 2, 'more data')
    sent.destroy()
    await dispatcher.destroy()
  })

  it('runs our exchanges without its timeouts for headers and bodies: our deadlines apply', async () => {
    const { server } = await startEndpoint()
    await using _server = server
    const dispatcher = new Agent({ headersTimeout: 10, bodyTimeout: 10 })
    const silent = send(undiciTransport(), `${server.url}/silent`, { dispatcher })
    const part = send(undiciTransport(), `${server.url}/part`, { dispatcher })
    // undici's timers tick by half seconds.
    await pause(1600)
    expect(silent.recorder.over).toBe(false)
    expect(part.recorder.over).toBe(false)
    silent.destroy()
    part.destroy()
    await dispatcher.destroy()
  })

  it.each(['close', 'destroy'] as const)('that its owner has ended (%s) fails the exchange', async (how) => {
    const dispatcher = new Agent()
    await dispatcher[how]()
    const { recorder } = send(undiciTransport(), 'http://127.0.0.1:9', { dispatcher })
    await recorder.settled()
    recorder.assertOrderly()
    expect(recorder.reports).toEqual(['error'])
    expect(recorder.failure?.code).toMatch(/^UND_ERR_(CLOSED|DESTROYED)$/)
  })

  it('that cannot connect fails an exchange before it is `connected`: nothing was sent', async () => {
    const gone = await RawServer.start()
    await gone.close()
    const dispatcher = new Agent()
    const { recorder } = send(undiciTransport(), gone.url, { ...posting('x'), dispatcher })
    await recorder.settled()
    expect(recorder.reports).toEqual(['error'])
    expect(recorder.failure?.code).toBe('ECONNREFUSED')
    await dispatcher.destroy()
  })

  it('that is not a dispatcher fails the exchange, not send()', async () => {
    const { recorder } = send(undiciTransport(), 'http://127.0.0.1:9', { dispatcher: {} })
    await recorder.settled()
    expect(recorder.reports).toEqual(['error'])
    expect(recorder.failure).toBeInstanceOf(TypeError)
  })
})

describe('undici’s MockAgent', () => {
  it('answers our exchanges, as in tests of users', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    const events = 'data: {"type":"response.created"}\n\ndata: [DONE]\n\n'
    agent
      .get('https://api.test')
      .intercept({ path: '/v1/responses?a=1', method: 'POST', headers: { 'x-mine': 'yes' } })
      .reply(200, events, { headers: { 'content-type': 'text/event-stream' } })
    const part = { ...posting('{}'), headers: [['x-mine', 'yes']] as const, dispatcher: agent }
    const recorder = await fetched(undiciTransport(), 'https://api.test/v1/responses?a=1', part)
    expect(recorder.text).toBe(events)
    expect(recorder.header('content-type')).toBe('text/event-stream')
    agent.assertNoPendingInterceptors()
    await agent.close()
  })

  it('can fail them, and refuses unplanned ones', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    agent
      .get('https://api.test')
      .intercept({ path: '/' })
      .replyWithError(Object.assign(new Error('no'), { code: 'ECONNRESET' }))
    const failing = send(undiciTransport(), 'https://api.test/', { dispatcher: agent })
    await failing.recorder.settled()
    expect(failing.recorder.failure?.code).toBe('ECONNRESET')
    const unplanned = send(undiciTransport(), 'https://other.test/', { dispatcher: agent })
    await unplanned.recorder.settled()
    expect(unplanned.recorder.failure?.code).toBe('UND_MOCK_ERR_MOCK_NOT_MATCHED')
    await agent.close()
  })
})
