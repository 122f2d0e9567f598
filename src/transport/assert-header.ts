import { ConfigurationError } from '../errors/errors.ts'
import { shownHeader } from '../errors/header-names.ts'

/**
 * CR, LF and NUL would let a value write headers of its own, or a second request.
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

/** `headers['x-tenant']`, or `headers[a name of 12 characters]` for what is not known to be the name of a header. */
export function headerPath(owner: string, name: string): string {
  return `${owner}[${shownHeader(name)}]`
}
