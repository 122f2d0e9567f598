/** A JSON object of any shape: gateways omit fields and send wrong types. */
export type Loose = Record<string, unknown>

export function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How much JSON was copied: at most its length as text. */
export interface Tally {
  size: number
}

/**
 * A deep copy of parsed JSON, with holes of arrays closed. Not recursive, because an endpoint decides how deep its JSON
 * is, and much cheaper than `structuredClone`.
 */
export function copyOf<T>(value: T, tally: Tally = { size: 0 }): T {
  const open: [from: object, to: object][] = []
  const root = begin(value, open, tally)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, to] = next
    if (Array.isArray(from)) for (const each of Object.values(from)) (to as unknown[]).push(begin(each, open, tally))
    else {
      for (const key of Object.keys(from)) {
        tally.size += key.length
        setOwn(to as Loose, key, begin((from as Loose)[key], open, tally))
      }
    }
  }
  return root as T
}

function begin(value: unknown, open: [from: object, to: object][], tally: Tally): unknown {
  tally.size += typeof value === 'string' ? value.length : 1
  if (typeof value !== 'object' || value === null) return value
  const to = Array.isArray(value) ? [] : {}
  open.push([value, to])
  return to
}

/**
 * The own property of an object under a key that an endpoint chose. A plain read of `__proto__` would return
 * `Object.prototype`, and a write to that would change every object of the process.
 */
export function getOwn(owner: Loose, key: string): unknown {
  return Object.hasOwn(owner, key) ? owner[key] : undefined
}

/** Sets a key that an endpoint chose. A plain assignment of `__proto__` would replace the prototype. */
export function setOwn(to: Loose, key: string, value: unknown): void {
  if (key !== '__proto__') to[key] = value
  else Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
}

/**
 * Adds the content of an announcement to `known`: its fields, and one level deeper those in `action` and `operation`.
 * Fields that are empty in the announcement keep what deltas have brought. The time depends on the size of the
 * announcement, because `known` may be much larger.
 */
export function addTold(known: Loose, told: Loose, levels = 2): Loose {
  for (const key of Object.keys(told)) {
    const value = getOwn(told, key)
    const before = getOwn(known, key)
    if (levels > 1 && isLoose(value) && isLoose(before)) addTold(before, value, levels - 1)
    else if (!isBlank(value) || before === undefined) setOwn(known, key, value)
  }
  return known
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/** The object under a key. Created if the key holds no object. */
export function objectIn(owner: Loose, key: string): Loose {
  const known = owner[key]
  if (isLoose(known)) return known
  const made: Loose = {}
  owner[key] = made
  return made
}

/** The list under a key. Created if the key holds no list. */
export function listIn(owner: Loose, key: string): unknown[] {
  const known = owner[key]
  if (Array.isArray(known)) return known
  const made: unknown[] = []
  owner[key] = made
  return made
}

/** More than any list of parts has. A larger index is invalid. */
const MAX_INDEX = 10_000

/** The index to use. If it is missing or invalid, the last entry, so that no text is lost. */
export function placeIn(list: readonly unknown[], index: unknown): number {
  return isIndex(index) && index < MAX_INDEX ? index : Math.max(0, list.length - 1)
}

/** The index for a new entry: after all others, unless an index is given. */
export function nextPlaceIn(list: readonly unknown[], index: unknown): number {
  return index === undefined || index === null ? list.length : placeIn(list, index)
}

/** The object at an index. Created if the place holds no object. */
export function objectAt(list: unknown[], index: unknown, make: () => Loose): Loose {
  const place = placeIn(list, index)
  const known = list[place]
  if (isLoose(known)) return known
  const made = make()
  list[place] = made
  return made
}

export function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
