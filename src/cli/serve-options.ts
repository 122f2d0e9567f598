import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readEnv } from '../core/env.ts'
import { isObject } from '../core/rules.ts'
import { shownWord } from '../core/shown.ts'
import type { SidecarOptions } from '../sidecar/options.ts'
import { type Flag, type FlagName, pathOf, SERVE_FLAGS, variableOf } from './serve-flags.ts'
import { UsageError } from './usage-error.ts'

export interface ServeOptions {
  readonly help: boolean
  /** Prints no line per call. */
  readonly quiet: boolean
  readonly options: SidecarOptions
}

const NAMES = Object.keys(SERVE_FLAGS) as FlagName[]

/**
 * Reads the options. A flag overrides an environment variable, which overrides the file of `--config`.
 *
 * @throws UsageError for a flag or a file that is not accepted.
 */
export function serveOptions(args: readonly string[]): ServeOptions {
  const given = parse(args)
  const options: Record<string, unknown> = given.config === undefined ? {} : readConfig(given.config as string)
  for (const name of NAMES) {
    const flag: Flag = SERVE_FLAGS[name]
    const texts = given[name] ?? fromEnv(name, flag)
    if (texts === undefined) continue
    const values = (Array.isArray(texts) ? texts : [texts]).map((text) => readFlag(name, flag, String(text)))
    put(options, pathOf(name), flag.isList ? values : values[0])
  }
  return { help: given.help === true, quiet: given.quiet === true, options: withSecrets(options) }
}

type Given = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

function parse(args: readonly string[]): Given {
  const flags = NAMES.map((name) => {
    const { isList, isSwitch }: Flag = SERVE_FLAGS[name]
    return [name, { type: isSwitch ? 'boolean' : 'string', multiple: isList === true } as const] as const
  })
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(flags),
        config: { type: 'string' },
        quiet: { type: 'boolean', short: 'q' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError(withHint((error as Error).message))
  }
}

/** @param message of `parseArgs`. */
function withHint(message: string): string {
  const unknown = /^Unknown option '--([\w-]+)'/.exec(message)?.[1]
  if (unknown === undefined) return message
  const near = NAMES.find(
    (name) => name.startsWith(`${unknown}-`) || name.replaceAll('-', '') === unknown.replaceAll('-', ''),
  )
  const hint = near === undefined ? '' : ` Did you mean --${near}?`
  return `Unknown option '--${unknown}'.${hint} See: resilient-responses serve --help`
}

function fromEnv(name: FlagName, { isList }: Flag): string | readonly string[] | undefined {
  const value = readEnv(variableOf(name))
  if (value === undefined || value === '') return undefined
  return isList ? value.split(',').map((one) => one.trim()) : value
}

function readFlag(name: FlagName, { parse: read, accepts }: Flag, text: string): unknown {
  const value = read(text)
  if (value === undefined) throw new UsageError(`--${name}: got ${shownWord(text)}; accepted: ${accepts}.`)
  return value
}

function put(options: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined) return
  if (rest.length === 0) options[name] = value
  else {
    const inner = { ...(isObject(options[name]) ? options[name] : {}) }
    put(inner, rest, value)
    options[name] = inner
  }
}

function readConfig(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--config: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  try {
    // Editors on Windows put a byte order mark first.
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    if (isObject(json)) return { ...json }
  } catch {
    // Reported below. The parser's message could show the content of the file.
  }
  throw new UsageError(`--config: ${file} holds no JSON object.`)
}

/** Keys are given as names of environment variables, because every process can read the command line of another. */
function withSecrets({ apiKeyEnv, tokenEnv, endpoints, ...options }: Record<string, unknown>): SidecarOptions {
  const apiKey = secretOf('--api-key-env', apiKeyEnv)
  const token = secretOf('--token-env', tokenEnv)
  return {
    ...options,
    ...(endpoints !== undefined && { endpoints: withKeys(endpoints) as SidecarOptions['endpoints'] }),
    ...(apiKey !== undefined && { apiKey }),
    ...(token !== undefined && { token }),
  }
}

/** In the file each endpoint may name the variable with its own key: `apiKeyEnv`. */
function withKeys(endpoints: unknown): unknown {
  if (!Array.isArray(endpoints)) return endpoints
  return endpoints.map((endpoint: unknown, index) => {
    if (!isObject(endpoint) || endpoint.apiKeyEnv === undefined) return endpoint
    const { apiKeyEnv, headers, ...others } = endpoint
    const key = secretOf(`endpoints.${index}.apiKeyEnv`, apiKeyEnv)
    return { ...others, headers: { ...(isObject(headers) && headers), authorization: `Bearer ${key}` } }
  })
}

function secretOf(what: string, name: unknown): string | undefined {
  if (name === undefined) return undefined
  if (typeof name !== 'string' || !/^\w+$/.test(name)) {
    throw new UsageError(`${what}: accepted: the name of an environment variable.`)
  }
  const value = readEnv(name)
  if (value === undefined || value === '') throw new UsageError(`${what}: the environment variable ${name} is not set.`)
  return value
}
