import type { Duplex } from 'node:stream'
import { http, https, net } from '../../core/builtins.ts'
import { readEnv, usesEnvProxy } from '../../core/env.ts'
import { ConfigurationError } from '../../errors/errors.ts'

/** Returns the proxy for an origin, if any. */
export type ProxyChoice = (origin: URL) => URL | undefined

/**
 * `undefined`: as the built-in `fetch`, which uses no proxy, or `'env'` if `NODE_USE_ENV_PROXY=1` or `--use-env-proxy`
 * is set. `'none'`: no proxy, whatever the environment says. `'env'`: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (lower
 * case first), read now. Anything else is the address of an HTTP proxy, `http:` or `https:`, with credentials if it
 * needs them.
 *
 * @throws ConfigurationError for an invalid address.
 */
export function chooseProxy(proxy: string | undefined): ProxyChoice {
  if (proxy === 'none' || (proxy === undefined && !usesEnvProxy())) return () => undefined
  if (proxy !== undefined && proxy !== 'env') {
    const url = proxyUrl(proxy, 'proxy')
    return () => url
  }
  const forHttp = fromEnv('http_proxy')
  const forHttps = fromEnv('https_proxy')
  const exempt = exemptions(readEnv('no_proxy') ?? readEnv('NO_PROXY'))
  return (origin) => (exempt(origin) ? undefined : origin.protocol === 'https:' ? forHttps : forHttp)
}

function fromEnv(name: string): URL | undefined {
  const value = readEnv(name) ?? readEnv(name.toUpperCase())
  return value === undefined ? undefined : proxyUrl(value, name.toUpperCase())
}

function proxyUrl(value: string, path: string): URL {
  const url = URL.parse(value.includes('://') ? value : `http://${value}`)
  const isProxy = url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== ''
  if (isProxy && credentialsOf(url) !== undefined) return url
  throw new ConfigurationError(
    `${path}: got an invalid address; accepted are 'env', 'none' and the http: or https: address of a proxy, for example 'http://proxy.internal:3128'.`,
    path,
  )
}

/** The decoded credentials. `''` if there are none, `undefined` if they cannot be decoded. */
function credentialsOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return ''
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    return undefined
  }
}

/** `NO_PROXY`: `*`, hosts, `.suffixes`, each with an optional port; separated by commas or spaces. */
function exemptions(list: string | undefined): (origin: URL) => boolean {
  const entries = (list ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  return (origin) => {
    const host = bareHost(origin)
    const port = origin.port || (origin.protocol === 'https:' ? '443' : '80')
    return entries.some((entry) => {
      if (entry === '*') return true
      const { name, onlyPort } = exemption(entry)
      if (onlyPort !== undefined && onlyPort !== port) return false
      return host === name || host.endsWith(`.${name}`)
    })
  }
}

/** A bare IPv6 address contains colons. Only one in brackets, or a name, can have a port. */
function exemption(entry: string): { name: string; onlyPort: string | undefined } {
  const isBareIPv6 = !entry.startsWith('[') && entry.split(':').length > 2
  const [, name = entry, onlyPort] = (isBareIPv6 ? null : /^(.+?)(?::(\d+))?$/.exec(entry)) ?? []
  return { name: name.replace(/^\[|\]$|^\*?\.|\.$/g, ''), onlyPort }
}

/** Without the brackets of an IPv6 address, and without the final dot of a full name. */
function bareHost(url: URL): string {
  return url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, '')
}

export interface Tunnel {
  destroy(): void
}

/**
 * Opens a tunnel to `target` through `proxy` with CONNECT. The callback gets the open connection, or an error with
 * `code` `ERR_RESILIENT_PROXY_REFUSED` (4xx) or `ERR_RESILIENT_PROXY_FAILED` (anything else but 2xx).
 *
 * @param trust certificate authorities for a proxy that is reached over TLS.
 */
export function openTunnel(
  proxy: URL,
  target: { readonly host: string; readonly port: number },
  trust: { readonly ca?: string | Buffer | Array<string | Buffer> | undefined },
  callback: (error: Error | null, stream: Duplex | null) => void,
): Tunnel {
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
  const host = bareHost(proxy)
  const credentials = credentialsOf(proxy) ?? ''
  const client: Pick<ReturnType<typeof https>, 'request'> = proxy.protocol === 'https:' ? https() : http()
  const request = client.request({
    method: 'CONNECT',
    host,
    // Without this Node would send and verify the name of the target.
    servername: net.isIP(host) ? '' : host,
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: authority,
    agent: false,
    setHost: false,
    headers: {
      host: authority,
      ...(credentials !== '' ? { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` } : {}),
    },
  })
  request.once('connect', (response, socket, head) => {
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) {
      if (head.length > 0) socket.unshift(head)
      callback(null, socket)
      return
    }
    socket.destroy()
    callback(
      Object.assign(new Error(`The proxy ${proxy.host} answered ${status} to CONNECT`), {
        code: status >= 400 && status < 500 ? 'ERR_RESILIENT_PROXY_REFUSED' : 'ERR_RESILIENT_PROXY_FAILED',
      }),
      null,
    )
  })
  request.on('error', (error) => callback(error, null))
  request.end()
  return { destroy: () => request.destroy() }
}
