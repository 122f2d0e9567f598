import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTurn } from '../../src/core/turn.ts'
import type { FakePlan } from '../../src/testing/fake-transport.ts'

const READING = '../../src/responses/read-json.ts'
const PERFORM_FETCH = '../../src/client/fetch-call.ts'
const URL_OF_CALL = 'https://api.test/v1/responses'
const INIT = { method: 'POST', body: JSON.stringify({ model: 'm', input: 'hi', stream: true }) }

/** The library as the first call of a process finds it: the kit without its index, which would load ahead. */
async function freshly() {
  vi.resetModules()
  const { ResilientClient } = await import('../../src/index.ts')
  const { FakeTransport } = await import('../../src/testing/fake-transport.ts')
  const { fake } = await import('../../src/testing/fake-transport/builders.ts')
  const { textStream } = await import('../../src/testing/streams.ts')
  const { lazyReading } = await import('../../src/responses/lazy-reading.ts')
  const { lazyPerformFetch } = await import('../../src/client/lazy-perform-fetch.ts')
  const start = (plan: FakePlan, options: object = {}) => {
    const transport = new FakeTransport(plan)
    const client = new ResilientClient({ transport, baseURL: 'https://api.test/v1', ...options })
    const expectNothingLeft = async (): Promise<void> => {
      await client.close()
      expect(client.stats()).toMatchObject({ activeCalls: 0, leases: 0 })
      expect(transport.stats().openExchanges).toBe(0)
    }
    return { transport, client, expectNothingLeft }
  }
  const loaded = () => ({
    reading: lazyReading.loaded !== undefined,
    performFetch: lazyPerformFetch.loaded !== undefined,
  })
  return { start, loaded, fake, textStream }
}

const params = () => ({ model: 'm', input: 'hi' })

afterEach(() => {
  vi.doUnmock(READING)
  vi.doUnmock(PERFORM_FETCH)
  vi.resetModules()
})

describe('what a call runs on', () => {
  it('is loaded by no import and no client, and by a typed call without what only client.fetch needs', async () => {
    const { start, loaded, fake, textStream } = await freshly()
    const { client, expectNothingLeft } = start([fake.respond(textStream({ text: 'hi' }))])
    expect(loaded()).toEqual({ reading: false, performFetch: false })
    expect(await client.responses.stream(params()).outputText()).toBe('hi')
    expect(loaded()).toEqual({ reading: true, performFetch: false })
    await expectNothingLeft()
  })

  it('is loaded by client.fetch without what only the typed API needs', async () => {
    const { start, loaded, fake, textStream } = await freshly()
    const { client, expectNothingLeft } = start([fake.respond(textStream({ text: 'hi' }))])
    expect(await (await client.fetch(URL_OF_CALL, INIT)).text()).toContain('response.completed')
    expect(loaded()).toEqual({ reading: false, performFetch: true })
    await expectNothingLeft()
  })

  it.each(['create', 'retrieve', 'cancel', 'resume'] as const)('is loaded by a first call of %s', async (method) => {
    const { start, fake, textStream } = await freshly()
    const events = textStream({ id: 'resp_1', text: 'hi' })
    const response = events.at(-1)?.response as object
    const isJson = method === 'retrieve' || method === 'cancel'
    const { client, transport, expectNothingLeft } = start([
      isJson ? fake.status(200, { body: response }) : fake.respond(events),
    ])
    const { responses } = client
    const result =
      method === 'create'
        ? await responses.create(params())
        : method === 'resume'
          ? await responses.resume('resp_1').finalResponse()
          : await responses[method]('resp_1')
    expect(result).toMatchObject({ id: 'resp_1', status: 'completed' })
    expect(transport.requests).toHaveLength(1)
    await expectNothingLeft()
  })
})

describe('while the first call of a process is loading', () => {
  it('what it sends is what the caller handed in, whatever the caller changes afterwards', async () => {
    const { start, fake, textStream } = await freshly()
    const { client, transport, expectNothingLeft } = start([fake.respond(textStream())])
    const changing = params()
    const stream = client.responses.stream(changing)
    changing.input = 'changed'
    await stream.finalResponse()
    expect(transport.requests[0]?.json).toMatchObject({ input: 'hi' })
    await expectNothingLeft()
  })

  it('several calls begin, and each ends with its own answer', async () => {
    const { start, fake, textStream } = await freshly()
    const { client, expectNothingLeft } = start(({ json }) =>
      fake.respond(textStream({ text: String((json as { input: string }).input) })),
    )
    const texts = ['a', 'b', 'c'].map((input) => client.responses.stream({ model: 'm', input }).outputText())
    expect(await Promise.all(texts)).toEqual(['a', 'b', 'c'])
    await expectNothingLeft()
  })

  it('an abort ends it with the reason of the caller, and nothing is sent', async () => {
    const { start } = await freshly()
    const { client, transport, expectNothingLeft } = start([])
    const controllers = Array.from({ length: 4 }, () => new AbortController())
    const [one, two, three, four] = controllers.map(({ signal }) => signal)
    const calls = [
      client.responses.stream(params(), { signal: one }).finalResponse(),
      client.responses.create(params(), { signal: two }),
      client.responses.retrieve('resp_1', { signal: three }),
      client.fetch(URL_OF_CALL, { ...INIT, signal: four as AbortSignal }),
    ]
    const settled = Promise.allSettled(calls)
    for (const controller of controllers) controller.abort('enough')
    expect(await settled).toEqual(calls.map(() => ({ status: 'rejected', reason: 'enough' })))
    expect(transport.requests).toEqual([])
    await expectNothingLeft()
  })

  it('abort() of the stream ends a pending read at once', async () => {
    const { start } = await freshly()
    const { client, transport, expectNothingLeft } = start([])
    const stream = client.responses.stream(params())
    const read = stream[Symbol.asyncIterator]().next()
    stream.abort('enough')
    await expect(read).rejects.toBe('enough')
    expect(stream.explain()).toContain('aborted by the caller')
    expect(stream.attempts).toEqual([])
    await expectNothingLeft()
    expect(transport.requests).toEqual([])
  })

  it('leaving the loop ends it', async () => {
    const { start } = await freshly()
    const { client, expectNothingLeft } = start([])
    const iterator = client.responses.stream(params())[Symbol.asyncIterator]()
    const read = iterator.next()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await read).toEqual({ done: true, value: undefined })
    await expectNothingLeft()
  })

  it('nothing is known of its response', async () => {
    const { start, fake, textStream } = await freshly()
    const { client, expectNothingLeft } = start([fake.respond(textStream())])
    const stream = client.responses.stream(params())
    expect([stream.id, stream.usage, stream.requestId, stream.attempts, stream.explain()]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
      '',
    ])
    await stream.finalResponse()
    expect(stream.id).toBe('resp_test')
    await expectNothingLeft()
  })

  it.each(['stream', 'resume', 'fetch'] as const)('close() waits for it: %s', async (method) => {
    const { start, fake, textStream } = await freshly()
    const { client, transport } = start([fake.respond(textStream({ id: 'resp_1', text: 'hi' }))])
    const answer =
      method === 'fetch'
        ? client.fetch(URL_OF_CALL, INIT).then((response) => response.text())
        : method === 'resume'
          ? client.responses.resume('resp_1').outputText()
          : client.responses.stream(params()).outputText()
    await Promise.all([client.close(), expect(answer).resolves.toContain('hi')])
    expect(transport.requests).toHaveLength(1)
    expect(client.stats().activeCalls).toBe(0)
  })

  it('destroy() ends it', async () => {
    const { start } = await freshly()
    const { client, transport } = start([])
    const result = client.responses.stream(params()).finalResponse()
    const refused = expect(result).rejects.toMatchObject({ code: 'client_closed' })
    await Promise.all([client.destroy(), refused])
    expect(client.stats().activeCalls).toBe(0)
    expect(transport.requests).toEqual([])
  })
})

describe('where what a call runs on cannot be loaded', () => {
  const missing = () => {
    throw Object.assign(new Error('no such file'), { code: 'ERR_MODULE_NOT_FOUND' })
  }

  it.each(['stream', 'resume', 'create', 'retrieve'] as const)(
    'a typed call fails, and nothing is left: %s',
    async (method) => {
      vi.doMock(READING, missing)
      const { start } = await freshly()
      const { client, transport, expectNothingLeft } = start([])
      const { responses } = client
      const result =
        method === 'stream'
          ? responses.stream(params()).finalResponse()
          : method === 'create'
            ? responses.create(params())
            : method === 'resume'
              ? responses.resume('resp_1').finalResponse()
              : responses.retrieve('resp_1')
      await expect(result).rejects.toThrow()
      expect(transport.requests).toEqual([])
      await expectNothingLeft()
    },
  )

  it('client.fetch fails, and nothing is left', async () => {
    vi.doMock(PERFORM_FETCH, missing)
    const { start } = await freshly()
    const { client, transport, expectNothingLeft } = start([])
    await expect(client.fetch(URL_OF_CALL, INIT)).rejects.toThrow()
    expect(transport.requests).toEqual([])
    await expectNothingLeft()
  })
})

describe('the testing kit', () => {
  it('loads ahead, so that virtual time drives the first call of a process', async () => {
    const { loaded } = await freshly()
    const kit = await import('../../src/testing/index.ts')
    const { ResilientClient } = await import('../../src/index.ts')
    expect(loaded()).toEqual({ reading: true, performFetch: true })
    const clock = new kit.VirtualClock()
    const transport = new kit.FakeTransport([kit.fake.stall(), kit.fake.respond(kit.textStream({ text: 'hi' }))], {
      clock,
    })
    const client = new ResilientClient({ transport, hedge: false })
    const answer = client.fetch(URL_OF_CALL, INIT)
    await clock.advance(60_000)
    expect(transport.requests).toHaveLength(2)
    expect(await (await answer).text()).toContain('hi')
    await client.close()
    clock.assertNothingPending()
    await nextTurn()
  })
})
