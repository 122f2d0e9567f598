import { optionPath, shown, shownName } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { ClientCacheOptions } from './types.ts'

const DEFAULT_MAX_ENTRIES = 100
const DEFAULT_IDLE_TTL_MS = 300_000
const DEFAULT_CREATE_MS = 30_000
/** The longest delay a timer can hold. */
const MAX_MS = 2 ** 31 - 1

const aFunction = [(value: unknown) => typeof value === 'function', 'a function'] as const
const aFunctionIfGiven = [(value: unknown) => value === undefined || typeof value === 'function', 'a function'] as const

const msOrOff = [
  (value: unknown) => value === undefined || (typeof value === 'number' && value >= 0 && value <= MAX_MS),
  `a number of milliseconds from 0 (off) to ${MAX_MS}`,
] as const

/** Of each option, what is accepted. */
const RULES = {
  create: aFunction,
  isUsable: aFunction,
  destroy: aFunction,
  retire: aFunctionIfGiven,
  onEvent: aFunctionIfGiven,
  maxEntries: [(value) => value === undefined || isWholeFromOne(value), 'a whole number from 1'],
  idleTtlMs: msOrOff,
  createMs: msOrOff,
  clock: [(value) => value === undefined || isClock(value), 'a Clock, for example a VirtualClock'],
} as const satisfies Record<
  keyof ClientCacheOptions<unknown>,
  readonly [accepts: (value: unknown) => boolean, accepted: string]
>

/** @throws ConfigurationError for an option that is missing, unknown or not accepted. */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(`The options of a ClientCache must be an object; got ${shown(options)}.`, '')
  }
  for (const [name, [accepts, accepted]] of Object.entries(RULES)) {
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (!accepts(value)) throw new ConfigurationError(`${name}: got ${shown(value)}; accepted: ${accepted}.`, name)
  }
  // An object of a class of the caller's own may hold whatever else it needs.
  if (Object.getPrototypeOf(options) !== Object.prototype) return
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(RULES, name))
  if (unknown === undefined) return
  const known = Object.keys(RULES).join(', ')
  throw new ConfigurationError(
    `Unknown option ${shownName(unknown)} of a ClientCache; accepted are ${known}.`,
    optionPath('', unknown),
  )
}

export function limitsOf(
  options: Pick<ClientCacheOptions<unknown>, 'maxEntries' | 'idleTtlMs' | 'createMs'>,
): Required<typeof options> {
  const { maxEntries = DEFAULT_MAX_ENTRIES, idleTtlMs = DEFAULT_IDLE_TTL_MS, createMs = DEFAULT_CREATE_MS } = options
  return { maxEntries, idleTtlMs, createMs }
}

function isWholeFromOne(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1
}

function isClock(value: unknown): boolean {
  const methods = ['now', 'wallNow', 'setTimer', 'clearTimer', 'afterIO']
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
  )
}
