import { optionPath, shown, shownKind, shownName } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { refuseRenamed } from '../errors/renamed-option.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { ResponseStreamEvent } from './schema/index.ts'

export interface RequestOptions {
  /** Ends the call at once; what it was awaiting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Of this request alone; they win over the client's. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface StreamOptions extends RequestOptions {
  /**
   * What happens when the stream breaks after output was handed over. `'error'` (the default, unless the client says
   * otherwise): `StreamInterruptedError` with `partial`. `'restart'`: another attempt, after a `stream.restarted` event by
   * which the consumer knows to drop what it has. Responses with `background` and `store` are resumed instead.
   */
  readonly interruption?: 'error' | 'restart' | undefined
  /** `'off'`, `'report'` or `'strict'`; default: the client's. See `ResilientClientOptions.validate`. */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
}

export interface CreateOptions extends RequestOptions {
  /** As of `StreamOptions`. Refused with `background: true`, as `onDelta` and `onRestart` are: no stream is read then. */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
  /** Told every event that carries a piece of output. What it throws ends the call. */
  readonly onDelta?: ((delta: { readonly event: ResponseStreamEvent; readonly attempt: number }) => void) | undefined
  /** Told before the output of another attempt begins: what `onDelta` told before is void. */
  readonly onRestart?: ((restart: { readonly attempt: number }) => void) | undefined
}

export interface ResumeOptions extends RequestOptions {
  /** `sequence_number` of the last event that was seen; those behind it are sent. Default: from the beginning. */
  readonly starting_after?: number | undefined
  readonly validate?: 'off' | 'report' | 'strict' | undefined
}

type Rule = readonly [accepts: (value: unknown) => boolean, accepted: string]

const COMMON = {
  signal: [isSignal, 'an AbortSignal'],
  headers: [(value) => value === null || (isObject(value) && !(Symbol.iterator in value)), 'an object of strings'],
} as const satisfies Record<keyof RequestOptions, Rule>
const VALIDATE: Rule = [
  (value) => value === 'off' || value === 'report' || value === 'strict',
  "'off', 'report' or 'strict'",
]
const CALLBACK: Rule = [isFunction, 'a function']

/** What each request takes beside its body. */
/** Old name → new name of an option of `stream()`. */
export const RENAMED_STREAM_OPTIONS = { onInterrupted: 'interruption' } as const

const ACCEPTED = {
  stream: {
    ...COMMON,
    interruption: [(value) => value === 'error' || value === 'restart', "'error' or 'restart'"],
    validate: VALIDATE,
  } satisfies Record<keyof StreamOptions, Rule>,
  create: {
    ...COMMON,
    validate: VALIDATE,
    onDelta: CALLBACK,
    onRestart: CALLBACK,
  } satisfies Record<keyof CreateOptions, Rule>,
  resume: {
    ...COMMON,
    starting_after: [(value) => Number.isSafeInteger(value), 'a whole number'],
    validate: VALIDATE,
  } satisfies Record<keyof ResumeOptions, Rule>,
  retrieve: COMMON,
  cancel: COMMON,
} as const

/**
 * @throws ConfigurationError for options that are unknown or of the wrong kind, and for headers that could write others;
 * before any I/O.
 */
export function checkOptions(method: keyof typeof ACCEPTED, options: unknown): void {
  if (options === undefined) return
  if (!isObject(options) || Array.isArray(options))
    throw new ConfigurationError(`options: got ${shownKind(options)}; accepted: an object.`, 'options')
  if (method === 'stream') refuseRenamed(options, RENAMED_STREAM_OPTIONS, 'options.')
  const rules: Readonly<Record<string, Rule>> = ACCEPTED[method]
  for (const [name, value] of Object.entries(options)) {
    const path = `options.${name}`
    if (!Object.hasOwn(rules, name)) throw unknownOption(method, name, value, Object.keys(rules))
    const [accepts, accepted] = rules[name] as Rule
    if (value !== undefined && !accepts(value))
      throw new ConfigurationError(`${path}: got ${shown(value)}; accepted: ${accepted}.`, path)
  }
  headerPairs(options.headers as Readonly<Record<string, unknown>> | null | undefined)
}

/** What `create` has no use for with `background: true`: the queued response comes back at once, and no stream is read. */
const OF_STREAM = ['onDelta', 'onRestart', 'validate'] as const satisfies ReadonlyArray<keyof CreateOptions>

/** @throws ConfigurationError for options that would do nothing. */
export function checkBackgroundOptions(options: CreateOptions): void {
  for (const name of OF_STREAM) {
    if (options[name] === undefined) continue
    throw new ConfigurationError(
      `options.${name} does nothing in create() with background: true, which returns the queued response at once. Use stream() with background and store, or resume().`,
      `options.${name}`,
    )
  }
}

function unknownOption(method: string, name: string, value: unknown, known: readonly string[]): ConfigurationError {
  return new ConfigurationError(
    `Unknown option ${shownName(name)} of responses.${method}() (got ${shown(value)}); accepted are ${known.join(', ')}. Fields of the request go into its body; deadlines, retries and the like are options of a client: client.withOptions({ … }).`,
    optionPath('options', name),
  )
}

/** @throws ConfigurationError */
export function checkParams(params: unknown): void {
  if (!isObject(params) || Array.isArray(params))
    throw new ConfigurationError(
      `params: got ${shownKind(params)}; accepted: an object, the body of the request.`,
      'params',
    )
}

/** Longer than any id of a response; an address that is longer is refused by servers. */
const MAX_ID = 2048

/**
 * Whether a path of a request can be made of an id: `.` and `..` would lead to another path, and half a surrogate pair
 * cannot be encoded. Ids come from endpoints, too.
 */
export function isUsableId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= MAX_ID && !/^\.{0,2}$/.test(id) && id.isWellFormed()
}

/** @throws ConfigurationError */
export function checkId(id: unknown): void {
  if (!isUsableId(id))
    throw new ConfigurationError(`id: got ${shown(id)}; accepted: the id of a response, a string.`, 'id')
}

export function headerPairs(headers: Readonly<Record<string, unknown>> | null | undefined): HeaderPairs {
  return Object.entries(headers ?? {}).map(([name, value]) => {
    const path = headerPath('options.headers', name)
    if (typeof value !== 'string')
      throw new ConfigurationError(`${path}: got ${shownKind(value)}; accepted: a string.`, path)
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
