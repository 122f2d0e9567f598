import type { Rule } from '../core/rules.ts'
import { shownKind } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { shownHeader } from '../errors/header-names.ts'

/**
 * Refuses CR, LF and NUL, with which a value could inject headers or a second request.
 *
 * @param path where the header was given, as `headerPath` makes it. It appears in the message; the value never does.
 * @throws ConfigurationError
 */
export function assertHeader(name: string, value: string, path: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new ConfigurationError(`${path}: not a header name; accepted are letters, digits and !#$%&'*+-.^_\`|~.`, path)
  }
  if (/[\r\n\0]/.test(value))
    throw new ConfigurationError(`${path}: the value contains CR, LF or NUL; remove it.`, path)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a header value is bytes.
  if (/[^\x00-\xff]/.test(value))
    throw new ConfigurationError(`${path}: the value contains a character above U+00FF; encode it.`, path)
}

/** `headers['x-tenant']`, or `headers[a name of 12 characters]` for a name that may not be a header name. */
export function headerPath(owner: string, name: string): string {
  return `${owner}[${shownHeader(name)}]`
}

/**
 * Whether all properties of an object are its own enumerable fields, which are what is sent. With a `Map`, a `Date`, or
 * a class with `get authorization()`, a request would be sent without its credential.
 */
export function hasOwnFields(value: object): boolean {
  if (Symbol.iterator in value) return false
  let prototype: object | null = Object.getPrototypeOf(value)
  if (isLast(prototype)) return true
  if (Object.keys(value).length === 0) return false
  for (; prototype !== null && !isLast(prototype); prototype = Object.getPrototypeOf(prototype)) {
    const inherited = Object.values(Object.getOwnPropertyDescriptors(prototype))
    if (inherited.some(({ get, enumerable }) => get !== undefined || enumerable)) return false
  }
  return true
}

/** Whether a prototype is that of plain objects, of any realm, or `null`. */
function isLast(prototype: object | null): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** An object of headers. */
export const headersRule: Rule<never> = {
  accepts: 'an object of strings',
  test: (value) => isPlain(value) && Object.values(value).every((header) => typeof header === 'string'),
  secret: true,
  entryAtFault: (value, path) => {
    const [name, header] = (isPlain(value) && Object.entries(value).find(([, one]) => typeof one !== 'string')) || []
    if (name === undefined) return undefined
    return { path: headerPath(path, name), got: shownKind(header), accepts: 'a string' }
  },
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && hasOwnFields(value)
}
