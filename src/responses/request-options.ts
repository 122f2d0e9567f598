import { isUsableSignal } from '../core/abort.ts'
import { func, oneOf } from '../core/rule-kinds.ts'
import { isObject, type Rule, type Rules } from '../core/rules.ts'
import { shown, shownKind } from '../core/shown.ts'
import { checkOptions } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader, headerPath, headersRule } from '../transport/assert-header.ts'
import { refuseConnectionHeaders } from '../transport/connection-headers.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { ResponsesHost } from './host.ts'
import type { ResponseStreamEvent } from './schema/index.ts'

export interface RequestOptions {
  /** Ends the call at once; what it was awaiting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Of this request alone; they win over the client's. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Names the call in telemetry; see `CallOptions.label`. Default: that of the client. */
  readonly label?: string | undefined
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
  /**
   * Told every event that carries a piece of output. What it throws ends the call. What it returns is awaited before the next
   * event is told, so that a promise which rejects ends the call likewise; an abort does not wait for it.
   */
  readonly onDelta?: ((delta: { readonly event: ResponseStreamEvent; readonly attempt: number }) => void) | undefined
  /** Told before the output of another attempt begins: what `onDelta` told before is void. Awaited as `onDelta` is. */
  readonly onRestart?: ((restart: { readonly attempt: number }) => void) | undefined
}

export interface ResumeOptions extends RequestOptions {
  /** `sequence_number` of the last event that was seen; those behind it are sent. From 0. Default: from the beginning. */
  readonly starting_after?: number | undefined
  readonly validate?: 'off' | 'report' | 'strict' | undefined
}

/** Of a client, too. */
export const labelRule: Rule<string> = {
  accepts: 'a string of 1 to 100 characters',
  test: (value) => typeof value === 'string' && value.length >= 1 && value.length <= 100,
}

const common = {
  /** `null` is what the options of `fetch` have for none. */
  signal: {
    accepts: 'an AbortSignal',
    test: (value) => value === null || isUsableSignal(value),
  },
  headers: { ...headersRule, test: (value) => value === null || headersRule.test(value) },
  label: labelRule,
} as const satisfies Rules<RequestOptions>
/** Of a client, too. */
export const interruptionRule = { ...oneOf('error', 'restart'), formerly: 'onInterrupted' } as const
export const validateRule = oneOf('off', 'report', 'strict')

/** What each request takes beside its body. */
const RULES = {
  stream: {
    ...common,
    interruption: interruptionRule,
    validate: validateRule,
  } satisfies Rules<StreamOptions>,
  create: {
    ...common,
    validate: validateRule,
    onDelta: func(),
    onRestart: func(),
  } satisfies Rules<CreateOptions>,
  resume: {
    ...common,
    starting_after: {
      accepts: 'a whole number from 0',
      test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    },
    validate: validateRule,
  } satisfies Rules<ResumeOptions>,
  retrieve: common,
  cancel: common,
} as const

/**
 * @throws ConfigurationError for options that are unknown or of the wrong kind, for headers that could write others, and for
 * headers that the connection sets itself; before any I/O.
 */
export function checkRequestOptions(
  method: keyof typeof RULES,
  options: RequestOptions | undefined,
  { choosesConnection }: Pick<ResponsesHost, 'choosesConnection'>,
): void {
  if (options === undefined) return
  checkOptions(options, RULES[method], {
    path: 'options',
    unknown: (name, { value, known }) =>
      `Unknown option ${name} of responses.${method}() (got ${shown(value)}); accepted are ${known.join(', ')}. Fields of the request go into its body; deadlines, retries and the like are options of a client: client.withOptions({ … }).`,
  })
  const names = headerPairs(options.headers).map(([name]) => name)
  if (choosesConnection) refuseConnectionHeaders(names, 'options.headers')
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

/** @throws ConfigurationError */
export function checkParams(params: unknown): void {
  if (!isObject(params))
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
