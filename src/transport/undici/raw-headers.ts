import type { HeaderPairs } from '../transport.ts'

type ParsedHeaders = Record<string, string | string[] | undefined>

/**
 * Header pairs as on the wire, or as a dispatcher reports them.
 *
 * @param isOurs `parsed` comes from our own undici, which also reads bytes as characters, and keeps the order of the
 * wire unless a name occurs twice. Other versions may decode UTF-8.
 */
export function headerPairs(
  raw: Buffer[] | string[] | ParsedHeaders | undefined,
  parsed: ParsedHeaders,
  isOurs = false,
): HeaderPairs {
  if (Array.isArray(raw)) {
    if (isOurs) {
      const pairs = Object.entries(parsed)
      if (pairs.length * 2 === raw.length) return pairs as ReadonlyArray<readonly [string, string]>
    }
    // Allocated without spare room, because a stream keeps them to its end.
    return Array.from({ length: raw.length >> 1 }, (_, i) => [
      decodeLatin1(raw[2 * i]).toLowerCase(),
      decodeLatin1(raw[2 * i + 1]),
    ])
  }
  const pairs: Array<readonly [string, string]> = []
  for (const [name, value] of Object.entries(parsed)) {
    for (const single of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
      pairs.push([name.toLowerCase(), single])
    }
  }
  return pairs
}

/** Header values are bytes. `Headers` reads each as a character. */
function decodeLatin1(value: Buffer | string | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.toString('latin1')
}
