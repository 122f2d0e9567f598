import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError } from '../../../src/errors/errors.ts'
import { chooseProxy } from '../../../src/transport/undici/proxy.ts'
import { undiciTransport } from '../../../src/transport/undici/undici-transport.ts'
import { testCertificate } from '../../support/certificates.ts'
import { connectProxy } from '../../support/connect-proxy.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { RawServer } from '../../support/raw-server.ts'
import { fetched, posting, send } from '../../support/recorder.ts'
import { turns, until } from '../../support/until.ts'
import { around, echoing, setup } from './setup.ts'

const authority = testCertificate({ name: 'Test Authority' })
const trusted = testCertificate({ hosts: ['127.0.0.1'], issuer: authority })
const tls = { ca: authority.cert }

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('through a proxy', () => {
  it('an exchange is `connected` when the tunnel is open; the connection is kept and used again', async () => {
    await using proxy = await connectProxy('tunnel')
    await using rig = await echoing({ proxy: proxy.url })
    const first = await fetched(rig.transport, `${rig.url}/1`, posting('hi'))
    expect(first.text).toBe('/1')
    expect(first.steps.slice(0, 2)).toEqual(['connecting', 'connected'])
    await turns()
    const second = await fetched(rig.transport, `${rig.url}/2`)
    expect(second.info).toEqual({ ...first.info, reused: true })
    expect(proxy.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`CONNECT 127.0.0.1:${rig.server.port}`])
    expect(proxy.asked[0]?.header('host')).toBe(`127.0.0.1:${rig.server.port}`)
  })

  it('TLS goes end to end, and resumes its sessions', async () => {
    await using proxy = await connectProxy('tunnel')
    const server = await RawServer.answering((_request, connection) => connection.answer(), {
      tls: { key: trusted.key, cert: trusted.cert },
    })
    await using rig = around(server, { proxy: proxy.url, tls })
    await fetched(rig.transport, rig.url)
    await fetched(rig.transport, rig.url, { connection: 'fresh' })
    expect(server.connections.map(({ socket }) => (socket as TLSSocket).isSessionReused())).toEqual([false, true])
  })

  it('that is reached over TLS, the proxy’s own name is verified', async () => {
    await using proxy = await connectProxy('tunnel', { tls: { key: trusted.key, cert: trusted.cert } })
    const server = await RawServer.answering((_request, connection) => connection.answer(), {
      tls: testCertificate({ hosts: ['localhost'], issuer: authority }),
    })
    await using rig = around(server, { proxy: proxy.url, tls })
    const { text } = await fetched(rig.transport, rig.url.replace('127.0.0.1', 'localhost'))
    expect(text).toBe('ok')
  })

  it('nothing is sent if it is reached over TLS and not trusted', async () => {
    await using proxy = await connectProxy('tunnel', { tls: testCertificate({ hosts: ['127.0.0.1'] }) })
    await using rig = await setup({ proxy: proxy.url })
    const { recorder } = send(rig.transport, rig.url)
    await recorder.settled()
    expect(recorder.failure?.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(proxy.asked).toEqual([])
  })

  it('credentials are sent only to the proxy, decoded, and are in no error', async () => {
    await using proxy = await connectProxy('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    await using rig = await setup({ proxy: proxy.url.replace('//', '//us%3Aer:pa%20ss@') })
    const { recorder } = send(rig.transport, rig.url)
    await recorder.settled()
    const sent = proxy.asked[0]?.header('proxy-authorization') ?? ''
    expect(Buffer.from(sent.replace('Basic ', ''), 'base64').toString()).toBe('us:er:pa ss')
    expect(`${recorder.failure?.message} ${recorder.failure?.stack}`).not.toMatch(/us:er|us%3Aer|pa ss|pa%20ss/)
  })

  it('an idle connection that the endpoint ends is closed, at the proxy too', async () => {
    await using proxy = await connectProxy('tunnel')
    await using rig = await echoing({ proxy: proxy.url })
    await fetched(rig.transport, rig.url)
    ;(await rig.server.connection()).end()
    await until(() => rig.transport.stats().connections === 0, 'the connection is forgotten')
    await noClientSocketsLeft(proxy.server.port)
  })
})

describe('a proxy that opens no tunnel (fault 7)', () => {
  it.each([
    [407, 'ERR_RESILIENT_PROXY_REFUSED', 1],
    [403, 'ERR_RESILIENT_PROXY_REFUSED', 1],
    [502, 'ERR_RESILIENT_PROXY_FAILED', 0],
    [503, 'ERR_RESILIENT_PROXY_FAILED', 0],
    [302, 'ERR_RESILIENT_PROXY_FAILED', 0],
  ])('but answers %i: %s', async (status, code, clientsLeft) => {
    await using proxy = await connectProxy(`HTTP/1.1 ${status} No\r\ncontent-length: 2\r\n\r\nno`)
    await using rig = await setup({ proxy: proxy.url })
    const { recorder } = send(rig.transport, rig.url)
    await recorder.settled()
    recorder.assertOrderly()
    expect(recorder.reports).toEqual(['connecting', 'error'])
    expect(recorder.failure).toMatchObject({ code, message: expect.stringContaining(String(status)) })
    expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0, clients: clientsLeft })
    expect(rig.server.connections).toHaveLength(0)
    await noClientSocketsLeft(proxy.server.port)
  })

  it('because it does not answer: `connecting`, and destroy() leaves no socket', async () => {
    await using proxy = await connectProxy('nothing')
    await using rig = await setup({ proxy: proxy.url })
    const sent = send(rig.transport, rig.url)
    await until(() => proxy.asked.length === 1, 'the proxy is asked')
    expect(sent.recorder.reports).toEqual(['connecting'])
    sent.destroy()
    await noClientSocketsLeft(proxy.server.port)
    expect(rig.transport.stats()).toMatchObject({ connections: 0, leases: 0 })
  })

  it('because it hangs up, or is not there, is a connection that failed', async () => {
    const gone = await RawServer.start()
    await gone.close()
    await using rude = await RawServer.start({
      onConnection: (connection) => connection.request().then(() => connection.end()),
    })
    for (const [url, code] of [
      [gone.url, 'ECONNREFUSED'],
      [rude.url, 'ECONNRESET'],
    ] as const) {
      await using rig = await setup({ proxy: url })
      const { recorder } = send(rig.transport, rig.url)
      await recorder.settled()
      expect(recorder.reports).toEqual(['connecting', 'error'])
      expect(recorder.failure?.code).toBe(code)
    }
  })

  it('leaves no socket if the TLS handshake through it stalls and is destroyed', async () => {
    await using proxy = await connectProxy('tunnel')
    await using rig = await setup({ proxy: proxy.url, tls })
    const sent = send(rig.transport, rig.url.replace('http:', 'https:'))
    const connection = await rig.server.connection()
    await connection.until(() => connection.received.length > 100, 'the hello of the client')
    sent.destroy()
    await connection.gone()
    await noClientSocketsLeft(proxy.server.port)
  })
})

describe('which proxy', () => {
  it.each(['ftp://proxy.test', 'http://', 'socks5://127.0.0.1:1', ':::', 'http://us%er:x@proxy.test'])(
    '%s is refused at once',
    (proxy) => {
      expect(() => undiciTransport({ proxy })).toThrow(ConfigurationError)
    },
  )

  it('is used only if the option asks for it, whatever the environment says', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.test:3128')
    expect(chooseProxy(undefined)(new URL('https://api.test'))).toBeUndefined()
  })

  it('is the one of the environment with `env`: lower case first, a bare host is enough, empty is unset', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://upper.test:1')
    vi.stubEnv('https_proxy', 'lower.test:2')
    vi.stubEnv('HTTP_PROXY', '')
    vi.stubEnv('http_proxy', '')
    vi.stubEnv('NO_PROXY', '')
    vi.stubEnv('no_proxy', '')
    const choose = chooseProxy('env')
    expect(choose(new URL('https://api.test'))?.href).toBe('http://lower.test:2/')
    expect(choose(new URL('http://api.test'))).toBeUndefined()
  })

  it.each([
    ['*', 'https://api.test', true],
    ['api.test', 'https://api.test', true],
    ['API.test', 'https://api.TEST', true],
    ['api.test', 'https://eu.api.test', true],
    ['.api.test', 'https://eu.api.test', true],
    ['*.api.test', 'https://eu.api.test', true],
    ['.api.test', 'https://api.test', true],
    ['api.test', 'https://notapi.test', false],
    ['api.test', 'https://api.test.evil', false],
    ['api.test.', 'https://api.test', true],
    ['api.test', 'https://api.test.', true],
    ['api.test:443', 'https://api.test', true],
    ['api.test:80', 'http://api.test', true],
    ['api.test:8080', 'https://api.test', false],
    ['a.test, api.test', 'https://api.test', true],
    ['a.test  api.test', 'https://api.test', true],
    [',,', 'https://api.test', false],
    ['127.0.0.1', 'http://127.0.0.1:8080', true],
    ['127.0.0.1', 'http://127.0.0.2', false],
    ['::1', 'http://[::1]:8080', true],
    ['[::1]', 'http://[::1]', true],
    ['[::1]:8080', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]:9090', false],
    ['localhost', 'http://localhost:1234', true],
  ])('NO_PROXY %s exempts %s: %s', (list, origin, exempt) => {
    vi.stubEnv('https_proxy', 'http://proxy.test:3128')
    vi.stubEnv('http_proxy', 'http://proxy.test:3128')
    vi.stubEnv('no_proxy', list)
    expect(chooseProxy('env')(new URL(origin)) === undefined).toBe(exempt)
  })
})
