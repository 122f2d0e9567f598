import type { DialFailure } from '../schedule.ts'

export function dialError(code: DialFailure, origin: URL): Error {
  const lookup = code === 'ENOTFOUND'
  const certificate = code === 'CERT_HAS_EXPIRED'
  const error = new Error(certificate ? 'certificate has expired' : `${lookup ? 'getaddrinfo' : 'connect'} ${code}`)
  const syscall = certificate ? {} : { syscall: lookup ? 'getaddrinfo' : 'connect' }
  return Object.assign(error, { code, hostname: origin.hostname, ...syscall })
}

export function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' })
}
