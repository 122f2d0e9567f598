import { checkAddress } from '../core/address.ts'
import { defaultsOf } from '../core/rules.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { type WebSocketOptions, type WebSocketSettings, webSocketRules } from '../transport/websocket-options.ts'
import type { ResilientClientOptions } from './options.ts'

/**
 * @returns `undefined` if sockets are off.
 * @throws ConfigurationError for an unusable address, and for values that contradict each other.
 */
export function webSocketOf(
  options: Pick<ResilientClientOptions, 'webSocket' | 'endpoints' | 'transport'>,
  limits: { readonly eventBytes: number },
): WebSocketSettings | undefined {
  const { webSocket: option } = options
  if (option === undefined || option === false) return undefined
  if (options.transport !== undefined) {
    refuse(
      'webSocket',
      'webSocket has no effect beside a transport of your own: the client opens its sockets itself. Leave transport out, or webSocket.',
    )
  }
  const given: WebSocketOptions = option === true ? {} : option
  const settings = { ...defaultsOf(webSocketRules), ...given, url: urlOf(given.url) } as WebSocketSettings
  if (given.url !== undefined && (options.endpoints?.length ?? 0) > 1) {
    refuse('webSocket.url', 'webSocket.url names one address, and endpoints several. Leave webSocket.url out.')
  }
  const { idleMs, maxAgeMs, maxMessageBytes } = settings
  if (given.idleMs !== undefined && maxAgeMs > 0 && idleMs >= maxAgeMs) {
    refuse(
      'webSocket.idleMs',
      `webSocket.idleMs (${idleMs}) must be below webSocket.maxAgeMs (${maxAgeMs}${byDefault(given.maxAgeMs)}), or it would never fire.`,
    )
  }
  if (limits.eventBytes === 0 || maxMessageBytes <= limits.eventBytes) return settings
  if (given.maxMessageBytes === undefined) return { ...settings, maxMessageBytes: limits.eventBytes }
  refuse(
    'webSocket.maxMessageBytes',
    `webSocket.maxMessageBytes (${maxMessageBytes}) must not be above limits.eventBytes (${limits.eventBytes}): endpoints repeat much of a request in the events of its response.`,
  )
}

function urlOf(value: string | undefined): URL | undefined {
  if (value === undefined) return undefined
  const checked = checkAddress(value.replace(/^ws(s?):/i, 'http$1:'))
  if ('url' in checked) return checked.url
  throw new ConfigurationError(
    `webSocket.url: ${checked.problem} The schemes wss: and ws: are accepted, too.`,
    'webSocket.url',
  )
}

function byDefault(given: number | undefined): string {
  return given === undefined ? ', the default' : ''
}

function refuse(path: string, message: string): never {
  throw new ConfigurationError(message, path)
}
