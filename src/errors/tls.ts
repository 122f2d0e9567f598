import type { ErrorCode } from './catalog.ts'

/** Why TLS with an endpoint cannot succeed. The next connection would fail in the same way. */
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
  /** On an open connection the code means broken bytes, which another connection can heal. */
  readonly onlyConnecting?: boolean
  readonly problem: string
  readonly advice: string
}

/**
 * The first matching row counts. Codes of alerts differ between versions of OpenSSL (`SSLV3_ALERT_…`, `SSL/TLS_ALERT_…`),
 * so only their ends are compared.
 */
const ROWS: readonly Row[] = [
  row(
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    'certificate_rejected',
    "the time of the endpoint's certificate is over, or has not come",
    'The endpoint has to renew the certificate; check the clock of this machine, too.',
  ),
  row(
    /^(?:ERR_TLS_CERT_ALTNAME_|HOSTNAME_MISMATCH)/,
    'certificate_rejected',
    "the endpoint's certificate is for another host",
    'Check the host of the address, or give the name of the certificate as `tls.servername`.',
  ),
  row(
    /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_|CERT_UNTRUSTED|INVALID_CA)/,
    'certificate_rejected',
    "the endpoint's certificate is not trusted here",
    'Give the certificate of its authority as `tls.ca`, or start Node with NODE_EXTRA_CA_CERTS.',
  ),
  row(
    /^(?:CERT_|ERR_TLS_CERT_|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_)/,
    'certificate_rejected',
    "the endpoint's certificate is not acceptable",
    'The endpoint has to replace it.',
  ),
  // With TLS 1.3 the endpoint judges the client's certificate after the client is connected.
  row(
    /_ALERT_(?:CERTIFICATE_REQUIRED|NO_CERTIFICATE)$/,
    'client_certificate_refused',
    'the endpoint requires a client certificate',
    'Give it as `tls.cert` and `tls.key`.',
  ),
  row(
    /_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED)$/,
    'client_certificate_refused',
    'the endpoint does not accept the client certificate',
    'Give one that it accepts as `tls.cert` and `tls.key`.',
  ),
  {
    ...row(
      /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL)$/,
      'tls_refused',
      'the port does not speak TLS',
      'Use http: in the address, or the port that speaks https; a proxy in between can be the reason, too.',
    ),
    onlyConnecting: true,
  },
  row(
    /^ERR_SSL_(?:UNSUPPORTED_PROTOCOL|VERSION_TOO_(?:LOW|HIGH)|NO_PROTOCOLS_AVAILABLE|WRONG_SSL_VERSION)$|_ALERT_PROTOCOL_VERSION$/,
    'tls_refused',
    'the endpoint and this client have no version of TLS in common',
    'Change `tls.minVersion` or `tls.maxVersion`, or the versions that the endpoint offers.',
  ),
  row(
    /^ERR_SSL_(?:NO_SHARED_CIPHER|NO_CIPHERS_AVAILABLE)$|_ALERT_(?:HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)$/,
    'tls_refused',
    'the endpoint refused the TLS handshake: no cipher in common, or a client certificate is missing',
    'Give the client certificate as `tls.cert` and `tls.key` if the endpoint needs one; else change the ciphers that it offers.',
  ),
  row(
    /UNRECOGNIZED_NAME$/,
    'tls_refused',
    'the endpoint does not know the host name that it was asked for',
    'Check the host of the address, or give the name it knows as `tls.servername`.',
  ),
  row(
    /_ALERT_NO_APPLICATION_PROTOCOL$/,
    'tls_refused',
    'the endpoint does not speak HTTP/1.1 on this port',
    'Use an address that does.',
  ),
]

function row(pattern: RegExp, code: TlsRefusal['code'], problem: string, advice: string): Row {
  return { pattern, code, problem, advice }
}

/** Why TLS cannot succeed; `undefined` for every other failure. Looks at this error alone, not at its causes. Pure. */
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

/** Whether a code says that a certificate was refused, by this client or by the endpoint. */
export function isCertificateCode(code: string): boolean {
  return ROWS.some((row) => row.code !== 'tls_refused' && row.pattern.test(code))
}

const OPENSSL_REASON = /SSL routines:[^:]*:([^:]{1,60}):/

/** Some failures of a handshake come as EPROTO, with OpenSSL's reason in their text only. */
function tlsCodeOf({ code, message }: Error & { code?: unknown }): string | undefined {
  if (typeof code !== 'string') return undefined
  if (code !== 'EPROTO') return code
  const reason = OPENSSL_REASON.exec(message)?.[1]
  return reason === undefined ? undefined : `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`
}
