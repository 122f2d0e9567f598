/** A JSON object of which nothing is taken for granted: gateways leave out fields and send others of the wrong type. */
export type Loose = Record<string, unknown>

export function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A deep copy of parsed JSON; holes of arrays are closed. Without recursion, because an endpoint decides how deep its JSON
 * is, and a good deal cheaper than `structuredClone`.
 */
export function copyOf<T>(value: T): T {
  const open: [from: object, to: object][] = []
  const root = begin(value, open)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, to] = next
    if (Array.isArray(from)) for (const each of Object.values(from)) (to as unknown[]).push(begin(each, open))
    else for (const key of Object.keys(from)) put(to as Loose, key, begin((from as Loose)[key], open))
  }
  return root as T
}

function begin(value: unknown, open: [from: object, to: object][]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const to = Array.isArray(value) ? [] : {}
  open.push([value, to])
  return to
}

function put(to: Loose, key: string, value: unknown): void {
  if (key !== '__proto__') to[key] = value
  // JSON may hold it as a plain key; assigned, it would replace the prototype.
  else Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
}

/** The object under a key, made if there is none. */
export function objectIn(owner: Loose, key: string): Loose {
  const known = owner[key]
  if (isLoose(known)) return known
  const made: Loose = {}
  owner[key] = made
  return made
}

/** The list under a key, made if there is none. */
export function listIn(owner: Loose, key: string): unknown[] {
  const known = owner[key]
  if (Array.isArray(known)) return known
  const made: unknown[] = []
  owner[key] = made
  return made
}

/** More than any list of parts has; an index beyond it is garbage, and would make a list that nobody can walk through. */
const MAX_PLACES = 10_000

/** Where an index points: at the last entry if it is missing, nowhere if it is beyond reason. */
export function placeIn(list: readonly unknown[], index: unknown): number | undefined {
  if (!isIndex(index)) return Math.max(0, list.length - 1)
  return index < MAX_PLACES ? index : undefined
}

/** The object at an index, made if there is none. `undefined` if the index is beyond reason. */
export function objectAt(list: unknown[], index: unknown, make: () => Loose): Loose | undefined {
  const place = placeIn(list, index)
  if (place === undefined) return undefined
  const known = list[place]
  if (isLoose(known)) return known
  const made = make()
  list[place] = made
  return made
}

export function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
