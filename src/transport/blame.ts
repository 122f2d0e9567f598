import { isCertificateCode } from '../errors/certificate-codes.ts'

/**
 * Decides what caused a failure. A client is poisoned when its connection failed. It is not poisoned when this process
 * ran out of sockets, when trust is missing, or when the caller's request failed, because another client would fail as
 * well.
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

/** Whether a failure was caused by the connection, so that its client gets no new lease. */
export function blamesConnection(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  if (typeof code !== 'string') return true
  return !NOT_THE_CONNECTION.has(code) && !isCertificateCode(code)
}
