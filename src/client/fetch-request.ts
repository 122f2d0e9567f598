import { shownKind } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
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

/** The addresses of calls. Practically all of a client go to one, so that the last is not parsed again; nobody changes it. */
export class InputUrls {
  #last: { readonly text: string; readonly url: URL } | undefined

  /** @throws TypeError for what the built-in `fetch` refuses, too. */
  urlOf(input: FetchInput): URL {
    const text = input instanceof Request ? input.url : String(input)
    if (this.#last?.text !== text) this.#last = { text, url: inputUrl(text) }
    return this.#last.url
  }
}

function inputUrl(text: string): URL {
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
 * @param url the address of `input`.
 * @throws TypeError for what the built-in `fetch` refuses, too; the same before any I/O.
 */
export async function takeApart(
  url: URL,
  input: FetchInput,
  initGiven: RequestInit | undefined,
): Promise<FetchRequest> {
  const init = (initGiven ?? {}) as FetchInit
  const base = input instanceof Request ? input : undefined
  assertOptions(init, base)
  const method = methodOf(init.method === undefined ? (base?.method ?? 'GET') : String(init.method))
  const headers = headersOf(init.headers === undefined ? base?.headers : init.headers)
  const hasOwnBody = init.body !== undefined && init.body !== null
  if ((method === 'GET' || method === 'HEAD') && (hasOwnBody || (base?.body ?? null) !== null))
    throw new TypeError('Request with GET/HEAD method cannot have body.')
  if (base?.bodyUsed && !hasOwnBody)
    throw new TypeError('Cannot construct a Request with a Request object that has already been used.')
  const signal = init.signal === undefined ? base?.signal : (init.signal ?? undefined)
  const { body, contentType } = await encodeBody(
    hasOwnBody || base?.body == null ? init.body : await base.arrayBuffer(),
    init.duplex,
  )
  const announced = headers.find(([name]) => name === 'content-length')?.[1] ?? ''
  if (contentType !== undefined && !headers.some(([name]) => name === 'content-type')) {
    headers.push(['content-type', contentType])
  }
  return {
    url,
    method,
    headers,
    // Nobody but the caller can know the length of a stream, and some servers take no body without one.
    body:
      body.kind === 'stream' && /^\d+$/.test(announced) ? { ...body, length: body.length ?? Number(announced) } : body,
    signal,
    redirect: init.redirect ?? base?.redirect ?? 'follow',
    dispatcher: init.dispatcher,
  }
}

/** Options that few calls bring along: what the standard refuses of them, its own `Request` refuses. */
const CHECKED_OPTIONS = [
  'cache',
  'credentials',
  'duplex',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'window',
] as const

function assertOptions(init: FetchInit, base: Request | undefined): void {
  if (typeof init !== 'object' && typeof init !== 'function')
    throw new TypeError(`init: got ${shownKind(init)}; accepted: an object.`)
  const options = init as Readonly<Record<string, unknown>>
  const given = CHECKED_OPTIONS.filter((name) => options[name] !== undefined)
  if (given.length > 0) new Request('http://localhost', Object.fromEntries(given.map((name) => [name, options[name]])))
  // To hand out bytes that were to be checked, and were not, would be worse than to refuse.
  if ((init.integrity ?? base?.integrity ?? '') !== '') throw new TypeError('integrity: not supported by this fetch.')
}

function methodOf(method: string): string {
  const upper = method.toUpperCase()
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || FORBIDDEN_METHODS.has(upper)) {
    throw new TypeError(`method: got ${shownKind(method)}, which is not a method that fetch accepts.`)
  }
  return NORMALIZED_METHODS.has(upper) ? upper : method
}

/** Checked before `Headers` sees them: its own error would show the value, and values are secrets. */
function headersOf(source: RequestInit['headers'] | undefined): Array<readonly [string, string]> {
  if (source === undefined) return []
  // A whole header line, for example: it holds a credential, and `in` would print it.
  if (typeof source !== 'object' || source === null)
    throw new TypeError(`headers: got ${shownKind(source)}; accepted: Headers, an object, or a list of pairs.`)
  if (source instanceof Headers) {
    const pairs = [...source]
    // Most is checked already, but not all that a request cannot carry.
    for (const [name, value] of pairs) assertAccepted(name, value)
    return pairs
  }
  const entries = Symbol.iterator in source ? (source as Iterable<[string, string]>) : namedEntries(source)
  const checked = new Headers()
  for (const entry of entries) {
    const [name, value, ...more] = typeof entry === 'object' ? entry : []
    if (more.length > 0 || name === undefined || (Array.isArray(entry) && entry.length < 2))
      throw new TypeError('headers: a list holds pairs of a name and a value.')
    // Unlike `String`, it refuses a symbol.
    const trimmed = `${value}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '')
    assertAccepted(String(name), trimmed)
    checked.append(String(name), trimmed)
  }
  return [...checked]
}

function assertAccepted(name: string, value: string): void {
  try {
    assertHeader(name, value, headerPath('headers', name))
  } catch (cause) {
    throw new TypeError(cause instanceof ConfigurationError ? cause.message : 'A header is not accepted.', { cause })
  }
}

function namedEntries(source: object): Array<[string, string]> {
  if (Object.getOwnPropertySymbols(source).length > 0) throw new TypeError('headers: a symbol is no name.')
  return Object.entries(source)
}
