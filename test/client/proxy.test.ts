import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { findResilientError, ResilientClient, type ResilientClientOptions } from '../../src/index.ts'
import { textStream, toSSE } from '../../src/testing/index.ts'
import { testCertificate } from '../support/certificates.ts'
import { connectProxy } from '../support/connect-proxy.ts'
import { noClientSocketsLeft } from '../support/proc-net.ts'
import { RawServer } from '../support/raw-server.ts'

const authority = testCertificate({ name: 'Test Authority' })
const serving = testCertificate({ hosts: ['127.0.0.1', 'localhost'], issuer: authority })
const ours = testCertificate({ name: 'an agent', issuer: authority })
const EVENTS = toSSE(textStream({ text: 'hello' }))
const CREDENTIALS = `Basic ${Buffer.from('us:er:pa ss').toString('base64')}`

beforeEach(() => {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, '')
    vi.stubEnv(name.toUpperCase(), '')
  }
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** An endpoint, plain or over TLS with client certificates, and a proxy; what is left of them is checked at the end. */
async function world(scheme: 'http' | 'https') {
  const tls = { key: serving.key, cert: serving.cert, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
  const endpoint = await RawServer.answering(
    (_request, connection) => connection.answer(EVENTS, 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream'),
    scheme === 'https' ? { tls } : {},
  )
  const proxy = await connectProxy('tunnel')
  return {
    endpoint,
    proxy,
    withCredentials: proxy.url.replace('//', '//us%3Aer:pa%20ss@'),
    /** Makes a streaming call, and gives what came and the tunnels that were asked for. */
    async call(options: ResilientClientOptions, host = '127.0.0.1') {
      const client = new ResilientClient({ maxRetries: 0, ...options })
      const url = `${scheme}://${host}:${endpoint.port}/v1/responses`
      try {
        const response = await client.fetch(url, { method: 'POST', body: '{"stream":true}' })
        return { text: await response.text(), asked: proxy.asked.map(({ method, path }) => `${method} ${path}`) }
      } finally {
        await client.close()
      }
    },
    async [Symbol.asyncDispose]() {
      await noClientSocketsLeft(endpoint.port).finally(() => endpoint.close())
      await noClientSocketsLeft(proxy.server.port).finally(() => proxy[Symbol.asyncDispose]())
    },
  }
}

const tls = { ca: authority.cert, cert: ours.cert, key: ours.key }

describe('a client with a proxy', () => {
  it.each(['http', 'https'] as const)(
    'goes through it to an %s: endpoint, with its credentials for it alone',
    async (scheme) => {
      await using w = await world(scheme)
      const { text, asked } = await w.call({ proxy: w.withCredentials, tls, headers: { 'x-mine': 'yes' } })
      expect(text).toBe(EVENTS)
      expect(asked).toEqual([`CONNECT 127.0.0.1:${w.endpoint.port}`])
      expect(w.proxy.asked[0]?.header('proxy-authorization')).toBe(CREDENTIALS)
      expect(w.proxy.asked[0]?.header('x-mine')).toBeUndefined()
      expect(w.proxy.asked[0]?.header('user-agent')).toBeUndefined()
    },
  )

  it.each([
    ['http', 'HTTP_PROXY'],
    ['http', 'http_proxy'],
    ['https', 'HTTPS_PROXY'],
    ['https', 'https_proxy'],
  ] as const)('of the environment, for %s: by %s', async (scheme, name) => {
    await using w = await world(scheme)
    vi.stubEnv(name, w.withCredentials)
    expect(await w.call({ proxy: 'env', tls })).toEqual({
      text: EVENTS,
      asked: [`CONNECT 127.0.0.1:${w.endpoint.port}`],
    })
    expect(w.proxy.asked[0]?.header('proxy-authorization')).toBe(CREDENTIALS)
  })

  it('of the environment is not used unless the option asks for it, nor for the other scheme', async () => {
    await using w = await world('http')
    for (const name of ['HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, w.proxy.url)
    expect((await w.call({})).asked).toEqual([])
    vi.stubEnv('http_proxy', '')
    vi.stubEnv('HTTP_PROXY', '')
    vi.stubEnv('HTTPS_PROXY', w.proxy.url)
    expect((await w.call({ proxy: 'env' })).asked).toEqual([])
  })

  it.each([
    ['*', 0],
    ['127.0.0.1', 0],
    ['localhost', 1],
    ['other.test,127.0.0.1', 0],
    ['127.0.0.1:PORT', 0],
    ['127.0.0.1:1', 1],
  ])('NO_PROXY=%s: %i tunnels', async (list, tunnels) => {
    await using w = await world('https')
    vi.stubEnv('https_proxy', w.proxy.url)
    vi.stubEnv('no_proxy', list.replace('PORT', String(w.endpoint.port)))
    expect(await w.call({ proxy: 'env', tls })).toMatchObject({ text: EVENTS, asked: { length: tunnels } })
  })

  it('NO_PROXY=.localhost exempts localhost and what is below it', async () => {
    await using w = await world('https')
    vi.stubEnv('https_proxy', w.proxy.url)
    vi.stubEnv('NO_PROXY', '.localhost')
    expect((await w.call({ proxy: 'env', tls }, 'localhost')).asked).toEqual([])
    expect((await w.call({ proxy: 'env', tls })).asked).toHaveLength(1)
  })

  it('of a password without a name gets it', async () => {
    await using w = await world('http')
    await w.call({ proxy: w.proxy.url.replace('//', '//:secret@') })
    expect(w.proxy.asked[0]?.header('proxy-authorization')).toBe(`Basic ${Buffer.from(':secret').toString('base64')}`)
  })
})

describe('tls of a client', () => {
  it('shows its certificate to the endpoint, also through a proxy, and trusts the authority it was given', async () => {
    await using w = await world('https')
    for (const proxy of [undefined, w.proxy.url]) {
      expect((await w.call({ tls, ...(proxy === undefined ? {} : { proxy }) })).text).toBe(EVENTS)
    }
    const peers = w.endpoint.connections.map(({ socket }) => (socket as TLSSocket).getPeerCertificate().subject?.CN)
    expect(peers).toEqual(['an agent', 'an agent'])
  })

  it('without the authority of the endpoint, nothing is sent', async () => {
    await using w = await world('https')
    const failure = await w.call({ tls: { cert: ours.cert, key: ours.key } }).catch((error: unknown) => error)
    expect(findResilientError(failure)?.code).toBe('certificate_rejected')
    expect(w.endpoint.connections.every(({ received }) => received.length === 0)).toBe(true)
  })
})
