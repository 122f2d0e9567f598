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

/** Options of one request of `client.responses`. */
export interface RequestOptions {
  /** Aborts the call. Its promise or stream rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Headers of this request. They override those of the client. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Names the call in telemetry; see `CallOptions.label`. Default: that of the client. */
  readonly label?: string | undefined
}

/** Options of `client.responses.stream()`. */
export interface StreamOptions extends RequestOptions {
  /**
   * What happens when the stream breaks after output was handed over. `'error'` (default, unless the client has
   * another): `StreamInterruptedError` with `partial`. `'restart'`: another attempt, after a `stream.restarted` event
   * that tells the consumer to discard what it has. Responses with `background` are resumed instead, unless `store` is
   * `false`.
   */
  readonly interruption?: 'error' | 'restart' | undefined
  /** `'off'`, `'report'` or `'strict'`; default: the client's. See `ResilientClientOptions.validate`. */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
}

/** Options of `client.responses.create()`. */
export interface CreateOptions extends RequestOptions {
  /**
   * As in `StreamOptions`. Refused with `background: true`, like `onDelta` and `onRestart`, because no stream is read.
   */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
  /**
   * Called with every event that carries output. If it throws, the call ends with that error. A returned promise is
   * awaited before the next event, and a rejection ends the call as well. An abort does not wait for it.
   */
  readonly onDelta?: ((delta: { readonly event: ResponseStreamEvent; readonly attempt: number }) => void) | undefined
  /** Called before the output of another attempt: earlier output is void. Awaited like `onDelta`. */
  readonly onRestart?: ((restart: { readonly attempt: number }) => void) | undefined
}

/** Options of `client.responses.resume()`. */
export interface ResumeOptions extends RequestOptions {
  /** `sequence_number` of the last event that was seen. Later events are sent. From 0. Default: from the beginning. */
  readonly starting_after?: number | undefined
  /** `'off'`, `'report'` or `'strict'`; default: the client's. See `ResilientClientOptions.validate`. */
  readonly validate?: 'off' | 'report' | 'strict' | undefined
}

/** Of a client, too. */
export const labelRule: Rule<string> = {
  accepts: 'a string of 1 to 100 characters',
  test: (value) => typeof value === 'string' && value.length >= 1 && value.length <= 100,
}

const common = {
  /** The options of `fetch` use `null` for no signal. */
  signal: {
    accepts: 'an AbortSignal',
    test: (value) => value === null || isUsableSignal(value),
  },
  headers: { ...headersRule, test: (value) => value === null || headersRule.test(value) },
  label: labelRule,
} as const satisfies Rules<RequestOptions>
/** Also used for the client option. */
export const interruptionRule = { ...oneOf('error', 'restart'), formerly: 'onInterrupted' } as const
export const validateRule = oneOf('off', 'report', 'strict')

/** The options of each request. */
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
 * @throws ConfigurationError for options that are unknown or of a wrong type, for headers that could inject others, and
 * for headers that the connection sets itself. Thrown before any I/O.
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
      `Unknown option ${name} of responses.${method}() (got ${shown(value)}); accepted are ${known.join(', ')}. Fields of the request belong into its body; deadlines and retries are options of a client: client.withOptions({ … }).`,
  })
  const names = headerPairs(options.headers).map(([name]) => name)
  if (choosesConnection) refuseConnectionHeaders(names, 'options.headers')
}

/**
 * Options without effect in `create` with `background: true`, which returns the queued response at once and reads no
 * stream.
 */
const OF_STREAM = ['onDelta', 'onRestart', 'validate'] as const satisfies ReadonlyArray<keyof CreateOptions>

/** @throws ConfigurationError for options without effect. */
export function checkBackgroundOptions(options: CreateOptions): void {
  for (const name of OF_STREAM) {
    if (options[name] === undefined) continue
    throw new ConfigurationError(
      `options.${name} has no effect in create() with background: true, which returns the queued response at once. Use stream() with background, or resume().`,
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

/** Longer than any id of a response. Servers refuse longer addresses. */
const MAX_ID = 2048

/**
 * Whether an id can be part of a path: `.` and `..` would lead to another path, and half a surrogate pair cannot be
 * encoded. Ids come from endpoints, too.
 */
export function isUsableId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= MAX_ID && !/^\.{0,2}$/.test(id) && id.isWellFormed()
}

/** @throws ConfigurationError */
export function checkId(method: keyof typeof RULES, id: unknown): void {
  if (!isUsableId(id))
    throw new ConfigurationError(
      `id of responses.${method}(): got ${shown(id)}; accepted: the id of a response, a string.`,
      'id',
    )
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
