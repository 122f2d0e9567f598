/**
 * The JSON of a value that was parsed from JSON. `JSON.stringify` writes by recursion and throws a `RangeError` some
 * thousand levels down, while `JSON.parse` reads any depth: what an endpoint sent could not be written again.
 */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return writtenFlat(value)
  }
}

/** What of a list or an object is still to be written. */
interface Open {
  /** Of an object. */
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
