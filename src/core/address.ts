/** A valid address, or a description of the problem that says how to fix it. */
export type CheckedAddress = { readonly url: URL } | { readonly problem: string }

const ACCEPTED = 'expected an http: or https: address without credentials, for example https://api.openai.com/v1'

/** Accepts `http:` and `https:` addresses without user name and password; drops the fragment. */
export function checkAddress(value: string): CheckedAddress {
  const url = URL.parse(value)
  if (url !== null && isHttp(url)) {
    if (url.username !== '' || url.password !== '')
      return { problem: `the address holds a user name or a password; ${ACCEPTED}. Give credentials as headers.` }
    url.hash = ''
    return { url }
  }
  return { problem: `${problemOf(value.trim())}; ${ACCEPTED}.` }
}

function problemOf(value: string): string {
  if (value === '') return 'got an empty string'
  const scheme = /^([a-z][a-z\d+.-]{0,19}):\/\//i.exec(value)?.[1]
  if (scheme !== undefined && !/^https?$/i.test(scheme))
    return `got an address with the scheme '${scheme.toLowerCase()}:'`
  if (scheme !== undefined) return 'got an address that cannot be parsed'
  if (value.startsWith('/') && !value.startsWith('//')) return 'got a path without scheme and host'
  const shown = shownWithoutScheme(value.replace(/^\/\//, ''))
  if (shown === undefined) return 'got an address without a scheme'
  // Without the path each call would get 404.
  const path = shown.address === 'api.openai.com' ? '/v1' : ''
  return `got '${shown.address}', an address without a scheme; write '${shown.scheme}://${shown.address}${path}'`
}

/**
 * Lower-case host names with a top-level domain, IPv4 addresses and `localhost`. Keys and tokens do not look like this.
 */
const HOST = /^(?:localhost|(?:\d{1,3}\.){3}\d{1,3}|(?:[a-z\d](?:[a-z\d-]{0,30}[a-z\d])?\.)+[a-z]{2,24})(?::\d{1,5})?$/
const LOCAL = /^(?:localhost|127\.|10\.|192\.168\.)/
/** A path segment that looks like a word and not like a key. */
const SEGMENT = /^[a-z\d._~-]{0,24}$/i

/** The parts of host and path that cannot be a secret. `undefined` where the text does not begin with a host. */
function shownWithoutScheme(value: string): { readonly address: string; readonly scheme: string } | undefined {
  const [address = ''] = value.split(/[?#]/)
  const [host = '', ...path] = address.split('/')
  if (!HOST.test(host)) return undefined
  const words = path.findIndex((segment) => !SEGMENT.test(segment))
  const shown = words === -1 ? path : [...path.slice(0, words), '…']
  return { address: [host, ...shown].join('/'), scheme: LOCAL.test(host) ? 'http' : 'https' }
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}
