import type { HeaderPairs } from '../transport/transport.ts'

/** Headers that apply to one connection only (RFC 9110 7.6.1). */
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

/** Headers that sidecar and upstream set separately, each for one connection. */
const OF_REQUEST_MESSAGE: ReadonlySet<string> = new Set(['host', 'content-length', 'expect', 'accept-encoding'])

/** Headers that only the sidecar may see: they hold its token. */
export const TOKEN_HEADER = 'x-sidecar-token'

/** Adds the names that a `Connection` header lists. They apply to that connection only, too. */
function listedIn(connection: readonly string[]): ReadonlySet<string> {
  return new Set(connection.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase()))
}

/**
 * The headers of a client that are sent to the upstream. Pure.
 *
 * @param raw names and values alternating, as in `IncomingMessage.rawHeaders`.
 * @param dropped further names that are not sent, in lower case.
 * @param token of the sidecar. A header that contains it is not sent, whatever its name.
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

/** The headers of the upstream that are sent to the client. Pure. */
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
