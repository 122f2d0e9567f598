import type { HeaderPairs } from '../transport.ts'

type ParsedHeaders = Record<string, string | string[] | undefined>

/** Header pairs as the wire had them, or from what a dispatcher made of them where it does not tell. */
export function headerPairs(raw: Buffer[] | string[] | ParsedHeaders | undefined, parsed: ParsedHeaders): HeaderPairs {
  const pairs: Array<readonly [string, string]> = []
  if (Array.isArray(raw)) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      pairs.push([decodeLatin1(raw[i]).toLowerCase(), decodeLatin1(raw[i + 1])])
    }
    return pairs
  }
  for (const [name, value] of Object.entries(parsed)) {
    for (const single of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
      pairs.push([name.toLowerCase(), single])
    }
  }
  return pairs
}

/** Header values are bytes; `Headers` takes each for a character. */
function decodeLatin1(value: Buffer | string | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.toString('latin1')
}
