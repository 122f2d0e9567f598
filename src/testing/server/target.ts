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
export function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !/\/(?:\/|\.{1,2}(?:\/|$))|#/.test(path)
}
