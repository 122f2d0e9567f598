const MAX_CHARS = 60

/** A value that was not accepted, as a message may show it: what it is, and nothing of what an object holds. */
export function shown(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return `'${value.slice(0, MAX_CHARS)}'`
  return typeof value === 'object' || typeof value === 'function' ? typed(value) : String(value)
}

/** The same for a value that may be a secret: its kind alone. */
export function shownKind(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  return Array.isArray(value) ? 'an array' : typed(value)
}

function typed(value: unknown): string {
  return `a value of type ${typeof value}`
}
