/** The target of a request line, taken apart. A path that cannot be parsed stays as it came, and leads nowhere. */
export function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = ''] = target.split('?')
  // Appended, not resolved: `//host/path` would name another host.
  const url = URL.parse(target.startsWith('/') ? `http://mock${target}` : target)
  if (url === null) return { path, query: new URLSearchParams() }
  // `//` and dot segments are no spelling of another path.
  return { path: target.startsWith('/') ? path : url.pathname, query: url.searchParams }
}

/** Whether a path is written as clients write it: no empty segment, no dot segment, no fragment. */
export function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !/\/(?:\/|\.{1,2}(?:\/|$))|#/.test(path)
}
