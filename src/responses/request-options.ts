import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader } from '../transport/assert-header.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/** Everything that a request of the typed API takes beside its body: of each, what is accepted. */
const RULES: Readonly<Record<string, readonly [accepts: (value: unknown) => boolean, accepted: string]>> = {
  signal: [isSignal, 'an AbortSignal'],
  headers: [(value) => value === null || (isObject(value) && !(Symbol.iterator in value)), 'an object of strings'],
  onInterrupted: [(value) => value === 'error' || value === 'restart', "'error' or 'restart'"],
  validate: [(value) => value === 'off' || value === 'report' || value === 'strict', "'off', 'report' or 'strict'"],
  onDelta: [isFunction, 'a function'],
  onRestart: [isFunction, 'a function'],
  starting_after: [(value) => Number.isSafeInteger(value), 'a whole number'],
}

/** @throws ConfigurationError for options of the wrong kind, and for headers that could write others; before any I/O. */
export function checkOptions(options: unknown): void {
  if (options === undefined) return
  if (!isObject(options)) throw new ConfigurationError('options: an object is accepted.', 'options')
  for (const [name, [accepts, accepted]] of Object.entries(RULES)) {
    const value = options[name]
    if (value !== undefined && !accepts(value))
      throw new ConfigurationError(`options.${name}: accepted is ${accepted}.`, `options.${name}`)
  }
  headerPairs(options.headers as Readonly<Record<string, unknown>> | null | undefined)
}

/** @throws ConfigurationError */
export function checkParams(params: unknown): void {
  if (!isObject(params) || Array.isArray(params))
    throw new ConfigurationError('params: an object is accepted, the body of the request.', 'params')
}

/** A path of the request is made of it. @throws ConfigurationError */
export function checkId(id: unknown): void {
  // `.` and `..` would lead to another path, and half a surrogate pair cannot be encoded.
  const usable = typeof id === 'string' && !/^\.{0,2}$/.test(id) && id.isWellFormed()
  if (!usable) throw new ConfigurationError('id: accepted is the id of a response, a string.', 'id')
}

export function headerPairs(headers: Readonly<Record<string, unknown>> | null | undefined): HeaderPairs {
  return Object.entries(headers ?? {}).map(([name, value]) => {
    const path = `options.headers['${name}']`
    if (typeof value !== 'string') throw new ConfigurationError(`${path}: accepted is a string.`, path)
    assertHeader(name, value, path)
    return [name.toLowerCase(), value] as const
  })
}

function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null
}

/** `null` is what the options of `fetch` have for none. */
function isSignal(value: unknown): boolean {
  return value === null || (isObject(value) && 'aborted' in value && isFunction(value.addEventListener))
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
