import { BodySource } from './body-source.ts'
import { addressInForm, bodyInForm, headersInForm, otherOptions, requestOptions } from './callers-form.ts'
import { decodedHeaders } from './decode.ts'
import { transportEnded } from './ended.ts'
import { FetchThrew, isNetworkFailure } from './fetch-threw.ts'
import type { CallersForm, Exchange, ExchangeObserver, HeaderPairs, TransportRequest } from './transport.ts'

/** Any function with the signature of `fetch`. */
export type FetchFunction = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Replaces the fetch once the transport is closed. */
export async function closed(): Promise<never> {
  throw transportEnded('UND_ERR_CLOSED')
}

/** The wrapped `fetch`, and whether it gets the caller's `redirect`. */
interface Wrapped {
  readonly fetch: FetchFunction
  readonly followsAsGiven: boolean
}

/** One exchange over an existing `fetch`. */
export class FetchExchange implements Exchange {
  readonly #abort = new AbortController()
  readonly #onEnded: () => void
  readonly #body: BodySource | undefined
  #observer: ExchangeObserver | undefined
  #response: Response | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #readsCopy = false
  #paused = false
  #wake: (() => void) | undefined
  #over = false

  constructor(wrapped: Wrapped, request: TransportRequest, observer: ExchangeObserver, onEnded: () => void) {
    this.#observer = observer
    this.#onEnded = onEnded
    const { body } = request
    if (body.kind === 'stream' && body.given === undefined) this.#body = new BodySource(() => body.open(), body.length)
    // Nothing may be reported before `send` has returned.
    queueMicrotask(() => void this.#run(wrapped, request))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wake?.()
  }

  destroy(): void {
    this.#observer = undefined
    this.#end('cancel')
  }

  /** A foreign fetch cannot be drained within a limit, so the rest is cancelled. */
  drain(): void {
    this.destroy()
  }

  poison(): void {}

  readCopy(): void {
    this.#readsCopy = true
  }

  takeResponse(): Response {
    const response = this.#response
    if (response === undefined) throw new Error('takeResponse() before the head was reported')
    this.#observer = undefined
    this.#end('keep')
    return response
  }

  fail(error: unknown): void {
    const observer = this.#observer
    this.#observer = undefined
    if (this.#over) return
    this.#end('cancel')
    observer?.error(error)
  }

  async #run(wrapped: Wrapped, request: TransportRequest): Promise<void> {
    if (this.#over) return
    let response: Response
    try {
      response = await this.#call(wrapped, request)
    } catch (error) {
      this.fail(isNetworkFailure(error) ? error : new FetchThrew(error))
      return
    }
    if (this.#over) {
      response?.body?.cancel().catch(() => {})
      return
    }
    try {
      this.#response = response
      this.#observer?.head({
        status: response.status,
        statusText: response.statusText,
        headers: pairsOf(response.headers),
        url: response.url,
        redirected: response.redirected,
      })
      await this.#read(response)
    } catch (error) {
      this.fail(error)
    }
  }

  #call({ fetch, followsAsGiven }: Wrapped, request: TransportRequest): Promise<Response> {
    const signal =
      request.signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, request.signal])
    const init = initOf(request, this.#body, signal, followsAsGiven)
    const form = request.callersForm
    const answer =
      form?.input instanceof Request
        ? fetch(...asRequest(form.input, request, init))
        : fetch(addressInForm(request), form === undefined ? init : { ...otherOptions(form), ...init })
    // Unknown with a fetch: the request counts as written when the fetch is called.
    if (fetch !== closed) this.#observer?.sent()
    return answer
  }

  async #read(response: Response): Promise<void> {
    // One turn, so that the owner can take the response as it is, and a cloned answer stays readable.
    await Promise.resolve()
    if (this.#over) return
    if (response.bodyUsed)
      throw new TypeError('the response was already read: a mock must make a new Response for each call')
    const { body } = this.#readsCopy ? response.clone() : response
    if (body !== null) {
      const reader = body.getReader()
      this.#reader = reader
      for (;;) {
        while (this.#paused && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve))
        if (this.#over) return
        const { done, value } = await reader.read()
        if (this.#over) return
        if (done) break
        if (!(value instanceof Uint8Array))
          throw new TypeError('the body of the response yielded a chunk that is not bytes')
        if (value.length > 0) this.#observer?.data(value)
      }
    }
    const observer = this.#observer
    this.#observer = undefined
    this.#end('done')
    observer?.end()
  }

  #end(how: 'done' | 'cancel' | 'keep'): void {
    if (this.#over) return
    this.#over = true
    this.#wake?.()
    // The owner of an untouched answer also owns its request, which may still be read.
    if (how !== 'keep') this.#body?.stop()
    if (how === 'cancel') this.#abort.abort()
    // A response that is taken after a part of it was read was read from a copy.
    if (how !== 'done') this.#reader?.cancel().catch(() => {})
    const body = this.#response?.body
    if (how === 'cancel' && body && !body.locked) body.cancel().catch(() => {})
    // A lock would keep the owner from cancelling or cloning the response.
    try {
      this.#reader?.releaseLock()
    } catch {
      // A constructed stream may refuse while a read is pending. The cancel above ends that read.
    }
    this.#onEnded()
  }
}

type FetchInit = Omit<RequestInit, 'dispatcher'> & { duplex?: 'half'; dispatcher?: unknown }

function initOf(
  request: TransportRequest,
  source: BodySource | undefined,
  signal: AbortSignal,
  followsAsGiven: boolean,
): RequestInit {
  const { method, headers, body, dispatcher, callersForm: form } = request
  const init: FetchInit = { method, signal }
  const redirect = followsAsGiven ? redirectGiven(form) : 'manual'
  if (redirect !== undefined) init.redirect = redirect
  let pairs = headers
  if (source !== undefined) {
    init.body = ReadableStream.from(source) as unknown as NonNullable<RequestInit['body']>
    init.duplex = 'half'
    // A fetch does not know the length, and would send the stream in chunks, which some servers refuse.
    if (body.kind === 'stream' && body.length !== undefined && !headers.some(([name]) => name === 'content-length'))
      pairs = [...headers, ['content-length', String(body.length)]]
  } else if (body.kind !== 'none') init.body = bodyInForm(body) as NonNullable<RequestInit['body']>
  init.headers = headersInForm(form, pairs)
  if (dispatcher !== undefined) init.dispatcher = dispatcher
  return init as RequestInit
}

function redirectGiven(form: CallersForm | undefined): RequestInit['redirect'] {
  const given = form?.init?.redirect ?? (form?.input instanceof Request ? form.input.redirect : undefined)
  return given as RequestInit['redirect']
}

/** For a caller who gave a `Request`: another `Request` of the same kind. */
function asRequest(given: Request, request: TransportRequest, init: RequestInit): [Request, RequestInit?] {
  const { callersForm: form } = request
  const rest = form === undefined ? {} : otherOptions(form)
  const { dispatcher } = request
  const made = new Request(request.url.href, { ...requestOptions(given), ...rest, ...init } as RequestInit)
  const beside = dispatcher === undefined ? rest : { ...rest, dispatcher }
  return Object.keys(beside).length === 0 ? [made] : [made, beside as RequestInit]
}

/** A fetch has already decoded the body, so headers about the encoded body are removed. */
function pairsOf(headers: Headers): HeaderPairs {
  const pairs = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const)
  return headers.has('content-encoding') ? decodedHeaders(pairs) : pairs
}
