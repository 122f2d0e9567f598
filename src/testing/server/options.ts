import type { Clock } from '../../core/clock.ts'
import type { JsonObject } from '../streams.ts'
import type { Framing } from './answer.ts'
import { anyOf, checkObject, isInteger, isNumber, isOneOf, isType, type Rule, refuse } from './check.ts'
import type { Fault } from './faults.ts'
import type { MockRequest } from './records.ts'
import { type MockWebSocketOptions, WEB_SOCKET_RULES } from './socket/options.ts'

/** Options of `MockResponsesServer.start()`. */
export interface MockServerOptions {
  /**
   * Makes it an HTTPS server. PEM texts, with their chain if there is one. With `ca`, a client must show a certificate that `ca`
   * has signed. Default: plain HTTP.
   */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string | undefined } | undefined
  /** Default: 0, any free port. The address is always 127.0.0.1. */
  readonly port?: number | undefined
  /** The standing faults; `addFaults` adds to them. Default: none. */
  readonly faults?: readonly Fault[] | undefined
  /** Any number. Decides where faults with a `probability` strike. Default: 1. */
  readonly seed?: number | undefined
  /**
   * Returns the events that answer a `POST …/responses`. With `stream: false` the last `response` in them is sent.
   * Default: a message that repeats the last text of the input, with the id `resp_mock_<number of the request>`.
   */
  readonly respond?: ((request: MockRequest) => readonly JsonObject[] | Promise<readonly JsonObject[]>) | undefined
  /** Milliseconds from the head of a stream to its first event, or before the head of a JSON result. Default: 0. */
  readonly ttfbMs?: number | ((request: MockRequest) => number) | undefined
  /** Milliseconds between two events. Default: 0. */
  readonly eventDelayMs?: number | undefined
  /**
   * Number of events in one write, where no fault or delay lies between them. Default: 1; `Infinity`: all. With
   * `eventDelayMs` each event is written alone.
   */
  readonly eventsPerWrite?: number | undefined
  /**
   * How the events of background responses are produced, with or without a reader. `'auto'` (default): one event every
   * `eventDelayMs` (all at once if that is 0). `'manual'`: the first event at once, the others by `produce()`.
   */
  readonly background?: 'auto' | 'manual' | undefined
  /** How a stream ends: `'chunked'` (default) or `'until_close'`, with the end of the connection. */
  readonly framing?: Framing | undefined
  /**
   * Whether an upgrade on `…/responses` opens a WebSocket, and how it behaves. Default: `true`; `false`: such an upgrade is answered
   * with 405.
   */
  readonly webSocket?: boolean | MockWebSocketOptions | undefined
  /** Closes a connection this many milliseconds after its last answer, without notice. Default: 0, never. */
  readonly keepAliveMs?: number | undefined
  /**
   * Refuses what OpenAI refuses, with the same messages: 401 for a request without a credential (`Authorization: Bearer
   * …`, or `api-key`), 400 for a body without a model or an input, and for fields of a wrong type. Default: true.
   * `false` is for tests with incomplete requests.
   */
  readonly strict?: boolean | undefined
  /**
   * What stands in front of `/responses` and the other paths. A request with another prefix gets 404, which shows a wrong
   * `baseURL` (`/v1/v1/responses`). Default: `['/v1', '/openai/v1', '/backend-api/codex']`; with `strict: false` any.
   */
  readonly prefixes?: readonly string[] | undefined
  /** Timeout of `waitFor`, in milliseconds. Default: 10 000; `0`: none. */
  readonly waitMs?: number | undefined
  /** Default: real time. */
  readonly clock?: Clock | undefined
}

const RULES = {
  tls: isType('object'),
  port: isInteger(0, 65_535),
  faults: isType('object'),
  seed: isNumber(Number.NEGATIVE_INFINITY),
  respond: isType('function'),
  ttfbMs: anyOf(isNumber(0), isType('function')),
  eventDelayMs: isNumber(0),
  eventsPerWrite: isNumber(1),
  background: isOneOf(['auto', 'manual']),
  framing: isOneOf(['chunked', 'until_close']),
  webSocket: anyOf(isType('boolean'), isType('object')),
  keepAliveMs: isNumber(0),
  strict: isType('boolean'),
  prefixes: {
    accepts: "a list of prefixes, e.g. ['/v1'], each empty or beginning with a slash",
    test: (value) =>
      Array.isArray(value) && value.every((each) => typeof each === 'string' && /^(?:\/.*[^/])?$/.test(each)),
  },
  waitMs: isNumber(0),
  clock: isType('object'),
} satisfies Record<keyof MockServerOptions, Rule>

/** Throws a `TypeError` that names the option and what is accepted. */
export function checkOptions(options: MockServerOptions): void {
  checkObject('options', options, RULES)
  const pem = isType('string')
  if (options.tls) checkObject('options.tls', options.tls, { key: pem, cert: pem, ca: pem })
  if (options.tls && !(options.tls.key && options.tls.cert)) refuse('options.tls', options.tls, '{ key, cert }')
  if (typeof options.webSocket === 'object') checkObject('options.webSocket', options.webSocket, WEB_SOCKET_RULES)
  if (options.faults && !Array.isArray(options.faults)) refuse('options.faults', options.faults, 'an array of faults')
}
