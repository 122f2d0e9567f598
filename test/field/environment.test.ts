import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { Agent, getGlobalDispatcher, setGlobalDispatcher, fetch as undiciFetch } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createResilientFetch, type FetchFunction, fetchTransport, ResilientClient } from '../../src/index.ts'
import { sseFrame, textStream } from '../../src/testing/streams.ts'
import { connectProxy } from '../support/connect-proxy.ts'
import { beyondTheStandard } from '../support/typed.ts'
import { fieldServer, jsonAnswer } from './support/field-server.ts'
import { ASKED, QUICK } from './support/play.ts'

// What a process sets for every `fetch` in it: a proxy of the environment, a dispatcher, a mock of the network.

const OK = jsonAnswer(200, { id: 'resp_1', object: 'response' })

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('NODE_USE_ENV_PROXY', () => {
  const asked = async (url: string, proxy?: string): Promise<void> => {
    const fetch = createResilientFetch({ ...QUICK, maxRetries: 0, ...(proxy === undefined ? {} : { proxy }) })
    try {
      expect(await (await fetch(`${url}/models`)).json()).toMatchObject({ id: 'resp_1' })
    } finally {
      await fetch.destroy()
    }
  }

  it.each([
    ['1', undefined, '', 1],
    ['1', undefined, '127.0.0.1', 0],
    ['0', undefined, '', 0],
    [undefined, undefined, '', 0],
    ['1', 'none', '', 0],
    [undefined, 'env', '', 1],
  ])('%s with the option `proxy` %s and NO_PROXY "%s": %i tunnels', async (value, option, noProxy, tunnels) => {
    await using server = await fieldServer([OK])
    await using proxy = await connectProxy('tunnel')
    vi.stubEnv('HTTP_PROXY', proxy.url)
    vi.stubEnv('http_proxy', '')
    vi.stubEnv('NO_PROXY', noProxy)
    vi.stubEnv('no_proxy', '')
    vi.stubEnv('NODE_USE_ENV_PROXY', value)
    await asked(server.baseURL, option)
    expect(proxy.asked).toHaveLength(tunnels)
    expect(server.requests).toHaveLength(1)
  })
})

/** Looked up at each call: whoever replaces the global one later is asked, too. */
const globalFetch: FetchFunction = (input, init) => globalThis.fetch(input, init)

describe('setGlobalDispatcher() of undici', () => {
  it('carries calls of the built-in fetch, but not those of the default transport, which accept it as init.dispatcher', async () => {
    await using server = await fieldServer([OK])
    let carried = 0
    const agent = new Agent()
    const counting = agent.compose((dispatch) => (options, handler) => {
      carried++
      return dispatch(options, handler)
    })
    const before = getGlobalDispatcher()
    setGlobalDispatcher(counting)
    const plain = createResilientFetch(QUICK)
    const over = createResilientFetch({
      ...QUICK,
      transport: fetchTransport(beyondTheStandard<FetchFunction>(undiciFetch)),
    })
    try {
      await (await plain(`${server.baseURL}/models`)).json()
      expect(carried).toBe(0)
      await (await plain(`${server.baseURL}/models`, beyondTheStandard<RequestInit>({ dispatcher: counting }))).json()
      expect(carried).toBe(1)
      await (await over(`${server.baseURL}/models`)).json()
      expect(carried).toBe(2)
    } finally {
      setGlobalDispatcher(before)
      await plain.close()
      await over.close()
      await agent.close()
    }
  })
})

describe('MSW', () => {
  it('answers the typed API and the drop-in over fetchTransport, and sees their requests', async () => {
    const text = textStream({ text: 'Hi' }).map(sseFrame).join('')
    const bodies: unknown[] = []
    const mocks = setupServer(
      http.post('https://api.test/v1/responses', async ({ request }) => {
        bodies.push(await request.json())
        return new HttpResponse(text, { headers: { 'content-type': 'text/event-stream' } })
      }),
      http.get('https://api.test/v1/models', () => HttpResponse.json({ data: [] })),
      http.get('https://api.test/v1/down', () => HttpResponse.error()),
    )
    mocks.listen()
    const transport = fetchTransport(globalFetch)
    const client = new ResilientClient({
      apiKey: 'sk-field',
      baseURL: 'https://api.test/v1',
      ...QUICK,
      maxRetries: 1,
      transport,
    })
    try {
      expect((await client.responses.create(ASKED)).output_text).toBe('Hi')
      const init = { method: 'POST', body: JSON.stringify({ ...ASKED, stream: true }) }
      expect(await (await client.fetch('https://api.test/v1/responses', init)).text()).toBe(text)
      expect(await (await client.fetch('https://api.test/v1/models')).json()).toEqual({ data: [] })
      await expect(client.fetch('https://api.test/v1/down')).rejects.toThrow('fetch failed')
      expect(bodies).toEqual([
        { ...ASKED, stream: true },
        { ...ASKED, stream: true },
      ])
    } finally {
      mocks.close()
      await client.destroy()
    }
  })
})
