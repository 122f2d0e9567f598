/**
 * Writes the JSON of a value that was parsed from JSON. `JSON.parse` reads any depth, but `JSON.stringify` is recursive
 * and throws a `RangeError` at some thousand levels.
 */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return writtenFlat(value)
  }
}

/** What remains to be written of a list or an object. */
interface Open {
  /** Only for an object. */
  readonly keys: readonly string[] | undefined
  readonly values: readonly unknown[]
  at: number
}

function writtenFlat(root: unknown): string {
  const pieces: string[] = []
  const open: Open[] = []
  const write = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      pieces.push(JSON.stringify(value) ?? 'null')
      return
    }
    const isList = Array.isArray(value)
    pieces.push(isList ? '[' : '{')
    const entries = isList ? [] : Object.entries(value).filter(([, each]) => each !== undefined)
    const values: readonly unknown[] = isList ? value : entries.map(([, each]) => each)
    open.push({ keys: isList ? undefined : entries.map(([key]) => key), values, at: 0 })
  }
  write(root)
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const { keys, values, at } = last
    if (at === values.length) {
      pieces.push(keys === undefined ? ']' : '}')
      open.pop()
      continue
    }
    last.at++
    if (at > 0) pieces.push(',')
    if (keys !== undefined) pieces.push(JSON.stringify(keys[at]), ':')
    write(values[at])
  }
  return pieces.join('')
}

/** The first value of a text that begins with an object or a list, whatever follows it. `undefined` where it is not complete. */
export function firstJsonOf(text: string): unknown {
  const end = endOfValue(text)
  try {
    return end === undefined ? undefined : JSON.parse(text.slice(0, end))
  } catch {
    return undefined
  }
}

/** One pass: strings and brackets are all that matters for the end. */
function endOfValue(text: string): number | undefined {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const token = text[at]
    if (inString) {
      if (token === '\\') at++
      else if (token === '"') inString = false
    } else if (token === '"') inString = true
    else if (token === '{' || token === '[') depth++
    else if ((token === '}' || token === ']') && --depth <= 0) return at + 1
  }
  return undefined
}
