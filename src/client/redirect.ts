import { headerOf } from '../call/response-reader.ts'
import { RequestError } from '../errors/errors.ts'
import { isPortableHeader } from '../errors/header-names.ts'
import type { ResponseHead } from '../transport/transport.ts'
import type { FetchRequest } from './fetch-request.ts'

/** The limit of the fetch standard. */
const MAX_REDIRECTS = 20

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * The request that a redirect asks for. `undefined` if the answer is not a redirect to follow.
 *
 * Within an origin redirects are followed as `fetch` does. To another origin no Responses call is sent, because it
 * carries the conversation. Other calls are sent without a body, and only with headers that say how to answer. Never
 * followed are redirects from `https:` to `http:`, to a scheme other than HTTP, or from a public host to this machine.
 *
 * @throws RequestError `redirect_refused`.
 */
export function followRedirect(
  request: FetchRequest,
  answer: ResponseHead,
  hops: number,
  isResponsesCall: boolean,
): FetchRequest | undefined {
  if (request.redirect === 'manual' || !REDIRECT_STATUSES.has(answer.status)) return undefined
  if (request.redirect === 'error') throw refused("redirect mode is 'error'")
  const location = headerOf(answer, 'location')
  if (location === undefined) return undefined
  if (hops >= MAX_REDIRECTS) throw refused(`more than ${MAX_REDIRECTS} redirects`)
  const target = URL.parse(asUtf8(location), request.url.href)
  if (target === null) throw refused('its address cannot be parsed')
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw refused(`it leads to ${target.protocol}`)
  if (target.username !== '' || target.password !== '') throw refused('its address contains credentials')
  if (request.url.protocol === 'https:' && target.protocol === 'http:') throw refused('it leads from https: to http:')

  // The address of a response has no fragment.
  target.hash = ''
  const toGet =
    answer.status === 303
      ? !['GET', 'HEAD'].includes(request.method)
      : answer.status <= 302 && request.method === 'POST'
  const method = toGet ? 'GET' : request.method
  const body = toGet ? ({ kind: 'none' } as const) : request.body
  if (body.kind === 'stream' && !body.replayable) throw refused('the body can be read once only')
  const stripped = request.headers.filter(([name]) => !toGet || !/^content-|^transfer-encoding$/.test(name))
  if (target.origin === request.url.origin) return { ...request, url: target, method, body, headers: stripped }

  if (isResponsesCall) throw refused(`a Responses call must stay at its origin, but it leads to ${target.origin}`)
  if (body.kind !== 'none') throw refused(`a body must stay at its origin, but it leads to ${target.origin}`)
  if (isThisMachine(target) && !isThisMachine(request.url)) throw refused('it leads from another host to this machine')
  return { ...request, url: target, method, body, headers: stripped.filter(([name]) => isPortableHeader(name)) }
}

/** Some servers send an address unescaped as UTF-8; header values are read as Latin-1. */
function asUtf8(value: string): string {
  return /[^\0-\x7f]/.test(value) ? Buffer.from(value, 'latin1').toString() : value
}

function refused(why: string): RequestError {
  return new RequestError(`A redirect was not followed: ${why}.`, { code: 'redirect_refused', retryable: false })
}

/** Loopback and "any" addresses in all spellings. `URL` has already normalized numbers such as `2130706433`. */
const THIS_MACHINE =
  /^(?:(?:.*\.)?localhost\.?|(?:127|0)\.[\d.]+|\[::1?\]|\[::ffff:(?:7f|0(?=:))[\da-f]{0,2}:[\da-f]+\])$/

function isThisMachine({ hostname }: URL): boolean {
  return THIS_MACHINE.test(hostname)
}
