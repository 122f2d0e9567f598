import type { HeaderPairs } from '../transport/transport.ts'

/** Headers of one connection (RFC 9110 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Sidecar and upstream each decide these for their own connection. */
const OF_REQUEST_MESSAGE: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'accept-encoding'])

/** The client shows its token to the sidecar alone. */
export const TOKEN_HEADER = 'x-sidecar-token'

/** Names that a `Connection` header lists belong to that connection, too. */
function listedIn(connection: readonly string[]): ReadonlySet<string> {
  return new Set(connection.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase()))
}

/**
 * What of a client's headers goes to the upstream. Pure.
 *
 * @param raw names and values in turn, as `IncomingMessage.rawHeaders` has them.
 * @param dropped further names, in lower case, that stay here.
 * @param token of the sidecar: a header that holds it stays here, whatever its name.
 */
export function headersUp(
  raw: readonly string[],
  dropped: ReadonlySet<string>,
  token?: string | undefined,
): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) pairs.push([(raw[i] as string).toLowerCase(), raw[i + 1] as string])
  const listed = listedIn(pairs.filter(([name]) => name === 'connection').map(([, value]) => value))
  return pairs.filter(
    ([name, value]) =>
      !HOP_BY_HOP.has(name) &&
      !OF_REQUEST_MESSAGE.has(name) &&
      name !== TOKEN_HEADER &&
      !dropped.has(name) &&
      !listed.has(name) &&
      (token === undefined || !value.includes(token)),
  )
}

/** What of the upstream's headers goes to the client. Pure. */
export function headersDown(headers: Headers, hasWholeBody: boolean): HeaderPairs {
  const connection = headers.get('connection')
  const listed = connection === null ? undefined : listedIn([connection])
  const pairs: [string, string][] = []
  for (const [name, value] of headers) {
    if (HOP_BY_HOP.has(name) || listed?.has(name)) continue
    if (name === 'content-length' && !hasWholeBody) continue
    pairs.push([name, value])
  }
  return pairs
}
