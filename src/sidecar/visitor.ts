import type { IncomingMessage } from 'node:http'
import { type Refusal, refusalOf } from './guard.ts'
import { TOKEN_HEADER } from './headers.ts'
import { messageRefusal } from './message.ts'
import type { SidecarSettings } from './options.ts'

/**
 * Why a request is not let in; `undefined` if it is.
 *
 * @param isForSidecar it goes no further, so `Authorization` can hold nothing but the token.
 */
export function requestRefusal(
  request: IncomingMessage,
  { token, apiKey, allowHosts, allowOrigins }: SidecarSettings,
  isForSidecar = false,
): Refusal | undefined {
  const { url = '', headers, socket } = request
  const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)
  const visitor = {
    target: url,
    host: headers.host,
    localAddress: socket.localAddress,
    origin: headers.origin,
    fetchSite: one(headers['sec-fetch-site']),
    token: one(headers[TOKEN_HEADER]),
    authorization: isForSidecar ? bearerOf(headers.authorization) : headers.authorization,
  }
  const guard = { token, takesAuthorization: isForSidecar || apiKey !== undefined, allowHosts, allowOrigins }
  return messageRefusal(request) ?? refusalOf(visitor, guard)
}

/** A browser sends a password that its user has typed as `Basic`. The name of the user does not count. */
function bearerOf(authorization: string | undefined): string | undefined {
  const basic = /^basic\s+([\w+/]+=*)$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return authorization
  const pair = Buffer.from(basic, 'base64').toString()
  return `Bearer ${pair.slice(pair.indexOf(':') + 1)}`
}

export const DRAINING: Refusal = { status: 503, code: 'sidecar_draining', message: 'The sidecar is shutting down.' }

export const TOO_MANY: Refusal = {
  status: 503,
  code: 'sidecar_overloaded',
  message: 'As many connections are open as --max-clients allows. Try again.',
}

export const NOT_BELOW: Refusal = {
  status: 404,
  code: 'path_not_allowed',
  message: 'The path names nothing below the upstream, for example /v1/responses.',
}
