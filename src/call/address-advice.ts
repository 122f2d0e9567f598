import { redact } from '../errors/redact.ts'
import type { UpstreamErrorFields } from '../retry/error-fields.ts'

/** Words of nginx, Go, Apache and others for an `http:` request on a port for `https:`. */
const SPEAKS_TLS =
  /\bHTTP request (?:was )?(?:sent )?to (?:an )?(?:HTTPS|SSL|TLS)\b|\bplain HTTP to an? (?:SSL|TLS|HTTPS)\b|requires TLS/i

/** All that frameworks say of a path that they do not have. */
const NO_PATH = /^(?:404 )?(?:page |path |route )?not found\.?$/i

/** What an answer says, as far as an address can be judged by it. */
interface AnsweredAddress {
  readonly url: URL
  readonly status: number
  /** The body is JSON: an API has answered. */
  readonly isJson: boolean
  readonly fields: UpstreamErrorFields | undefined
  /** The answer as text; not redacted. */
  readonly text: string
  readonly secrets: readonly string[]
}

/** As much of an answer as is looked at. Characters. */
const LOOKED_AT = 4096

/**
 * What to do about an answer that shows that the address is wrong; `undefined` where it shows nothing of the kind. Of the
 * address the host and the path are told, never the query. Pure.
 */
export function addressAdvice({ url, status, isJson, fields, text, secrets }: AnsweredAddress): string | undefined {
  if (status === 400 && url.protocol === 'http:' && SPEAKS_TLS.test(text.slice(0, LOOKED_AT))) {
    return `${url.host} speaks TLS on this port: use https: in baseURL.`
  }
  if (status !== 404 || (isJson && !saysNoMoreThanNotFound(fields))) return undefined
  const address = redact(`${url.host}${url.pathname}`, secrets)
  return `Asked was ${address}; baseURL may be wrong: most endpoints have their API below /v1.`
}

function saysNoMoreThanNotFound(fields: UpstreamErrorFields | undefined): boolean {
  // Frameworks repeat the status beside it.
  if ((fields?.code ?? '404') !== '404' || fields?.type !== undefined || fields?.param !== undefined) return false
  return fields?.message !== undefined && NO_PATH.test(fields.message.trim())
}

/**
 * What an attempt may have met whose connection ended before a byte came: a server that speaks TLS closes like that when it
 * is spoken to in plain HTTP. Empty where it cannot be so. Pure.
 */
export function plainTextHint(facts: {
  readonly url: URL
  readonly code: string
  readonly responseStarted: boolean
  readonly connectionReused: boolean
  readonly connecting: boolean
}): string {
  const ended = facts.code === 'connection_closed' || facts.code === 'connection_reset'
  if (!ended || facts.url.protocol !== 'http:') return ''
  if (facts.responseStarted || facts.connectionReused || facts.connecting) return ''
  return '. No byte of an answer came: if this port speaks TLS, use https: in the address'
}
