import * as z from 'zod/mini'
import { optionPath, shown, shownKind, shownName } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { headerPath } from '../transport/assert-header.ts'
import { optionSchema, type ParsedOptions } from './option-schema.ts'
import { refuseOldNames } from './renamed-options.ts'

/** Options whose values must not appear in a message. */
const SECRET_PATHS = /^(?:apiKey|headers|endpoints\.\d+\.headers|proxy|tls)\b/

/**
 * Checks the shape and the types of options; returns copies of all its objects, so that what the caller holds is neither
 * written to nor shared.
 *
 * @throws ConfigurationError for the first thing that is not accepted.
 */
export function parseOptions(options: unknown): ParsedOptions {
  refuseOldNames(options)
  const result = z.safeParse(optionSchema(), options)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  if (issue === undefined) throw new ConfigurationError('The options are not accepted.', '')
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? ''
    const unknown = optionPath(path, name)
    throw new ConfigurationError(
      `Unknown option ${path === '' ? shownName(name) : `'${unknown}'`}; accepted ${path === '' ? 'are' : `in '${path}' are`} ${keysAt(path).join(', ')}.`,
      unknown,
    )
  }
  if (path === '') throw new ConfigurationError(`The options must be an object; got ${show(options, '')}.`, '')
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    options,
  )
  const name = path.endsWith('headers') ? headerAtFault(value) : undefined
  if (name !== undefined) {
    const header = headerPath(path, name)
    const got = shownKind((value as Readonly<Record<string, unknown>>)[name])
    throw new ConfigurationError(`${header}: got ${got}; accepted: a string.`, header)
  }
  throw new ConfigurationError(`${path}: got ${show(value, path)}; accepted: ${issue.message}.`, path)
}

function keysAt(path: string): string[] {
  let shape: Record<string, unknown> = optionSchema().shape
  for (const key of path.split('.').filter((part) => part !== '')) shape = innerShape(shape[key]) ?? {}
  return Object.keys(shape)
}

/** The shape of a nested object, through `optional` and `union`. */
function innerShape(schema: unknown): Record<string, unknown> | undefined {
  const def = (
    schema as { _zod?: { def: { innerType?: unknown; options?: unknown[]; shape?: Record<string, unknown> } } }
  )?._zod?.def
  if (def === undefined) return undefined
  return (
    def.shape ??
    (def.innerType !== undefined
      ? innerShape(def.innerType)
      : def.options?.map(innerShape).find((shape) => shape !== undefined))
  )
}

/** Where an object of headers holds something else than a string: the schema says only that it does. */
function headerAtFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return undefined
  return Object.entries(value).find(([, header]) => typeof header !== 'string')?.[0]
}

function show(value: unknown, path: string): string {
  return SECRET_PATHS.test(path) ? shownKind(value) : shown(value)
}
