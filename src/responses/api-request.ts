import type { CallRequest, HeaderAsk } from '../call/call.ts'
import { type RequestTraits, responseIdIn, traitsOf } from '../call/request-traits.ts'
import { utf8 } from '../core/utf8.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { isCredentialHeader } from '../errors/header-names.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import type { ResponsesHost } from './host.ts'

export interface RequestShape {
  readonly method: 'GET' | 'POST'
  /** Below `baseURL`, for example `responses/resp_1`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Serialised once, here: the same bytes go out on every attempt. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Of this request alone; they win over the client's. */
  readonly headers: HeaderPairs
  /** Default: the client's. */
  readonly label?: string | undefined
  readonly face: 'stream' | 'json'
  readonly restartable?: boolean
  /** Hand over from the first event of any kind: what was seen once is never asked for again. */
  readonly commitAt?: 'first_event'
  /** The ids that the response of the answer may have; see `CallRequest.expects`. */
  readonly expects?: readonly string[]
  /** Goes on with what is under way since then: a client that is being closed lets it finish, and its time is the same. */
  readonly continues?: { readonly since: number }
}

/** One request of the Responses API, as a call takes it. One object: a stream holds it to its end. */
export class ApiRequest implements CallRequest {
  readonly url: URL
  readonly method: RequestShape['method']
  readonly body: RequestBody
  readonly latency: RequestTraits['latency']
  readonly continuation: boolean
  readonly commitWithId: boolean
  readonly asks: RequestTraits['asks']
  readonly label: string | undefined
  readonly continues: string | undefined
  readonly expects: readonly string[] | undefined
  readonly #host: ResponsesHost
  /** The request's own, and those that every request of its kind has. */
  readonly #headers: HeaderPairs
  readonly #stateful: boolean
  readonly #own: ReturnType<ResponsesHost['headersOfCall']>
  #credentialIsOurs = false

  /** @throws ConfigurationError for a body of which no JSON can be made. */
  constructor(host: ResponsesHost, shape: RequestShape) {
    const { method, headers, face, path, query } = shape
    this.#host = host
    this.#own = host.headersOfCall()
    this.url = path === CREATE_PATH && query === undefined ? createUrl(host) : urlOf(host, shape)
    this.method = method
    this.body =
      shape.body === undefined ? { kind: 'none' } : { kind: 'bytes', isText: true, bytes: utf8(serialised(shape.body)) }
    this.#headers = headers.concat(FIXED_HEADERS[face], shape.body === undefined ? [] : JSON_CONTENT)
    const traits = traitsOf({ method, url: this.url, headers: this.#headers, body: this.body }, shape.body)
    // A read of one response, or the cancelling of one, is short and can be repeated: it is timed as a JSON call.
    this.latency = { ...traits.latency, kind: face }
    this.#stateful = traits.stateful
    this.continuation = traits.continuation
    this.commitWithId = traits.commitWithId
    this.asks = traits.asks
    this.label = shape.label ?? host.label
    this.expects = shape.expects
    this.continues = traits.continues ?? responseIdIn(this.url)
  }

  get replay(): CallRequest['replay'] {
    const stateful = this.#stateful
    return { readOnce: false, stateful, passthrough: false, idempotent: this.method === 'GET', idempotencyKey: false }
  }

  canRefresh(): boolean {
    return this.#credentialIsOurs && this.#host.canRefresh
  }

  get given(): HeaderPairs {
    return this.#headers
  }

  async headers(ask: HeaderAsk): Promise<HeaderPairs> {
    const own = await this.#own.get({ ...ask, method: this.method })
    const added = own.filter(([name]) => !this.#headers.some(([present]) => present === name))
    this.#credentialIsOurs = added.some(([name]) => isCredentialHeader(name))
    return this.#headers.concat(added)
  }
}

/** The same ones for all: a stream keeps its headers to its end. */
const JSON_CONTENT: HeaderPairs = [['content-type', 'application/json']]
const FIXED_HEADERS: Readonly<Record<RequestShape['face'], HeaderPairs>> = {
  stream: [
    ['accept', 'text/event-stream'],
    ['accept-encoding', 'identity'],
    ['user-agent', 'resilient-responses'],
  ],
  json: [
    ['accept', 'application/json'],
    ['accept-encoding', 'gzip, deflate, br'],
    ['user-agent', 'resilient-responses'],
  ],
}

function urlOf({ baseURL }: ResponsesHost, { path, query = {} }: Pick<RequestShape, 'path' | 'query'>): URL {
  // A query of the base stays: Azure has its `api-version` there.
  const url = new URL(baseURL)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

const CREATE_PATH = 'responses'
const createUrls = new WeakMap<ResponsesHost, URL>()

/** Practically all calls go there: one address for all of a client, made once. */
function createUrl(host: ResponsesHost): URL {
  const known = createUrls.get(host) ?? urlOf(host, { path: CREATE_PATH })
  createUrls.set(host, known)
  return known
}

function serialised(body: object): string {
  try {
    return JSON.stringify(body)
  } catch (cause) {
    const why =
      cause instanceof TypeError
        ? 'it holds a circle or a BigInt'
        : cause instanceof RangeError
          ? 'it is nested too deeply, or too long'
          : 'a toJSON() of it threw'
    throw new ConfigurationError(`params: no JSON can be made of it (${why}).`, 'params')
  }
}
