import { errorChain } from '../errors/system-cause.ts'

/** What a wrapped `fetch` threw where that is no failure of the network: it comes out of the call as the very thing. */
export class FetchThrew extends Error {
  readonly code = 'ERR_RESILIENT_FETCH_THREW'
  readonly thrown: unknown

  constructor(thrown: unknown) {
    super('the wrapped fetch threw')
    this.thrown = thrown
  }
}

/**
 * Codes of failures on the way to an endpoint: of the system (`ECONNRESET`), of name lookups, of undici and its parser, of
 * TLS and certificates, of Node's own clients, and of the transports here.
 */
const NETWORK_CODE =
  /^(?:E(?!RR_)[A-Z0-9]+|EAI_[A-Z]+|UND_ERR_\w+|HPE_\w+|ERR_(?:SSL|TLS|HTTP2?|SOCKET|RESILIENT)_\w+|ERR_STREAM_PREMATURE_CLOSE|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/

/**
 * Whether an error says that the network failed: a `TypeError`, which is what `fetch` rejects with by its standard, or an
 * error with such a code in its chain of causes. A `fetch` that is wrapped may throw anything else: an error class of its
 * own, a `SyntaxError` from a token endpoint, the reason of an abort of its own. To retry that, or to call it a connection
 * error, would be wrong.
 */
export function isNetworkFailure(error: unknown): boolean {
  for (const link of errorChain(error)) {
    if (link.name === 'TypeError' || link.name === 'HTTPParserError') return true
    const { code } = link as { code?: unknown }
    if (typeof code === 'string' && NETWORK_CODE.test(code)) return true
  }
  return false
}
