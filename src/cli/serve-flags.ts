import { parseBytes, parseDuration } from './units.ts'

/** One flag of `serve`, and how its text becomes an option of the sidecar. */
export interface Flag {
  /** Stands after the name in the help: `<url>`. */
  readonly value: string
  readonly help: string
  /** Path of the option in the options of the sidecar. Default: the name of the flag in camel case. */
  readonly path?: readonly [string, ...string[]]
  /** Takes no text: it is given or not. In the environment `true` or `false`. */
  readonly isSwitch?: true
  /** May be given several times; each adds to a list. */
  readonly isList?: true
  /** Returns `undefined` for a text that is not accepted. */
  readonly parse: (text: string) => unknown
  /** What is accepted, for the error message. */
  readonly accepts: string
}

const text = (text: string): unknown => (text === '' ? undefined : text)
const number = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : undefined)
const A_TEXT = { parse: text, accepts: 'a text that is not empty' } as const
const A_NUMBER = { value: '<n>', parse: number, accepts: 'a whole number from 0' } as const
const A_DURATION = { parse: parseDuration, accepts: 'milliseconds, or a time such as 600s or 10m' } as const
const A_SIZE = { parse: parseBytes, accepts: 'bytes, or a size such as 64MiB' } as const

const words =
  (...accepted: readonly (readonly [word: string, value: unknown])[]) =>
  (text: string): unknown =>
    accepted.find(([word]) => word === text)?.[1]

/** In the order of the help. */
export const SERVE_FLAGS = {
  upstream: { value: '<url>', help: 'where the calls go, for example https://api.openai.com/v1', ...A_TEXT },
  host: { value: '<address>', help: 'the address to listen on (127.0.0.1); others need --token-env', ...A_TEXT },
  port: { ...A_NUMBER, help: 'the port to listen on (8787); 0 takes any that is free' },
  'api-key-env': {
    value: '<name>',
    help: "the environment variable with the upstream's key, sent in the place of the clients' own",
    ...A_TEXT,
  },
  'token-env': { value: '<name>', help: 'the environment variable with the token that clients must show', ...A_TEXT },
  'allow-host': {
    value: '<name>',
    help: 'a name by which clients may address the sidecar',
    path: ['allowHosts'],
    isList: true,
    ...A_TEXT,
  },
  'allow-origin': {
    value: '<origin>',
    help: 'the origin of a web page that may call it',
    path: ['allowOrigins'],
    isList: true,
    ...A_TEXT,
  },
  'hold-ms': {
    value: '<ms>',
    help: 'how long the status of a stream is held back for an honest one (240000)',
    ...A_DURATION,
  },
  keepalive: {
    value: '<how>',
    help: 'the sign of life on a silent stream: data (default), comment or off',
    parse: text,
    accepts: 'data, comment or off',
  },
  'keepalive-ms': { value: '<ms>', help: 'after how much silence (15000)', ...A_DURATION },
  'max-body': { value: '<size>', help: 'the largest request body (64MiB)', path: ['maxBodyBytes'], ...A_SIZE },
  'max-buffered': {
    value: '<size>',
    help: 'all request bodies together (512MiB)',
    path: ['maxBufferedBytes'],
    ...A_SIZE,
  },
  'max-clients': { ...A_NUMBER, help: 'connections of clients (10000)' },
  drain: { value: '<time>', help: 'how long calls may finish after SIGTERM (600s)', path: ['drainMs'], ...A_DURATION },
  'max-retries': { ...A_NUMBER, help: 'retries in addition to the first attempt (4)' },
  'ttfb-ms': {
    value: '<ms>',
    help: 'until the first event of a stream (auto: 45 s, more for large inputs and high effort)',
    path: ['timeouts', 'ttfbMs'],
    ...A_DURATION,
  },
  'idle-ms': {
    value: '<ms>',
    help: 'between two bytes of a stream (auto: 300 s)',
    path: ['timeouts', 'idleMs'],
    ...A_DURATION,
  },
  'connect-ms': {
    value: '<ms>',
    help: 'until a connection is made (10000)',
    path: ['timeouts', 'connectMs'],
    ...A_DURATION,
  },
  'stale-ms': { value: '<ms>', help: 'one attempt (1800000)', path: ['timeouts', 'staleMs'], ...A_DURATION },
  'total-ms': {
    value: '<ms>',
    help: 'one call with all its attempts (no limit)',
    path: ['timeouts', 'totalMs'],
    ...A_DURATION,
  },
  websocket: {
    value: '',
    help: 'take WebSockets of clients, and use WebSockets to the upstream',
    path: ['webSocket'],
    isSwitch: true,
    parse: words(['true', true], ['false', false]),
    accepts: 'true or false',
  },
  hedge: {
    value: '<how>',
    help: 'a second attempt beside a silent one: auto (default), true or false',
    parse: words(['auto', 'auto'], ['true', true], ['false', false]),
    accepts: 'auto, true or false',
  },
  'stream-failure': {
    value: '<how>',
    help: 'how a stream that breaks after output ends: error (default) or sse_error',
    ...A_TEXT,
  },
  'upgrade-to-stream': {
    value: '<how>',
    help: 'true (default): a call without stream is streamed inside, so that it can be retried; false: sent as it came',
    parse: words(['true', true], ['false', false]),
    accepts: 'true or false',
  },
  proxy: { value: '<url>', help: "a proxy to the upstream, or env for the environment's", ...A_TEXT },
} as const satisfies Record<string, Flag>

export type FlagName = keyof typeof SERVE_FLAGS

export function pathOf(name: FlagName): readonly string[] {
  const { path } = SERVE_FLAGS[name] as Flag
  return path ?? [camelCase(name)]
}

export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** `RESILIENT_RESPONSES_MAX_RETRIES` for `max-retries`. */
export function variableOf(name: FlagName): string {
  return `RESILIENT_RESPONSES_${name.toUpperCase().replaceAll('-', '_')}`
}
