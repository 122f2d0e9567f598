import { type AbortScope, isUsableSignal } from '../core/abort.ts'
import { shownKind } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
import { callersForm } from '../transport/callers-form.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { CallersForm, HeaderPairs, RequestBody } from '../transport/transport.ts'
import { readBytes } from './read-bytes.ts'
import { type EncodedBody, encodeBody, releaseBody } from './request-body.ts'

/** The parsed arguments of `fetch(input, init)`. Keeps nothing of the caller's that could change later. */
export interface FetchRequest {
  readonly url: URL
  readonly method: string
  readonly headers: HeaderPairs
  readonly body: RequestBody
  readonly signal: AbortSignal | undefined
  readonly redirect: 'follow' | 'error' | 'manual'
  readonly dispatcher: unknown
  /** Set if the transport passes it to a `fetch`. */
  readonly callersForm?: CallersForm | undefined
  /** Tells the source of an unread body that it will not be read. */
  readonly release?: ((reason: unknown) => void) | undefined
}

type FetchInput = Parameters<FetchFunction>[0]
/** The options of Node's `fetch`, including those outside the standard. */
type FetchInit = Omit<RequestInit, 'dispatcher'> & { readonly duplex?: string; readonly dispatcher?: unknown }

const NORMALIZED_METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/**
 * Parses addresses. Nearly all calls of a client have the same address, so the last one is cached. It must not be
 * changed.
 */
export class InputUrls {
  #last: { readonly text: string; readonly url: URL } | undefined

  /** @throws TypeError for addresses that the built-in `fetch` refuses as well. */
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

/** The parsed arguments of a call, except for its body, which may take time to encode. */
export interface TakenApart {
  readonly signal: AbortSignal | undefined
  /** Tells the source of the body that it will not be read. */
  release(reason: unknown): void
  /**
   * Returns the request with its body. Ends with the scope.
   *
   * @throws the reason of the scope's abort; TypeError for a body that cannot be read.
   */
  request(scope: AbortScope): FetchRequest | Promise<FetchRequest>
}

/**
 * @param url the address of `input`.
 * @param handedOn the transport passes the caller's arguments to a `fetch`.
 * @throws TypeError for arguments that the built-in `fetch` refuses as well, before any I/O.
 */
export function takeApart(
  url: URL,
  input: FetchInput,
  initGiven: RequestInit | undefined,
  handedOn: boolean,
): TakenApart {
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
  if (signal !== undefined && !isUsableSignal(signal))
    throw new TypeError(`signal: got ${shownKind(signal)}; accepted: an AbortSignal.`)
  const dispatcher = init.dispatcher ?? dispatcherIn(base)
  // A wrapped fetch may accept other kinds of dispatchers.
  if (!handedOn && dispatcher !== undefined && !dispatches(dispatcher))
    throw new TypeError(`dispatcher: got ${shownKind(dispatcher)}; accepted: a Dispatcher of undici.`)
  const ofRequest = hasOwnBody ? null : (base?.body ?? null)
  const redirect = init.redirect ?? base?.redirect ?? 'follow'
  const complete = ({ body, contentType, release }: EncodedBody): FetchRequest => ({
    url,
    method,
    headers: withContentType(headers, handedOn ? undefined : contentType),
    body: announced(body, headers),
    signal,
    redirect,
    dispatcher,
    callersForm: handedOn ? callersForm(url, input, initGiven) : undefined,
    release,
  })
  return {
    signal,
    release: (reason) => releaseBody(ofRequest ?? init.body, reason),
    request(scope) {
      if (ofRequest !== null) return readBytes(ofRequest, scope).then((bytes) => complete(ofBytes(bytes, headers)))
      const options = { duplex: init.duplex, scope, handedOn, keepGiven: dispatcher !== undefined }
      const encoded = encodeBody(init.body, options)
      return encoded instanceof Promise ? encoded.then(complete) : complete(encoded)
    },
  }
}

/** The bytes of a `Request`, which are mostly text. Their `content-type` is in its headers. */
function ofBytes(bytes: Uint8Array, headers: HeaderPairs): EncodedBody {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  const isText = /^(?:text\/|application\/(?:[\w.+-]*\+)?json\b)/i.test(type)
  return { body: isText ? { kind: 'bytes', isText, bytes } : { kind: 'bytes', bytes }, contentType: undefined }
}

function withContentType(headers: HeaderPairs, contentType: string | undefined): HeaderPairs {
  if (contentType === undefined || headers.some(([name]) => name === 'content-type')) return headers
  return [...headers, ['content-type', contentType]]
}

/** Only the caller can know the length of a stream, and some servers refuse a body without a length. */
function announced(body: RequestBody, headers: HeaderPairs): RequestBody {
  if (body.kind !== 'stream' || body.length !== undefined) return body
  const length = headers.find(([name]) => name === 'content-length')?.[1] ?? ''
  return /^\d+$/.test(length) ? { ...body, length: Number(length) } : body
}

function dispatches(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { dispatch?: unknown }).dispatch === 'function'
}

/** Node 22 stores it under a symbol. Later versions store it where it cannot be read (docs/fetch.md). */
function dispatcherIn(request: Request | undefined): unknown {
  if (request === undefined) return undefined
  const key = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'dispatcher')
  return key === undefined ? undefined : ((request as unknown as Record<symbol, unknown>)[key] ?? undefined)
}

/** Rare options. The built-in `Request` checks them. */
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
  // Returning unchecked bytes would be worse than refusing.
  if ((init.integrity ?? base?.integrity ?? '') !== '') throw new TypeError('integrity: not supported by this fetch.')
}

function methodOf(method: string): string {
  const upper = method.toUpperCase()
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || FORBIDDEN_METHODS.has(upper)) {
    throw new TypeError(`method: got ${shownKind(method)}, which is not a method that fetch accepts.`)
  }
  return NORMALIZED_METHODS.has(upper) ? upper : method
}

/** Checked before `Headers` is called: its error would show the value, which may be a secret. */
function headersOf(source: RequestInit['headers'] | undefined): Array<readonly [string, string]> {
  if (source === undefined) return []
  // May be a whole header line with a credential, which an error of `in` would print.
  if (typeof source !== 'object' || source === null)
    throw new TypeError(`headers: got ${shownKind(source)}; accepted: Headers, an object, or a list of pairs.`)
  if (source instanceof Headers) {
    const pairs = [...source]
    // `Headers` has checked most of it, but not everything that a request cannot carry.
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
  if (Object.getOwnPropertySymbols(source).length > 0) throw new TypeError('headers: a symbol is not a name.')
  return Object.entries(source)
}
