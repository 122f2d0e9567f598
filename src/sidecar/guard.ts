import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'

/** The parts of a request that decide whether it is accepted. */
export interface Visitor {
  /** The request target as the client sent it. */
  readonly target: string
  readonly host: string | undefined
  /** The address of this machine to which the client connected. */
  readonly localAddress: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly token: string | undefined
  readonly authorization: string | undefined
}

export interface GuardSettings {
  readonly token: string | undefined
  /** The token may come as `Authorization: Bearer …`, because the sidecar has the key of the upstream itself. */
  readonly takesAuthorization: boolean
  readonly allowHosts: readonly string[]
  readonly allowOrigins: readonly string[]
}

export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/** Whether an address reaches this machine alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return LOOPBACK_NAMES.has(bare) || /^127(?:\.\d{1,3}){3}$/.test(bare)
}

/**
 * Decides whether a request is accepted, and why not. A web page can send requests to a loopback address, even by a name of the
 * attacker that resolves to it (DNS rebinding). `Host`, `Origin` and `Sec-Fetch-Site` show that a request comes from a page. Pure.
 */
export function refusalOf(visitor: Visitor, settings: GuardSettings): Refusal | undefined {
  return (
    hostRefusal(visitor, settings) ??
    originRefusal(visitor, settings) ??
    tokenRefusal(visitor, settings) ??
    targetRefusal(visitor, settings)
  )
}

function hostRefusal({ host, localAddress }: Visitor, { allowHosts }: GuardSettings): Refusal | undefined {
  const name = host === undefined ? undefined : nameOf(host)
  if (name !== undefined) {
    if (isLoopback(name) || allowHosts.includes(name) || allowHosts.includes(host as string)) return undefined
    // An address needs no list: unlike a name, it cannot be made to resolve elsewhere.
    if (isIP(name) !== 0 && name === localAddress?.replace(/^::ffff:/, '')) return undefined
  }
  return {
    status: 421,
    code: 'host_not_allowed',
    message: 'The Host header names neither this sidecar nor a loopback address. Allow a name with --allow-host.',
  }
}

/** The host without its port; `undefined` for an invalid value. */
function nameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

function originRefusal({ host, origin, fetchSite }: Visitor, { allowOrigins }: GuardSettings): Refusal | undefined {
  const isAllowed = origin !== undefined && allowOrigins.includes(origin)
  if (isAllowed) return undefined
  if (fetchSite?.trim().toLowerCase() !== 'cross-site' && (origin === undefined || isSame(origin, host)))
    return undefined
  return {
    status: 403,
    code: 'origin_not_allowed',
    message: 'A web page of another origin sent this request. Allow an origin with --allow-origin.',
  }
}

function isSame(origin: string, host: string | undefined): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}

function tokenRefusal(visitor: Visitor, { token, takesAuthorization }: GuardSettings): Refusal | undefined {
  if (token === undefined) return undefined
  const bearer = takesAuthorization ? /^bearer\s+(.+)$/i.exec(visitor.authorization ?? '')?.[1] : undefined
  const given = visitor.token ?? bearer
  if (given !== undefined && isEqual(given, token)) return undefined
  return {
    status: 401,
    code: 'invalid_sidecar_token',
    message: `This sidecar asks for a token: send it as x-sidecar-token${takesAuthorization ? ', or as Authorization: Bearer' : ''}.`,
  }
}

/** Refuses an address that contains the token. Checked after the token, so the answer tells nothing to a client that guesses. */
function targetRefusal({ target }: Visitor, { token }: GuardSettings): Refusal | undefined {
  if (token === undefined || ![target, unescaped(target)].some((text) => text.includes(token))) return undefined
  return {
    status: 400,
    code: 'token_in_address',
    message:
      'The address holds the token of the sidecar, which must not go to the upstream: send it as x-sidecar-token.',
  }
}

function unescaped(target: string): string {
  return target.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** Compares in a time that does not depend on where the two differ. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
