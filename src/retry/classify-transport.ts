import type { ErrorCode } from '../errors/catalog.ts'
import { RequestError } from '../errors/errors.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact } from '../errors/redact.ts'
import { errorChain, systemCauseOf } from '../errors/system-cause.ts'
import { type TlsRefusal, tlsRefusalOf } from '../errors/tls.ts'
import { FetchThrew } from '../transport/fetch-threw.ts'

/** System and undici codes, each with the error code it means. */
const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  ETIMEDOUT: 'connection_failed',
  ENOTFOUND: 'host_not_found',
  EAI_NONAME: 'host_not_found',
  EAI_AGAIN: 'dns_failed',
  EAI_FAIL: 'dns_failed',
  ENETUNREACH: 'network_unreachable',
  EHOSTUNREACH: 'network_unreachable',
  ENETDOWN: 'network_unreachable',
  EADDRNOTAVAIL: 'resources_exhausted',
  EMFILE: 'resources_exhausted',
  ENFILE: 'resources_exhausted',
  ENOBUFS: 'resources_exhausted',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'connection_failed',
  UND_ERR_BODY_TIMEOUT: 'connection_failed',
  UND_ERR_SOCKET: 'connection_closed',
  UND_ERR_CLOSED: 'client_closed',
  UND_ERR_DESTROYED: 'client_closed',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'body_truncated',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'event_too_large',
  UND_ERR_PRX_TLS: 'certificate_rejected',
  UND_ERR_INVALID_ARG: 'invalid_configuration',
  ERR_RESILIENT_BODY: 'request_body_failed',
  ERR_RESILIENT_DECODING: 'decoding_failed',
  ERR_RESILIENT_PROXY_REFUSED: 'proxy_refused',
  ERR_RESILIENT_PROXY_FAILED: 'proxy_failed',
  ERR_RESILIENT_UPGRADE_REFUSED: 'upgrade_refused',
  ERR_RESILIENT_SOCKET_CLOSED: 'socket_closed',
  ERR_RESILIENT_PING_TIMEOUT: 'ping_timeout',
  ERR_RESILIENT_FOREIGN_EVENT: 'wrong_response',
  // The `ws` library: a message above its bound. All its other codes speak of frames that break the protocol.
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'event_too_large',
  FAKE_ATTEMPT_NOT_PLANNED: 'not_scripted',
}

/** Codes of the HTTP parser, and of the reader of WebSocket frames. */
const PROTOCOL_CODE = /^(?:HPE|WS_ERR)_/

/**
 * Codes of failures before a connection existed, whatever transport reports them: the request was certainly not sent.
 */
const CONNECT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'connect_timeout',
  'connection_refused',
  'host_not_found',
  'dns_failed',
  'certificate_rejected',
  'tls_refused',
  'proxy_refused',
  'proxy_failed',
  'upgrade_refused',
])

/**
 * System calls that run only before a connection exists. A code alone is not enough: a route can also be lost under an
 * open connection.
 */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo'])

/**
 * What a transport error means. Pure. Reads codes and error names on the whole `cause` chain. Reads no messages, except
 * the OpenSSL reason of an EPROTO.
 *
 * @param facts.connecting whether the failure came while connecting.
 * @param facts.secrets values that must not appear in the message.
 */
export function classifyTransportError(
  error: unknown,
  facts: { readonly connecting: boolean; readonly host: string; readonly secrets: readonly string[] },
): Failure {
  // The message of a wrapped fetch may hold anything, so it is passed to the caller only.
  if (error instanceof FetchThrew) return failure('fetch_threw', undefined, { thrown: { error: error.thrown } })
  // Loaded with the first connection.
  if (error instanceof RequestError && error.code === 'part_not_loaded')
    return failure('part_not_loaded', error.message, { cause: error.cause, connecting: true })
  const inConnectCall = [...errorChain(error)].some(({ syscall }: Error & { syscall?: unknown }) =>
    CONNECT_CALLS.has(syscall),
  )
  const { code, refusal } = meaningOf(error, facts.connecting || inConnectCall)
  const connecting = facts.connecting || inConnectCall || CONNECT_CODES.has(code)
  const detail =
    refusal === undefined
      ? detailOf(error, facts.secrets)
      : `${refusal.problem} (${refusal.systemCode}). ${refusal.advice}`
  const where = connecting ? `Could not connect to ${facts.host}` : `The connection to ${facts.host} failed`
  const { closeCode, upgradeStatus } = (error ?? {}) as Pick<Failure, 'closeCode' | 'upgradeStatus'>
  return failure(code, `${where}: ${detail}`, {
    cause: systemCauseOf(code, error, facts.secrets),
    connecting,
    ...(typeof closeCode === 'number' && { closeCode }),
    ...(typeof upgradeStatus === 'number' && { upgradeStatus }),
  })
}

function detailOf(error: unknown, secrets: readonly string[]): string {
  return error instanceof Error ? redact(error.message || error.name, secrets) : 'no further detail'
}

/** A TLS alert record instead of an answer: what a TLS port sends to a plain HTTP client. */
const TLS_ALERT = '\u0015\u0003'

function parserErrorOf(error: Error & { data?: unknown; code?: unknown }): ReturnType<typeof meaningOf> {
  if (typeof error.data !== 'string' || !error.data.startsWith(TLS_ALERT)) return { code: 'protocol_error' }
  const refusal: TlsRefusal = {
    code: 'tls_refused',
    systemCode: typeof error.code === 'string' ? error.code : 'HPE_INVALID_CONSTANT',
    problem: 'the port expects TLS, but the address says http:',
    advice: 'Use https: in the address.',
  }
  return { code: refusal.code, refusal }
}

function meaningOf(
  error: unknown,
  connecting: boolean,
): { readonly code: ErrorCode; readonly refusal?: TlsRefusal | undefined } {
  for (const link of errorChain(error)) {
    // undici reports some protocol errors with `code: undefined`, so the name decides.
    if (link.name === 'HTTPParserError') return parserErrorOf(link)
    const refusal = tlsRefusalOf(link, connecting)
    if (refusal !== undefined) return { code: refusal.code, refusal }
    const systemCode = (link as { code?: unknown }).code
    if (typeof systemCode !== 'string') continue
    const known = BY_SYSTEM_CODE[systemCode]
    if (known === undefined && PROTOCOL_CODE.test(systemCode)) return { code: 'protocol_error' }
    if (systemCode === 'ETIMEDOUT' && connecting) return { code: 'connect_timeout' }
    if (known !== undefined) return { code: known }
  }
  return { code: 'connection_failed' }
}
