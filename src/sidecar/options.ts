import { httpUrl } from '../client/endpoint-settings.ts'
import { callRules, clientRules, type ResilientClientOptions } from '../client/options.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { ms, oneOf, positiveMs, text, whole } from '../core/rule-kinds.ts'
import { copyByRules, type Rule, type Rules } from '../core/rules.ts'
import { shown } from '../core/shown.ts'
import type { EndpointAffinity } from '../endpoints/affinity.ts'
import { addressRule } from '../endpoints/endpoint-options.ts'
import { checkOptions } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { webSocketRules } from '../transport/websocket-options.ts'
import { isLoopback } from './guard.ts'
import type { SidecarLogEntry } from './log-entry.ts'

/** Options of `ResilientClient` that the sidecar accepts. Each has the same meaning and default there. */
type ClientOptions = Pick<
  ResilientClientOptions,
  | 'maxRetries'
  | 'retry'
  | 'retryUnknown'
  | 'timeouts'
  | 'hedge'
  | 'endpoints'
  | 'endpointOf'
  | 'endpointAffinity'
  | 'concurrency'
  | 'fleet'
  | 'limits'
  | 'classify'
  | 'proxy'
  | 'tls'
  | 'webSocket'
  | 'streamFailure'
  | 'onEvent'
  | 'instrumentations'
  | 'clock'
  | 'random'
>

/** Options of `startSidecar`, which also accepts those options of `ResilientClient` that apply to calls. */
export interface SidecarOptions extends ClientOptions {
  /**
   * Where the calls go: `https://api.openai.com/v1`, or the base of any endpoint that speaks the Responses API. Give either
   * this or `endpoints`.
   */
  readonly upstream?: string | undefined
  /** The address to listen on. Default `127.0.0.1`. An address that other machines can reach needs `token`. */
  readonly host?: string | undefined
  /** The port to listen on, 0 to 65535. Default 8787. `0`: any free port. */
  readonly port?: number | undefined
  /** Key for the upstream, sent in place of the clients' `Authorization`. Default: none, so that of the client is passed on. */
  readonly apiKey?: string | undefined
  /**
   * Token that clients must send as `x-sidecar-token`; with `apiKey`, `Authorization: Bearer` works too. At least 16 characters.
   * Never sent to the upstream. Default: none, which is accepted only with a loopback `host`.
   */
  readonly token?: string | undefined
  /** Additional host names by which clients may address the sidecar: `sidecar.internal`. Default: none, only loopback names. */
  readonly allowHosts?: readonly string[] | undefined
  /** Origins of web pages that may call the sidecar: `https://app.example`. Default: none. */
  readonly allowOrigins?: readonly string[] | undefined
  /**
   * How long the head of a Responses stream is held back until its outcome is known, in milliseconds. After that the client gets
   * 200 and keepalives, and a later failure comes as an `error` event. Default 240 000, because Node's `fetch` waits 300 s for
   * headers. `0`: no limit.
   */
  readonly holdMs?: number | undefined
  /**
   * What is sent on a Responses stream while the upstream is silent. `'data'` (default): an event `keepalive`, which Codex counts
   * as a sign of life, too. `'comment'`: an SSE comment. `'off'`: nothing. Other event streams get comments.
   */
  readonly keepalive?: 'data' | 'comment' | 'off' | undefined
  /** Silence before each keepalive, in milliseconds. Default 15 000. */
  readonly keepaliveMs?: number | undefined
  /** Largest request body, in bytes. Default 67 108 864 (64 MiB). A larger one gets 413. */
  readonly maxBodyBytes?: number | undefined
  /** Bytes that all request bodies under way may hold together. Default 536 870 912 (512 MiB). Further calls get 503. */
  readonly maxBufferedBytes?: number | undefined
  /**
   * Connections of clients, idle ones included. Default 10 000. On up to 64 further connections a call gets 503 with `Retry-After`,
   * and the connection is closed. More connections are closed without an answer.
   */
  readonly maxClients?: number | undefined
  /** Milliseconds that `close()` waits for calls under way. Default 600 000 (10 min). */
  readonly drainMs?: number | undefined
  /**
   * A Responses call without `stream: true` is sent to the upstream as a stream, and answered with the JSON of its response. So
   * every deadline applies, and a failure before the end is retried. Default `true`; `false` sends it as it came, and then a
   * silent connection is cut by `staleMs` alone.
   */
  readonly upgradeToStream?: boolean | undefined
  /** Called once for each call. Default: none. The entry holds no prompt, key or query. */
  readonly onCall?: ((entry: SidecarLogEntry) => void) | undefined
}

/** @param each says what is accepted as one entry. */
function words(accepts: string, each: string, isOne: (word: string) => boolean): Rule<never> {
  const isWord = (word: unknown): boolean => typeof word === 'string' && isOne(word)
  return {
    accepts,
    test: (value) => Array.isArray(value) && value.every(isWord),
    entryAtFault: (value, path) => {
      if (!Array.isArray(value)) return undefined
      const index = value.findIndex((word) => !isWord(word))
      return { path: `${path}.${index}`, got: shown(value[index]), accepts: each }
    },
  }
}

const tokenRule: Rule<string> = {
  accepts: 'a string of at least 16 printable characters without spaces',
  test: (value) => typeof value === 'string' && /^[\x21-\x7e]{16,}$/.test(value),
  secret: true,
}

const clientRows = {
  maxRetries: callRules.maxRetries,
  retry: callRules.retry,
  retryUnknown: callRules.retryUnknown,
  timeouts: callRules.timeouts,
  hedge: callRules.hedge,
  endpoints: clientRules.endpoints,
  endpointOf: clientRules.endpointOf,
  endpointAffinity: clientRules.endpointAffinity,
  concurrency: clientRules.concurrency,
  fleet: clientRules.fleet,
  limits: callRules.limits,
  classify: callRules.classify,
  proxy: clientRules.proxy,
  tls: clientRules.tls,
  webSocket: clientRules.webSocket,
  streamFailure: callRules.streamFailure,
  onEvent: callRules.onEvent,
  instrumentations: callRules.instrumentations,
  clock: clientRules.clock,
  random: clientRules.random,
} as const satisfies Rules<ClientOptions>

export const sidecarRules = {
  upstream: addressRule,
  host: { ...text('the name or address of an interface, for example 127.0.0.1'), default: '127.0.0.1' },
  port: { ...whole(0, 65_535), default: 8787 },
  apiKey: callRules.apiKey,
  token: tokenRule,
  allowHosts: words('a list of host names', 'a host name in lower case, without scheme, port and path', (name) =>
    /^[a-z0-9._:-]+$/.test(name),
  ),
  allowOrigins: words(
    'a list of origins',
    'an origin, for example https://app.example',
    (one) => URL.parse(one)?.origin === one,
  ),
  holdMs: { ...ms, accepts: `${ms.accepts}; 0 holds it as long as it takes`, default: 240_000 },
  keepalive: { ...oneOf('data', 'comment', 'off'), default: 'data' },
  keepaliveMs: { ...positiveMs, default: 15_000 },
  maxBodyBytes: { ...whole(1, Number.MAX_SAFE_INTEGER), default: 64 * 1024 * 1024 },
  maxBufferedBytes: { ...whole(1, Number.MAX_SAFE_INTEGER), default: 512 * 1024 * 1024 },
  maxClients: { ...whole(1), default: 10_000 },
  drainMs: { ...ms, default: 600_000 },
  upgradeToStream: { ...clientRules.upgradeToStream, default: true },
  onCall: { accepts: 'a function', test: (value) => typeof value === 'function' },
  ...clientRows,
} as const satisfies Rules<SidecarOptions>

/** Options and defaults as one resolved value. */
export interface SidecarSettings {
  readonly base: URL
  readonly host: string
  readonly port: number
  readonly token: string | undefined
  readonly apiKey: string | undefined
  readonly allowHosts: readonly string[]
  readonly allowOrigins: readonly string[]
  readonly holdMs: number
  readonly keepalive: 'data' | 'comment' | 'off'
  readonly keepaliveMs: number
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
  readonly maxClients: number
  readonly drainMs: number
  /** Clients may open WebSockets, and calls go to the upstream over WebSockets. */
  readonly takesWebSockets: boolean
  /** What one message to the upstream may have, as far as the options say. Bytes. */
  readonly maxMessageBytes: number
  readonly refillPerMinute: number
  readonly clock: Clock
  readonly onCall: ((entry: SidecarLogEntry) => void) | undefined
  readonly client: ResilientClientOptions
}

/** Codex and the agents on it name their session; other programs the key of their prompt cache. */
const bySession: EndpointAffinity = ({ header, promptCacheKey }) => header('session-id') ?? promptCacheKey

/** @throws ConfigurationError for the first option that is not accepted. */
export function resolveSidecar(options: unknown): SidecarSettings {
  checkOptions(options, sidecarRules, { of: 'the sidecar' })
  const given = copyByRules(options as SidecarOptions, sidecarRules)
  const { upstream, endpoints, host = sidecarRules.host.default, token, apiKey, retry } = given
  const address = upstream ?? endpoints?.[0]?.baseURL
  if (address === undefined || (upstream !== undefined && endpoints !== undefined)) {
    throw new ConfigurationError(
      'upstream: give either upstream, an address such as https://api.openai.com/v1, or endpoints.',
      'upstream',
    )
  }
  if (!isLoopback(host) && token === undefined) {
    throw new ConfigurationError(
      'host: other machines can reach this address, so clients must show a token: give token (with serve: --token-env NAME).',
      'host',
    )
  }
  const maxBodyBytes = given.maxBodyBytes ?? sidecarRules.maxBodyBytes.default
  const maxBufferedBytes = given.maxBufferedBytes ?? sidecarRules.maxBufferedBytes.default
  if (maxBodyBytes > maxBufferedBytes) {
    throw new ConfigurationError(
      `maxBodyBytes: got ${maxBodyBytes}; accepted: at most maxBufferedBytes (${maxBufferedBytes}).`,
      'maxBodyBytes',
    )
  }
  return {
    base: httpUrl(address, upstream === undefined ? 'endpoints.0.baseURL' : 'upstream'),
    host,
    port: given.port ?? sidecarRules.port.default,
    token,
    apiKey,
    allowHosts: given.allowHosts ?? [],
    allowOrigins: given.allowOrigins ?? [],
    holdMs: given.holdMs ?? sidecarRules.holdMs.default,
    keepalive: given.keepalive ?? sidecarRules.keepalive.default,
    keepaliveMs: given.keepaliveMs ?? sidecarRules.keepaliveMs.default,
    maxBodyBytes,
    maxBufferedBytes,
    maxClients: given.maxClients ?? sidecarRules.maxClients.default,
    drainMs: given.drainMs ?? sidecarRules.drainMs.default,
    takesWebSockets: given.webSocket !== undefined && given.webSocket !== false,
    maxMessageBytes:
      (typeof given.webSocket === 'object' ? given.webSocket.maxMessageBytes : undefined) ??
      webSocketRules.maxMessageBytes.default,
    refillPerMinute: (retry?.budget || undefined)?.refillPerMinute ?? 2,
    clock: given.clock ?? systemClock,
    onCall: given.onCall,
    client: {
      ...copyByRules(given, clientRows),
      ...(upstream !== undefined && { baseURL: upstream }),
      ...(apiKey !== undefined && { apiKey }),
      upgradeToStream: given.upgradeToStream ?? sidecarRules.upgradeToStream.default,
      ...(endpoints !== undefined && { endpointAffinity: given.endpointAffinity ?? bySession }),
      // The sidecar sends signs of life itself, so the client library need not commit early for the sake of the clients.
      commitAfterMs: 0,
      beforeCommitMs: 0,
    },
  }
}
