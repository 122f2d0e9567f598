/** A text up to this length cannot be a credential. */
const NO_SECRET = 3

/**
 * Describes a refused value for a message. Numbers, `true`, `false` and texts of up to three characters are shown.
 * Everything else is described by its kind and length, because a text given for the wrong option may be a credential.
 */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' && value.length <= NO_SECRET ? `'${value}'` : shownKind(value)
}

/**
 * A number, or a word that may be misspelt: letters alone or digits alone are not a credential where a word or number
 * is expected.
 */
const WORD = /^(?:[A-Za-z]{1,12}(?:[-_][A-Za-z]{1,12}){0,2}|-?\d{1,12}(?:\.\d{1,6})?)$/

/** Like `shown`, for an option that takes words or numbers of a fixed vocabulary: a word or a number is shown. */
export function shownWord(value: unknown): string {
  return typeof value === 'string' && WORD.test(value) ? `'${value}'` : shown(value)
}

/** Like `shown`, for a secret option: only the kind and the length. */
export function shownKind(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  if (typeof value === 'string') return `a string of ${value.length} character${value.length === 1 ? '' : 's'}`
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** Option names are words. Any other name is described. */
const OPTION_NAME = /^[A-Za-z_]{1,40}$/

/** An unknown name of an option or a field, safe to show in a message. */
export function shownName(name: string): string {
  return OPTION_NAME.test(name) ? `'${name}'` : `a name of ${name.length} character${name.length === 1 ? '' : 's'}`
}

/** The path of an option inside `owner`, as an error names it. */
export function optionPath(owner: string, name: string): string {
  return `${owner === '' ? '' : `${owner}.`}${OPTION_NAME.test(name) ? name : `[${shownName(name)}]`}`
}
