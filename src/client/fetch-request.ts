import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader } from '../transport/assert-header.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import { encodeBody } from './request-body.ts'

/** A call of `fetch(input, init)`, taken apart. Nothing of the caller's is kept that could change under us. */
export interface FetchRequest {
  readonly url: URL
  readonly method: string
  readonly headers: HeaderPairs
  readonly body: RequestBody
  readonly signal: AbortSignal | undefined
  readonly redirect: 'follow' | 'error' | 'manual'
  readonly dispatcher: unknown
}

type FetchInput = Parameters<FetchFunction>[0]
/** What Node's `fetch` takes beside the standard. */
type FetchInit = Omit<RequestInit, 'dispatcher'> & { readonly duplex?: string; readonly dispatcher?: unknown }

const NORMALIZED_METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

export function inputUrl(input: FetchInput): URL {
  const text = input instanceof Request ? input.url : String(input)
  const url = URL.parse(text)
  if (url === null) throw new TypeError('Failed to parse URL: fetch needs an absolute http: or https: address.')
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      `Request cannot be constructed from a URL that includes credentials: ${url.origin}${url.pathname}`,
    )
  }
  if (url.href.includes('#')) url.hash = ''
  return url
}

/**
 * @param url the `inputUrl` of `input`.
 * @throws TypeError for what the built-in `fetch` refuses, too; the same before any I/O.
 */
export async function takeApart(
  url: URL,
  input: FetchInput,
  initGiven: RequestInit | undefined,
): Promise<FetchRequest> {
  const init = (initGiven ?? {}) as FetchInit
  const base = input instanceof Request ? input : undefined
  const method = methodOf(init.method ?? base?.method ?? 'GET')
  const headers = headersOf(init.headers ?? base?.headers)
  const hasOwnBody = init.body !== undefined && init.body !== null
  if ((method === 'GET' || method === 'HEAD') && hasOwnBody)
    throw new TypeError('Request with GET/HEAD method cannot have body.')
  if (base?.bodyUsed && !hasOwnBody)
    throw new TypeError('Cannot construct a Request with a Request object that has already been used.')
  const signal = init.signal === undefined ? base?.signal : (init.signal ?? undefined)
  const { body, contentType } = await encodeBody(
    hasOwnBody || base?.body == null ? init.body : await base.arrayBuffer(),
    init.duplex,
  )
  if (contentType !== undefined && !headers.some(([name]) => name === 'content-type')) {
    headers.push(['content-type', contentType])
  }
  return {
    url,
    method,
    headers,
    body,
    signal,
    redirect: init.redirect ?? base?.redirect ?? 'follow',
    dispatcher: init.dispatcher,
  }
}

function methodOf(method: string): string {
  const upper = method.toUpperCase()
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || FORBIDDEN_METHODS.has(upper)) {
    throw new TypeError(`'${method.slice(0, 20)}' is not a method that fetch accepts.`)
  }
  return NORMALIZED_METHODS.has(upper) ? upper : method
}

/** Checked before `Headers` sees them: its own error would show the value, and values are secrets. */
function headersOf(source: RequestInit['headers'] | undefined): Array<readonly [string, string]> {
  if (source === undefined || source === null) return []
  const entries =
    source instanceof Headers
      ? source
      : Symbol.iterator in source
        ? (source as Iterable<[string, string]>)
        : Object.entries(source)
  const checked = new Headers()
  for (const [name, value] of entries) {
    const trimmed = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '')
    try {
      assertHeader(String(name), trimmed, `headers['${String(name)}']`)
    } catch (cause) {
      throw new TypeError(cause instanceof ConfigurationError ? cause.message : 'A header is not accepted.', { cause })
    }
    checked.append(String(name), trimmed)
  }
  return [...checked]
}
