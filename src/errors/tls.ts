import type { ErrorCode } from './catalog.ts'
import { CERTIFICATE_CODES } from './certificate-codes.ts'

/** Why TLS with an endpoint fails. The next connection would fail in the same way. */
export interface TlsRefusal {
  readonly code: Extract<ErrorCode, 'certificate_rejected' | 'client_certificate_refused' | 'tls_refused'>
  /** Code of OpenSSL or Node, for example `ERR_SSL_WRONG_VERSION_NUMBER`. */
  readonly systemCode: string
  /** What is wrong, as the second half of a sentence. */
  readonly problem: string
  /** What the user can do. */
  readonly advice: string
}

interface Row {
  readonly pattern: RegExp
  readonly code: TlsRefusal['code']
  /** On an open connection the code means broken bytes, and a new connection can help. */
  readonly onlyConnecting?: boolean
  readonly problem: string
  readonly advice: string
}

/**
 * The first matching row counts. Alert codes differ between versions of OpenSSL (`SSLV3_ALERT_…`, `SSL/TLS_ALERT_…`),
 * so only their ends are compared.
 */
const ROWS: readonly Row[] = [
  row(
    CERTIFICATE_CODES.expired,
    'certificate_rejected',
    "the endpoint's certificate is expired, or not valid yet",
    'Renew the certificate at the endpoint, or correct the clock of this machine.',
  ),
  row(
    CERTIFICATE_CODES.otherHost,
    'certificate_rejected',
    "the endpoint's certificate is for another host",
    'Check the host of the address, or set `tls.servername` to the name in the certificate.',
  ),
  row(
    CERTIFICATE_CODES.untrusted,
    'certificate_rejected',
    "the endpoint's certificate is not trusted",
    'Set `tls.ca` to the certificate of its authority, or start Node with NODE_EXTRA_CA_CERTS.',
  ),
  row(
    CERTIFICATE_CODES.invalid,
    'certificate_rejected',
    "the endpoint's certificate is invalid",
    'Replace the certificate at the endpoint.',
  ),
  // With TLS 1.3 the endpoint checks the client's certificate after the client is connected.
  row(
    CERTIFICATE_CODES.clientMissing,
    'client_certificate_refused',
    'the endpoint requires a client certificate',
    'Set `tls.cert` and `tls.key`.',
  ),
  row(
    CERTIFICATE_CODES.clientRefused,
    'client_certificate_refused',
    'the endpoint refused the client certificate',
    'Set `tls.cert` and `tls.key` to a certificate that it accepts.',
  ),
  {
    ...row(
      /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL)$/,
      'tls_refused',
      'the port does not use TLS',
      'Use http: in the address, or the port for https. A proxy in between can also be the cause.',
    ),
    onlyConnecting: true,
  },
  row(
    /^ERR_SSL_(?:UNSUPPORTED_PROTOCOL|VERSION_TOO_(?:LOW|HIGH)|NO_PROTOCOLS_AVAILABLE|WRONG_SSL_VERSION)$|_ALERT_PROTOCOL_VERSION$/,
    'tls_refused',
    'the endpoint and this client have no common TLS version',
    'Change `tls.minVersion` or `tls.maxVersion`, or the versions that the endpoint offers.',
  ),
  row(
    /^ERR_SSL_(?:NO_SHARED_CIPHER|NO_CIPHERS_AVAILABLE)$|_ALERT_(?:HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$/,
    'tls_refused',
    'the endpoint refused the TLS handshake: no cipher in common, or a client certificate is missing',
    'Set `tls.cert` and `tls.key` if the endpoint requires a client certificate. Otherwise change the ciphers of the endpoint.',
  ),
  row(
    /UNRECOGNIZED_NAME$/,
    'tls_refused',
    'the endpoint does not know the requested host name',
    'Check the host of the address, or set `tls.servername` to the name that the endpoint knows.',
  ),
  row(
    /_ALERT_NO_APPLICATION_PROTOCOL$/,
    'tls_refused',
    'the endpoint does not speak HTTP/1.1 on this port',
    'Use the address of a port that does.',
  ),
]

function row(pattern: RegExp, code: TlsRefusal['code'], problem: string, advice: string): Row {
  return { pattern, code, problem, advice }
}

/** Why TLS fails. `undefined` for every other failure. Checks this error alone, not its causes. Pure. */
export function tlsRefusalOf(error: Error & { code?: unknown }, isConnecting: boolean): TlsRefusal | undefined {
  const systemCode = tlsCodeOf(error)
  if (systemCode === undefined) return undefined
  const found = ROWS.find(
    ({ pattern, onlyConnecting }) => (isConnecting || !onlyConnecting) && pattern.test(systemCode),
  )
  if (found === undefined) return undefined
  const { code, problem, advice } = found
  return { code, systemCode, problem, advice }
}

const OPENSSL_REASON = /SSL routines:[^:]*:([^:]{1,60}):/

/** Some handshake failures come as EPROTO, with OpenSSL's reason only in their message. */
function tlsCodeOf({ code, message }: Error & { code?: unknown }): string | undefined {
  if (typeof code !== 'string') return undefined
  if (code !== 'EPROTO') return code
  const reason = OPENSSL_REASON.exec(message)?.[1]
  return reason === undefined ? undefined : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`
}
