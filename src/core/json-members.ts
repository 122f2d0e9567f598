/**
 * Changes members of the object that JSON text holds. All other text stays as it is, because parsing and printing it would
 * change it: a number above 2⁵³ would lose digits, and keys such as `"10"` their place. Takes time linear in the text.
 *
 * @param text valid JSON of an object: `JSON.parse` has accepted it.
 * @param changes the JSON of the new value by key; `undefined` removes the member. Applies to each of several members with one key,
 * because parsers disagree on which one counts. A new member comes first.
 */
export function withMembers(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const { members, from, to } = membersOf(text)
  const kept = members.flatMap(({ key, start, value, end }) => {
    if (!Object.hasOwn(changes, key)) return [text.slice(start, end)]
    const changed = changes[key]
    return changed === undefined ? [] : [text.slice(start, value) + changed]
  })
  const known = new Set(members.map(({ key }) => key))
  const added = Object.entries(changes).flatMap(([key, changed]) =>
    changed === undefined || known.has(key) ? [] : [`${JSON.stringify(key)}:${changed}`],
  )
  const all = [...added, ...kept]
  return `${text.slice(0, from)}${all.length === 0 ? '' : all.join(',')}${text.slice(to)}`
}

interface Member {
  readonly key: string
  /** Where the member begins, after `{` or the comma before it. */
  readonly start: number
  /** Where its value begins, after the colon. */
  readonly value: number
  /** The place of the comma or the `}` that ends it. */
  readonly end: number
}

/** The members of the outermost object, and the range that holds them. One pass, without recursion: JSON may be of any depth. */
function membersOf(text: string): { readonly members: readonly Member[]; readonly from: number; readonly to: number } {
  const members: Member[] = []
  const from = text.indexOf('{') + 1
  let start = from
  let key: string | undefined
  let value = 0
  for (let at = from, depth = 1; at < text.length; at++) {
    const token = text[at]
    if (token === '"') {
      const end = endOfString(text, at)
      if (depth === 1) key ??= JSON.parse(text.slice(at, end)) as string
      at = end - 1
    } else if (token === '{' || token === '[') depth++
    else if (depth === 1 && token === ':') value = at + 1
    else if (depth === 1 && (token === ',' || token === '}')) {
      if (key !== undefined) members.push({ key, start, value, end: at })
      if (token === '}') return { members, from, to: at }
      key = undefined
      start = at + 1
    } else if (token === '}' || token === ']') depth--
  }
  throw new TypeError('the text is no JSON object')
}

/** @returns the index after the closing quote of the string that begins at `from`. */
export function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}

const BACKSLASH = 92
