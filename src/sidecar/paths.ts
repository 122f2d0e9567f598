/** Prefixes that clients send before the path of an operation. They are cut off, because the upstream's address has its own. */
const CLIENT_PREFIXES = ['/v1', '/backend-api/codex']

/** Path segments that lead out of the base path, plain or escaped, and characters that servers read as a slash. */
const TRICKS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\]|%2f|%5c)|\/\/|\\|%5c|%2f|%00|#/i
/** Paths of the sidecar itself. Those that it does not have are not found, because the upstream has none of them either. */
const OF_SIDECAR = /^\/_live(?:\/|$)/
const UNPRINTABLE = /[^\x21-\x7e]/

/**
 * The address at the upstream for the target of a request. `/v1/responses` and `/responses` both become `<base>/responses`. Pure.
 *
 * @param target the request target as the client sent it, `/v1/responses?x=1`.
 * @returns `undefined` for a target that is not below the base: absolute, or with `..`, `//` or escaped slashes, and for the paths of
 * the sidecar itself.
 */
export function upstreamUrl(target: string, base: URL): URL | undefined {
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  if (!path.startsWith('/') || TRICKS.test(path) || OF_SIDECAR.test(unescaped(path)) || UNPRINTABLE.test(target))
    return undefined
  const basePath = base.pathname.replace(/\/+$/, '')
  const prefix = [basePath, ...CLIENT_PREFIXES].find((one) => one !== '' && path.startsWith(`${one}/`)) ?? ''
  const rest = path.slice(prefix.length)
  if (rest === '/') return undefined
  const url = new URL(base)
  url.pathname = basePath + rest
  const queries = [base.search.slice(1), end === -1 ? '' : target.slice(end + 1)].filter((query) => query !== '')
  url.search = queries.join('&')
  // The parsed address must still be below the base.
  return url.pathname === basePath + rest ? url : undefined
}

/** As a server reads it. Escapes that are not whole stay as they are. */
function unescaped(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
