import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { chooseProxy, openTunnel } from '../../../src/transport/undici/proxy.ts'
import { standIn } from '../../support/typed.ts'

const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** Opens a tunnel through a proxy that is played by hand: what it was asked, and what came of it. */
function tunnel(
  address: string,
  { host = 'api.test', port = 443, ca }: { host?: string; port?: number; ca?: string } = {},
) {
  const asked: object[] = []
  const request = Object.assign(new EventEmitter(), { end: vi.fn(), destroy: vi.fn() })
  for (const [name, module] of [
    ['http', http],
    ['https', https],
  ] as const) {
    vi.spyOn(module, 'request').mockImplementation(
      standIn((options: object) => {
        asked.push({ over: name, ...options })
        return request
      }),
    )
  }
  const outcomes: unknown[] = []
  const opened = openTunnel(new URL(address), { host, port }, { ca }, (error, stream) => outcomes.push(error ?? stream))
  return {
    asked,
    request,
    outcomes,
    opened,
    answer(statusCode: number | undefined, head = '') {
      const socket = new PassThrough()
      request.emit('connect', { statusCode }, socket, Buffer.from(head))
      return socket
    },
  }
}

describe('a tunnel is asked for', () => {
  it('by CONNECT, on a separate connection', () => {
    const t = tunnel('http://proxy.test:3128')
    expect(t.asked).toEqual([
      {
        over: 'http',
        method: 'CONNECT',
        host: 'proxy.test',
        servername: 'proxy.test',
        port: '3128',
        path: 'api.test:443',
        agent: false,
        setHost: false,
        headers: { host: 'api.test:443' },
      },
    ])
    expect([t.request.end.mock.calls.length, t.request.destroy.mock.calls.length]).toEqual([1, 0])
    t.opened.destroy()
    expect(t.request.destroy).toHaveBeenCalledTimes(1)
  })

  it.each<[address: string, expected: object]>([
    ['http://proxy.test', { over: 'http', port: 80 }],
    ['https://proxy.test', { over: 'https', port: 443, servername: 'proxy.test' }],
    ['https://proxy.test:8443', { over: 'https', port: '8443' }],
    // An address is no name to ask for (RFC 6066 3).
    ['https://192.0.2.1', { host: '192.0.2.1', servername: '' }],
    ['https://[2001:db8::1]:8443', { host: '2001:db8::1', servername: '' }],
    ['https://Proxy.Test.', { host: 'proxy.test', servername: 'proxy.test' }],
  ])('of %s', (address, expected) => {
    expect(tunnel(address).asked).toMatchObject([expected])
  })

  it.each([
    ['api.test', 8443, 'api.test:8443'],
    ['2001:db8::2', 443, '[2001:db8::2]:443'],
    ['192.0.2.2', 80, '192.0.2.2:80'],
  ])('to %s and port %i', (host, port, authority) => {
    expect(tunnel('http://proxy.test', { host, port }).asked).toMatchObject([
      { path: authority, headers: { host: authority } },
    ])
  })

  it.each([
    ['us%3Aer:pa%20ss@', 'us:er:pa ss'],
    ['user@', 'user:'],
    [':pass@', ':pass'],
  ])('with the credentials %s', (credentials, sent) => {
    const basic = `Basic ${Buffer.from(sent).toString('base64')}`
    expect(tunnel(`http://${credentials}proxy.test`).asked).toMatchObject([
      { headers: { 'proxy-authorization': basic } },
    ])
  })

  it('with the trusted authorities, if they are given', () => {
    expect(tunnel('https://proxy.test', { ca: 'PEM' }).asked).toMatchObject([{ ca: 'PEM' }])
    expect(Object.keys(tunnel('https://proxy.test').asked[0] ?? {})).not.toContain('ca')
  })
})

describe('a tunnel', () => {
  it.each([200, 204, 299])('is open with status %i', (status) => {
    const t = tunnel('http://proxy.test')
    const socket = t.answer(status)
    expect([t.outcomes, socket.destroyed, socket.readableLength]).toEqual([[socket], false, 0])
  })

  it('loses no byte that arrived with the answer', () => {
    const t = tunnel('http://proxy.test')
    const socket = t.answer(200, 'early')
    expect(String(socket.read())).toBe('early')
  })

  it.each([
    [199, 'ERR_RESILIENT_PROXY_FAILED'],
    [300, 'ERR_RESILIENT_PROXY_FAILED'],
    [399, 'ERR_RESILIENT_PROXY_FAILED'],
    [400, 'ERR_RESILIENT_PROXY_REFUSED'],
    [499, 'ERR_RESILIENT_PROXY_REFUSED'],
    [500, 'ERR_RESILIENT_PROXY_FAILED'],
    [undefined, 'ERR_RESILIENT_PROXY_FAILED'],
  ])('does not stand with status %s: %s', (status, code) => {
    const t = tunnel('http://user:hunter2@proxy.test:3128')
    const socket = t.answer(status)
    const message = `The proxy proxy.test:3128 answered ${status ?? 0} to CONNECT`
    expect(t.outcomes).toMatchObject([{ code, message }])
    expect(socket.destroyed).toBe(true)
  })

  it('that cannot be requested fails with the error', () => {
    const t = tunnel('http://proxy.test')
    const error = new Error('refused')
    t.request.emit('error', error)
    expect(t.outcomes).toEqual([error])
  })
})

describe('which proxy leads to an origin', () => {
  const choose = (origin: string, option = 'env') => chooseProxy(option)(new URL(origin))?.href

  it('is the one that the option names, or that of the environment', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://env.test')
    expect(chooseProxy(undefined)(new URL('https://api.test'))).toBeUndefined()
    expect(choose('https://api.test', 'proxy.test:3128')).toBe('http://proxy.test:3128/')
    expect(choose('http://api.test', 'https://proxy.test')).toBe('https://proxy.test/')
    expect(choose('https://api.test')).toBe('http://env.test/')
    expect(choose('http://api.test')).toBeUndefined()
  })

  it('is read from variables in lower case first', () => {
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
      vi.stubEnv(name, `http://${name}.test`)
    expect(choose('http://api.test')).toBe('http://http_proxy.test/')
    expect(choose('https://api.test')).toBe('http://https_proxy.test/')
    vi.stubEnv('http_proxy', undefined)
    vi.stubEnv('https_proxy', undefined)
    expect(choose('http://api.test')).toBe('http://http_proxy.test/')
    expect(choose('https://api.test')).toBe('http://https_proxy.test/')
  })

  it('leaves out exempt hosts, in either variable', () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.test')
    for (const [lower, upper, found] of [
      [undefined, 'api.test', undefined],
      ['api.test', undefined, undefined],
      ['other.test', 'api.test', 'http://proxy.test/'],
    ]) {
      vi.stubEnv('no_proxy', lower)
      vi.stubEnv('NO_PROXY', upper)
      expect([lower, upper, choose('https://api.test')]).toEqual([lower, upper, found])
    }
  })

  it.each([
    ['proxy', 'ftp://proxy.test'],
    ['proxy', 'http://'],
    ['proxy', 'http://us%E0er@proxy.test'],
    ['proxy', 'http://user:%@proxy.test'],
    ['HTTP_PROXY', 'ftp://proxy.test'],
    ['HTTPS_PROXY', 'socks5://proxy.test'],
  ])('is refused by the name of its option where it is unusable: %s %s', (path, address) => {
    if (path !== 'proxy') vi.stubEnv(path, address)
    let refused: unknown
    try {
      chooseProxy(path === 'proxy' ? address : 'env')
    } catch (error) {
      refused = error
    }
    expect(refused).toMatchObject({
      name: 'ConfigurationError',
      path,
      message: `${path}: got an invalid address; accepted are 'env', 'none' and the http: or https: address of a proxy, for example 'http://proxy.internal:3128'.`,
    })
  })
})
