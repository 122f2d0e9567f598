import type { ErrorCode } from '../errors/catalog.ts'
import { type Failure, failure } from '../errors/failure.ts'
import { redact } from '../errors/redact.ts'
import { errorChain, systemCauseOf } from '../errors/system-cause.ts'
import { type TlsRefusal, tlsRefusalOf } from '../errors/tls.ts'
import { FetchThrew } from '../transport/fetch-threw.ts'

/** System and undici codes, each with our code for it. */
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
  FAKE_ATTEMPT_NOT_PLANNED: 'not_scripted',
}

/** These arise before a connection exists, whichever transport reports them: the request was provably not sent. */
const CONNECT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'connect_timeout',
  'connection_refused',
  'host_not_found',
  'dns_failed',
  'certificate_rejected',
  'tls_refused',
  'proxy_refused',
  'proxy_failed',
])

/** The system's own word that there was no connection yet: a route, for example, can be lost under an open one as well. */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo'])

/**
 * What a transport's error means. Pure: looks at codes and error names on the whole `cause` chain, and never at messages,
 * except for the reason of OpenSSL in an EPROTO.
 *
 * @param facts.connecting whether the failure came while the connection was still being made.
 * @param facts.secrets values that must not appear in the message.
 */
export function classifyTransportError(
  error: unknown,
  facts: { readonly connecting: boolean; readonly host: string; readonly secrets: readonly string[] },
): Failure {
  // Its words are those of the wrapped fetch, and may hold anything: only whoever made the call gets to see them.
  if (error instanceof FetchThrew) return failure('fetch_threw', undefined, { thrown: { error: error.thrown } })
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
  return failure(code, `${where}: ${detail}`, { cause: systemCauseOf(code, error, facts.secrets), connecting })
}

function detailOf(error: unknown, secrets: readonly string[]): string {
  return error instanceof Error ? redact(error.message || error.name, secrets) : 'no further detail'
}

/** A record of TLS in the place of an answer: an alert, to whoever speaks plain HTTP to a port for HTTPS. */
const TLS_ALERT = '\u0015\u0003'

function parserErrorOf(error: Error & { data?: unknown; code?: unknown }): ReturnType<typeof meaningOf> {
  if (typeof error.data !== 'string' || !error.data.startsWith(TLS_ALERT)) return { code: 'protocol_error' }
  const refusal: TlsRefusal = {
    code: 'tls_refused',
    systemCode: typeof error.code === 'string' ? error.code : 'HPE_INVALID_CONSTANT',
    problem: 'the port speaks TLS, and was asked in plain HTTP',
    advice: 'Use https: in the address.',
  }
  return { code: refusal.code, refusal }
}

function meaningOf(
  error: unknown,
  connecting: boolean,
): { readonly code: ErrorCode; readonly refusal?: TlsRefusal | undefined } {
  for (const link of errorChain(error)) {
    // undici reports some protocol errors with a `code` of undefined, so the name decides.
    if (link.name === 'HTTPParserError') return parserErrorOf(link)
    const refusal = tlsRefusalOf(link, connecting)
    if (refusal !== undefined) return { code: refusal.code, refusal }
    const systemCode = (link as { code?: unknown }).code
    if (typeof systemCode !== 'string') continue
    if (systemCode.startsWith('HPE_')) return { code: 'protocol_error' }
    if (systemCode === 'ETIMEDOUT' && connecting) return { code: 'connect_timeout' }
    const code = BY_SYSTEM_CODE[systemCode]
    if (code !== undefined) return { code }
  }
  return { code: 'connection_failed' }
}
