/** Parses the target of a request line. A path that cannot be parsed stays as it is, and matches no route. */
export function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = ''] = target.split('?')
  // Appended, not resolved: `//host/path` would name another host.
  const url = URL.parse(target.startsWith('/') ? `http://mock${target}` : target)
  if (url === null) return { path, query: new URLSearchParams() }
  // `//` and dot segments make a different path.
  return { path: target.startsWith('/') ? path : url.pathname, query: url.searchParams }
}

/** Whether a path is in the usual form: no empty segment, no dot segment, no fragment. */
function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !/\/(?:\/|\.{1,2}(?:\/|$))|#/.test(path)
}

/** What stands in front of the paths of the API. `undefined`: the path is not one of the API. */
function prefixOf(path: string): string | undefined {
  return /^(.*?)\/(?:responses|chat\/completions|files|uploads|echo)(?:\/|$)/.exec(path)?.[1]
}

/** Whether the server answers requests to a path, where `prefixes` limits what stands in front of it. */
export function isServed(path: string, prefixes: readonly string[] | undefined): boolean {
  if (!isPlainPath(path)) return false
  const prefix = prefixOf(path)
  return prefixes === undefined || prefix === undefined || prefixes.includes(prefix)
}
