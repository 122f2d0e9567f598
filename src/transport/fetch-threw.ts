import { errorChain } from '../errors/system-cause.ts'

const CODE = 'ERR_RESILIENT_FETCH_THREW'

/** An error of a wrapped `fetch` that is not a network failure. The call throws that error unchanged. */
export class FetchThrew extends Error {
  readonly code = CODE
  readonly thrown: unknown

  constructor(thrown: unknown) {
    super('the wrapped fetch threw')
    this.thrown = thrown
  }

  /** By code: the transport and the call may be of two copies of this library. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && (value as { readonly code?: unknown }).code === CODE
  }
}

/**
 * Codes of network failures: of the system (`ECONNRESET`), of name lookups, of undici and its parser, of TLS and
 * certificates, of Node's own clients, and of the transports here.
 */
const NETWORK_CODE =
  /^(?:E(?!RR_)[A-Z0-9]+|EAI_[A-Z]+|UND_ERR_\w+|HPE_\w+|ERR_(?:SSL|TLS|HTTP2?|SOCKET|RESILIENT)_\w+|ERR_STREAM_PREMATURE_CLOSE|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/

/**
 * Whether an error is a network failure: a `TypeError`, with which `fetch` rejects by its standard, or an error with
 * such a code in its chain of causes. A wrapped `fetch` may throw anything else: its own error class, a `SyntaxError`
 * from a token endpoint, or its own abort reason. These must not be retried or reported as connection errors.
 */
export function isNetworkFailure(error: unknown): boolean {
  for (const link of errorChain(error)) {
    if (link.name === 'TypeError' || link.name === 'HTTPParserError') return true
    const { code } = link as { code?: unknown }
    if (typeof code === 'string' && NETWORK_CODE.test(code)) return true
  }
  return false
}
