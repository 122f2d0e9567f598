import { ConfigurationError } from '../errors/errors.ts'
import { headerPath } from './assert-header.ts'

/** Headers of one connection, or of the framing of one request, which only the transport may set. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** @param name in lower case. */
export function isConnectionHeader(name: string): boolean {
  return OF_CONNECTION.has(name)
}

/**
 * Refuses headers that no request would contain.
 *
 * @param path of the option that holds them.
 * @throws ConfigurationError for the first such name.
 */
export function refuseConnectionHeaders(names: readonly string[], path: string): void {
  const name = names.find((each) => isConnectionHeader(each.toLowerCase()))
  if (name === undefined) return
  const cure = name.toLowerCase() === 'host' ? ' Host is taken from the address: set baseURL.' : ''
  throw new ConfigurationError(
    `${headerPath(path, name)} has no effect: the connection sets this header itself. Leave it out.${cure}`,
    headerPath(path, name),
  )
}
