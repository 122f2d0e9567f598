import { hash } from 'node:crypto'

/** A JSON value, as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

/**
 * Digests of one item of a conversation, which tell whether a caller sent the same item again. Two prints fit if their digests
 * are equal and no optional field that both have differs. Holds no content.
 */
export interface ItemPrint {
  /** Digest of the item without its optional fields. The order of keys does not matter. */
  readonly digest: string
  /** The optional fields that the item has, each with the digest of its value. Most items have one or two. */
  readonly optional: ReadonlyArray<readonly [path: string, digest: string]>
}

/** Fields that the server fills in. SDKs send some of them back and leave others out. */
const OPTIONAL_OF_ITEM: ReadonlySet<string> = new Set(['id', 'status'])
const OPTIONAL_OF_PART: ReadonlySet<string> = new Set(['annotations', 'logprobs'])

/** Pure. Linear in the size of the item. */
export function printOf(item: Json): ItemPrint {
  const optional: Array<readonly [string, string]> = []
  if (!isObject(item)) return { digest: digestOf(item), optional }
  const take = (owner: JsonObject, names: ReadonlySet<string>, path: string): JsonObject => {
    const rest: Record<string, Json> = Object.create(null)
    for (const key of Object.keys(owner)) {
      const value = owner[key] as Json
      if (!names.has(key)) rest[key] = value
      else if (value !== null) optional.push([`${path}${key}`, digestOf(value)])
    }
    return rest
  }
  const core = take(item, OPTIONAL_OF_ITEM, '') as Record<string, Json>
  // The API reads an item with a role and without a type as a message, and a string of the assistant as one text part.
  if (core.type === undefined && core.role !== undefined) core.type = 'message'
  if (core.type === 'message' && core.role === 'assistant' && typeof core.content === 'string')
    core.content = [{ type: 'output_text', text: core.content }]
  if (Array.isArray(core.content)) {
    core.content = (core.content as readonly Json[]).map((part, i) =>
      isObject(part) ? take(part, OPTIONAL_OF_PART, `content.${i}.`) : part,
    )
  }
  return { digest: digestOf(core), optional }
}

/** Whether two prints can be of the same item. */
export function fits(one: ItemPrint, other: ItemPrint): boolean {
  if (one.digest !== other.digest) return false
  return one.optional.every(([path, digest]) => {
    const known = other.optional.find(([name]) => name === path)
    return known === undefined || known[1] === digest
  })
}

/** The print with those optional fields of `known` that it lacks. */
export function withOptionalOf(print: ItemPrint, known: ItemPrint | undefined): ItemPrint {
  const more = known?.optional.filter(([path]) => !print.optional.some(([name]) => name === path)) ?? []
  return more.length === 0 ? print : { ...print, optional: [...print.optional, ...more] }
}

/** Digest of a JSON value. The order of keys does not matter. SHA-256, because others may have chosen the text to collide. */
export function digestOf(value: Json): string {
  const parts: string[] = []
  write(value, parts)
  return hash('sha256', parts.join(''), 'base64')
}

/** Strings are written with their length, so different values are written differently. No recursion: the input sets the depth. */
function write(root: Json, parts: string[]): void {
  const open: Array<Json | Mark> = [root]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next instanceof Mark) parts.push(next.text)
    else if (typeof next === 'string')
      parts.push('s', String(next.length), ':', next.isWellFormed() ? next : JSON.stringify(next))
    else if (Array.isArray(next)) {
      parts.push('[')
      open.push(CLOSE)
      for (let i = next.length - 1; i >= 0; i--) open.push(next[i] as Json)
    } else if (isObject(next)) {
      parts.push('{')
      open.push(CLOSE)
      for (const key of Object.keys(next).sort().reverse())
        open.push(next[key] as Json, new Mark(`k${key.length}:${key.isWellFormed() ? key : JSON.stringify(key)}`))
    } else parts.push(String(next), ';')
  }
}

class Mark {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const CLOSE = new Mark('}')

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
