import { isCertificateCode } from '../errors/tls.ts'

/**
 * Whose fault a failure was. A client is poisoned when its connection failed; not when this process ran out of sockets,
 * when trust is missing, or when the caller's own request was to blame: another client would fare no better.
 */

const NOT_THE_CONNECTION: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'EADDRNOTAVAIL',
  'ERR_RESILIENT_BODY',
  'ERR_RESILIENT_PROXY_REFUSED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])

/** Whether a failure speaks against the connection that carried it, so that its client gets no new lease. */
export function blamesConnection(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  if (typeof code !== 'string') return true
  return !NOT_THE_CONNECTION.has(code) && !isCertificateCode(code)
}
