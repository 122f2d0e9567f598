/** So short a text is no credential. */
const NO_SECRET = 3

/**
 * A value that was not accepted, as a message may show it. Numbers, `true`, `false` and texts of three characters are shown.
 * Everything else is described by its kind and length: a text that was given for the wrong option may be a credential.
 */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' && value.length <= NO_SECRET ? `'${value}'` : shownKind(value)
}

/** A word of a vocabulary, a misspelt one too, or a number: letters alone, or digits alone, are no credential where those are wanted. */
const WORD = /^(?:[A-Za-z]{1,12}(?:[-_][A-Za-z]{1,12}){0,2}|-?\d{1,12}(?:\.\d{1,6})?)$/

/** The same for an option that takes words or numbers of a fixed vocabulary: a word or a number is shown. */
export function shownWord(value: unknown): string {
  return typeof value === 'string' && WORD.test(value) ? `'${value}'` : shown(value)
}

/** The same for an option whose values are secrets: never more than the kind and the length. */
export function shownKind(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value === '') return 'an empty string'
  if (typeof value === 'string') return `a string of ${value.length} character${value.length === 1 ? '' : 's'}`
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** Names of options are words. Anything else that was given for one is described. */
const OPTION_NAME = /^[A-Za-z_]{1,40}$/

/** The name of an option or a field that is not known, as a message may show it. */
export function shownName(name: string): string {
  return OPTION_NAME.test(name) ? `'${name}'` : `a name of ${name.length} character${name.length === 1 ? '' : 's'}`
}

/** The path of an option within `owner`, as an error carries it. */
export function optionPath(owner: string, name: string): string {
  return `${owner === '' ? '' : `${owner}.`}${OPTION_NAME.test(name) ? name : `[${shownName(name)}]`}`
}
