/** Prefixes that clients put before the path of an operation, and that the address of the upstream has by itself. */
const CLIENT_PREFIXES = ['/v1', '/backend-api/codex']

/** A way out of the base path, written plainly or with escapes; and what servers read as a slash. */
const TRICKS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\]|%2f|%5c)|\/\/|\\|%5c|%2f|%00|#/i
const UNPRINTABLE = /[^\x21-\x7e]/

/**
 * The address of the upstream for what a client asked for: `/v1/responses` and `/responses` both become `<base>/responses`.
 * Pure.
 *
 * @param target the request target as the client sent it, `/v1/responses?x=1`.
 * @returns `undefined` for a target that names nothing below the base: absolute, with `..`, `//` or escaped slashes.
 */
export function upstreamUrl(target: string, base: URL): URL | undefined {
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  if (!path.startsWith('/') || TRICKS.test(path) || UNPRINTABLE.test(target)) return undefined
  const basePath = base.pathname.replace(/\/+$/, '')
  const prefix = [basePath, ...CLIENT_PREFIXES].find((one) => one !== '' && path.startsWith(`${one}/`)) ?? ''
  const rest = path.slice(prefix.length)
  if (rest === '/') return undefined
  const url = new URL(base)
  url.pathname = basePath + rest
  const queries = [base.search.slice(1), end === -1 ? '' : target.slice(end + 1)].filter((query) => query !== '')
  url.search = queries.join('&')
  // What the parser of addresses made of it must still lie below the base.
  return url.pathname === basePath + rest ? url : undefined
}
