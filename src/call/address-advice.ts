import { redact } from '../errors/redact.ts'
import type { UpstreamErrorFields } from '../retry/error-fields.ts'

/** Words of nginx, Go, Apache and others about an `http:` request to a port for `https:`. */
const SPEAKS_TLS =
  /\bHTTP request (?:was )?(?:sent )?to (?:an )?(?:HTTPS|SSL|TLS)\b|\bplain HTTP to an? (?:SSL|TLS|HTTPS)\b|requires TLS/i

/** The whole answer of web frameworks for an unknown path. */
const NO_PATH = /^(?:404 )?(?:page |path |route )?not found\.?$/i

/** OpenAI's words for an unknown path. */
const INVALID_URL = /^Invalid URL \((?:GET|POST) /

/** The facts of an answer that can show a wrong address. */
interface AnsweredAddress {
  readonly url: URL
  readonly status: number
  /** The body is JSON, so an API has answered. */
  readonly isJson: boolean
  readonly fields: UpstreamErrorFields | undefined
  /** The answer as text, not redacted. */
  readonly text: string
  readonly secrets: readonly string[]
}

/** How much of an answer is read. Characters. */
const LOOKED_AT = 4096

/**
 * How to fix the address, if the answer shows that it is wrong; otherwise `undefined`. Names the host and the path,
 * never the query. Pure.
 */
export function addressAdvice({ url, status, isJson, fields, text, secrets }: AnsweredAddress): string | undefined {
  if (status === 400 && url.protocol === 'http:' && SPEAKS_TLS.test(text.slice(0, LOOKED_AT))) {
    return `${url.host} expects TLS on this port: use https: in baseURL.`
  }
  const isPath = !isJson || saysNoMoreThanNotFound(fields) || INVALID_URL.test(fields?.message ?? '')
  if (status !== 404 || !isPath) return undefined
  const address = redact(`${url.host}${url.pathname}`, secrets)
  return `The address was ${address}. baseURL may be wrong: most endpoints have their API under /v1.`
}

function saysNoMoreThanNotFound(fields: UpstreamErrorFields | undefined): boolean {
  // Frameworks repeat the status beside the text.
  if ((fields?.code ?? '404') !== '404' || fields?.type !== undefined || fields?.param !== undefined) return false
  return fields?.message !== undefined && NO_PATH.test(fields.message.trim())
}

/**
 * A possible cause, if the connection closed before a byte came: a TLS server closes like this when it gets plain HTTP.
 * Empty if that is impossible. Pure.
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
  return '. No byte of an answer came: if this port expects TLS, use https: in the address'
}
