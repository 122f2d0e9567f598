import { endOfString } from '../../core/json-members.ts'

/**
 * Whether JSON text keeps its meaning when it is parsed and written again. It does not if an object has a key twice (parsers
 * disagree on which one counts), or if a `number` cannot hold a number exactly (an integer above 2⁵³, or `1e999`).
 * Takes time linear in the text. Strings are skipped with `indexOf`.
 *
 * @param text valid JSON: `JSON.parse` has accepted it.
 */
export function survivesRewriting(text: string): boolean {
  /** The keys of the objects around the current place; `undefined` stands for an array. */
  const around: Array<string[] | Set<string> | undefined> = []
  let expectsKey = false
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (expectsKey) {
        if (!enterKey(around, text.slice(at, end))) return false
        expectsKey = false
      }
      at = end
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at)
      if (!isExact(text.slice(at, end))) return false
      at = end
    } else {
      if (code === OPEN_OBJECT) around.push([])
      else if (code === OPEN_ARRAY) around.push(undefined)
      else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) around.pop()
      if (code === OPEN_OBJECT || code === COMMA) expectsKey = around.at(-1) !== undefined
      else if (code === OPEN_ARRAY || code === CLOSE_OBJECT) expectsKey = false
      at++
    }
  }
  return true
}

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const ZERO = 48
const NINE = 57
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** The keys of an object with more keys than this are kept in a set: searching a list would take quadratic time. */
const SHORT_OBJECT = 16

function enterKey(around: Array<string[] | Set<string> | undefined>, raw: string): boolean {
  const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
  let keys = around.at(-1)
  if (Array.isArray(keys)) {
    if (keys.includes(key)) return false
    if (keys.length < SHORT_OBJECT) {
      keys.push(key)
      return true
    }
    keys = around[around.length - 1] = new Set(keys)
  }
  if (keys === undefined || keys.has(key)) return keys === undefined
  keys.add(key)
  return true
}

const NUMBER = /[-+.0-9eE]*/y

function endOfNumber(text: string, from: number): number {
  NUMBER.lastIndex = from
  NUMBER.test(text)
  return NUMBER.lastIndex
}

function isExact(source: string): boolean {
  const value = Number(source)
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
}
