/**
 * Codes of OpenSSL and Node for a certificate that was refused: the endpoint's by this client, or the client's by the endpoint.
 * Apart from their texts, because a connection needs them before anything failed.
 */
export const CERTIFICATE_CODES = {
  expired: /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
  otherHost: /^(?:ERR_TLS_CERT_ALTNAME_|HOSTNAME_MISMATCH)/,
  untrusted: /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_|CERT_UNTRUSTED|INVALID_CA)/,
  invalid: /^(?:CERT_|ERR_TLS_CERT_|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_)/,
  clientMissing: /_ALERT_(?:CERTIFICATE_REQUIRED|NO_CERTIFICATE)$/,
  clientRefused:
    /_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED)$/,
} as const

/** Whether a code says that a certificate was refused, by this client or by the endpoint. */
export function isCertificateCode(code: string): boolean {
  return Object.values(CERTIFICATE_CODES).some((pattern) => pattern.test(code))
}
