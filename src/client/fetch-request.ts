import { type AbortScope, isUsableSignal } from '../core/abort.ts'
import { shownKind } from '../core/shown.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { assertHeader, headerPath } from '../transport/assert-header.ts'
import { callersForm } from '../transport/callers-form.ts'
import type { FetchFunction } from '../transport/fetch-transport.ts'
import type { CallersForm, HeaderPairs, RequestBody } from '../transport/transport.ts'
import { readBytes } from './read-bytes.ts'
import { type EncodedBody, encodeBody, releaseBody } from './request-body.ts'

/** A call of `fetch(input, init)`, taken apart. Nothing of the caller's is kept that could change under us. */
export interface FetchRequest {
  readonly url: URL
  readonly method: string
  readonly headers: HeaderPairs
  readonly body: RequestBody
  readonly signal: AbortSignal | undefined
  readonly redirect: 'follow' | 'error' | 'manual'
  readonly dispatcher: unknown
  /** Set where the transport hands it on. */
  readonly callersForm?: CallersForm | undefined
  /** Tells the source of a body that was never opened that nobody will read it. */
  readonly release?: ((reason: unknown) => void) | undefined
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

/** A call taken apart, but for its body: encoding that can take time. */
export interface TakenApart {
  readonly signal: AbortSignal | undefined
  /** Tells the source of the body that nobody will read it. */
  release(reason: unknown): void
  /**
   * The request, with its body. Ends with the scope.
   *
   * @throws the reason of the scope's abort; TypeError for a body that cannot be read.
   */
  request(scope: AbortScope): FetchRequest | Promise<FetchRequest>
}

/**
 * @param url the address of `input`.
 * @param handedOn the transport hands on what the caller gave.
 * @throws TypeError for what the built-in `fetch` refuses, too; the same before any I/O.
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
  // A wrapped fetch has its own idea of what one is.
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

/** What was read from a `Request`, which is text more often than not; its `content-type` stands in its headers. */
function ofBytes(bytes: Uint8Array, headers: HeaderPairs): EncodedBody {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  const isText = /^(?:text\/|application\/(?:[\w.+-]*\+)?json\b)/i.test(type)
  return { body: isText ? { kind: 'bytes', isText, bytes } : { kind: 'bytes', bytes }, contentType: undefined }
}

function withContentType(headers: HeaderPairs, contentType: string | undefined): HeaderPairs {
  if (contentType === undefined || headers.some(([name]) => name === 'content-type')) return headers
  return [...headers, ['content-type', contentType]]
}

/** Nobody but the caller can know the length of a stream, and some servers take no body without one. */
function announced(body: RequestBody, headers: HeaderPairs): RequestBody {
  if (body.kind !== 'stream' || body.length !== undefined) return body
  const length = headers.find(([name]) => name === 'content-length')?.[1] ?? ''
  return /^\d+$/.test(length) ? { ...body, length: Number(length) } : body
}

function dispatches(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { dispatch?: unknown }).dispatch === 'function'
}

/** Node 22 keeps it under a symbol. Later versions keep it where nobody can read it (docs/fetch.md). */
function dispatcherIn(request: Request | undefined): unknown {
  if (request === undefined) return undefined
  const key = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'dispatcher')
  return key === undefined ? undefined : ((request as unknown as Record<symbol, unknown>)[key] ?? undefined)
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
