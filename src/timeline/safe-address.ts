import { redactUrl } from '../errors/redact.ts'
import type { RecordedCall } from './recorded-call.ts'

/** A recorder keeps no credential and no query, but a file of calls may come from elsewhere. */
export function withSafeAddresses(call: RecordedCall): RecordedCall {
  return {
    ...call,
    url: safeAddress(call.url),
    attempts: call.attempts.map((attempt) =>
      attempt.endpoint === undefined ? attempt : { ...attempt, endpoint: safeAddress(attempt.endpoint) },
    ),
  }
}

/** An address without its user, password, query and fragment, whether it is a URL or not. */
function safeAddress(address: string): string {
  if (!/[@?#]/.test(address)) return address
  const url = URL.parse(address)
  if (url !== null && /^(?:https?|wss?):$/.test(url.protocol)) return redactUrl(url)
  return address.replace(/[?#].*$/s, '?[redacted]').replace(/^([^/]*\/\/)?[^/]*@/, '$1')
}
