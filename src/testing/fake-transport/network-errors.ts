/** The phase in which a connection fails. The same code has a different message in each. */
export type FailurePhase = 'connect' | 'send' | 'read'

/**
 * Failures that `FakeTransport` can raise by code, each with the shape of the real error. Any other failure is given as
 * an `Error`, which is raised unchanged.
 */
export type NetworkErrorCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EPIPE'
  | 'ETIMEDOUT'
  | 'ENOTFOUND'
  | 'EAI_AGAIN'
  | 'ENETUNREACH'
  | 'EHOSTUNREACH'
  | 'ENETDOWN'
  | 'EMFILE'
  | 'ENFILE'
  | 'ENOBUFS'
  | 'CERT_HAS_EXPIRED'
  | 'DEPTH_ZERO_SELF_SIGNED_CERT'
  | 'ERR_TLS_CERT_ALTNAME_INVALID'
  | 'UND_ERR_CONNECT_TIMEOUT'
  | 'UND_ERR_SOCKET'
  | 'UND_ERR_HEADERS_OVERFLOW'
  | 'UND_ERR_CLOSED'
  | 'UND_ERR_DESTROYED'
  | 'HPE_INVALID_CHUNK_SIZE'

/** Properties that the operating system, TLS and an HTTP client add to an `Error`. */
interface ErrorShape {
  readonly name?: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

type Shaper = (url: URL, phase: FailurePhase) => ErrorShape

const SHAPES: Record<NetworkErrorCode, Shaper> = {
  ECONNREFUSED: systemCall('ECONNREFUSED', -111),
  ECONNRESET: systemCall('ECONNRESET', -104),
  EPIPE: systemCall('EPIPE', -32),
  ETIMEDOUT: systemCall('ETIMEDOUT', -110),
  ENETUNREACH: systemCall('ENETUNREACH', -101),
  EHOSTUNREACH: systemCall('EHOSTUNREACH', -113),
  ENETDOWN: systemCall('ENETDOWN', -100),
  EMFILE: systemCall('EMFILE', -24),
  ENFILE: systemCall('ENFILE', -23),
  ENOBUFS: systemCall('ENOBUFS', -105),
  ENOTFOUND: lookup('ENOTFOUND', -3008),
  EAI_AGAIN: lookup('EAI_AGAIN', -3001),
  CERT_HAS_EXPIRED: () => ({ message: 'certificate has expired' }),
  DEPTH_ZERO_SELF_SIGNED_CERT: () => ({ message: 'self-signed certificate' }),
  ERR_TLS_CERT_ALTNAME_INVALID: ({ hostname }) => ({
    message: `Hostname/IP does not match certificate's altnames: Host: ${hostname}. is not in the cert's altnames`,
    fields: { host: hostname },
  }),
  UND_ERR_CONNECT_TIMEOUT: () => ({ name: 'ConnectTimeoutError', message: 'Connect Timeout Error' }),
  UND_ERR_SOCKET: () => ({ name: 'SocketError', message: 'other side closed' }),
  UND_ERR_HEADERS_OVERFLOW: () => ({ name: 'HeadersOverflowError', message: 'Headers Overflow Error' }),
  UND_ERR_CLOSED: () => ({ name: 'ClientClosedError', message: 'The client is closed' }),
  UND_ERR_DESTROYED: () => ({ name: 'ClientDestroyedError', message: 'The client is destroyed' }),
  HPE_INVALID_CHUNK_SIZE: () => ({ name: 'HTTPParserError', message: 'Invalid character in chunk size' }),
}

export const NETWORK_ERROR_CODES = Object.keys(SHAPES) as readonly NetworkErrorCode[]

export function isNetworkErrorCode(code: unknown): code is NetworkErrorCode {
  return typeof code === 'string' && Object.hasOwn(SHAPES, code)
}

/** Problems of this machine or of trust, which a new connection cannot solve. */
const NOT_THE_CONNECTION: ReadonlySet<unknown> = new Set<NetworkErrorCode>([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** An error with the properties of the real one: name, message, `code`, `syscall`, `address`, … */
export function networkError(code: NetworkErrorCode, url: URL, phase: FailurePhase = 'read'): Error {
  const { name, message, fields } = SHAPES[code](url, phase)
  const error = Object.assign(new Error(message), { code, ...fields })
  if (name !== undefined) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  return error
}

/** Whether a failure with this code poisons the client. */
export function blamesConnection(code: unknown): boolean {
  return !NOT_THE_CONNECTION.has(code)
}

function systemCall(code: string, errno: number): Shaper {
  return (url, phase) => {
    if (phase === 'connect') {
      const address = '127.0.0.1'
      const port = portOf(url)
      return { message: `connect ${code} ${address}:${port}`, fields: { errno, syscall: 'connect', address, port } }
    }
    const syscall = phase === 'send' || code === 'EPIPE' ? 'write' : 'read'
    return { message: `${syscall} ${code}`, fields: { errno, syscall } }
  }
}

function lookup(code: string, errno: number): Shaper {
  return ({ hostname }) => {
    return { message: `getaddrinfo ${code} ${hostname}`, fields: { errno, syscall: 'getaddrinfo', hostname } }
  }
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
