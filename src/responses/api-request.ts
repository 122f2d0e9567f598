import type { CallRequest, HeaderAsk } from '../call/call.ts'
import { type RequestTraits, responseIdIn, traitsOf } from '../call/request-traits.ts'
import { utf8 } from '../core/utf8.ts'
import { affinityOf } from '../endpoints/affinity.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { isCredentialHeader } from '../errors/header-names.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import type { ResponsesHost } from './host.ts'

export interface RequestShape {
  readonly method: 'GET' | 'POST'
  /** The path under `baseURL`, for example `responses/resp_1`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Serialised once, so that every attempt sends the same bytes. */
  readonly body?: Readonly<Record<string, unknown>>
  /** Headers of this request. They override those of the client. */
  readonly headers: HeaderPairs
  /** Default: the client's. */
  readonly label?: string | undefined
  readonly face: 'stream' | 'json'
  readonly restartable?: boolean
  /** Commit at the first event of any kind: the response is then resumed, and never requested again. */
  readonly commitAt?: 'first_event'
  /** The ids that the response of the answer may have; see `CallRequest.expects`. */
  readonly expects?: readonly string[]
  /**
   * Continues a call that began then, and has made so many attempts: a closing client lets it finish, and its time counts
   * from there.
   */
  readonly continues?: { readonly since: number; readonly attempts: number }
}

/** One request of the Responses API for a call. One object, because a stream holds it to its end. */
export class ApiRequest implements CallRequest {
  readonly url: URL
  readonly method: RequestShape['method']
  readonly body: RequestBody
  readonly latency: RequestTraits['latency']
  readonly continuation: boolean
  readonly commitWithId: boolean
  readonly mayBeOver: boolean
  readonly asks: RequestTraits['asks']
  readonly label: string | undefined
  readonly continues: string | undefined
  readonly affinity: string | undefined
  readonly stored: boolean
  readonly expects: readonly string[] | undefined
  readonly #host: ResponsesHost
  /** The headers of the request, and those of all requests of its kind. */
  readonly #headers: HeaderPairs
  readonly #stateful: boolean
  readonly #own: ReturnType<ResponsesHost['headersOfCall']>
  #credentialIsOurs = false

  /** @throws ConfigurationError for a body that has no JSON. */
  constructor(host: ResponsesHost, shape: RequestShape) {
    const { method, headers, face, path, query } = shape
    this.#host = host
    this.#own = host.headersOfCall()
    this.url = path === CREATE_PATH && query === undefined ? createUrl(host) : urlOf(host, shape)
    this.method = method
    this.body =
      shape.body === undefined ? { kind: 'none' } : { kind: 'bytes', isText: true, bytes: utf8(serialised(shape.body)) }
    const fixed = (shape.body === undefined ? FIXED_HEADERS : FIXED_HEADERS_OF_JSON)[face]
    this.#headers = headers.length === 0 ? fixed : headers.concat(fixed)
    const traits = traitsOf({ method, url: this.url, headers: this.#headers, body: this.body }, shape.body)
    // Reading or cancelling a response is short and safe to repeat, so it has the deadlines of a JSON call.
    this.latency = { ...traits.latency, kind: face }
    this.affinity = affinityOf(host.endpointAffinity, headers, traits.promptCacheKey)
    this.#stateful = traits.stateful
    this.continuation = traits.continuation
    this.commitWithId = traits.commitWithId
    // Whatever resumes a response reads its state, if no event comes.
    this.mayBeOver = shape.commitAt === 'first_event'
    this.asks = traits.asks
    this.label = shape.label ?? host.label
    this.expects = shape.expects
    this.continues = traits.continues ?? responseIdIn(this.url)
    this.stored = traits.stored
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

/** Shared, because a stream keeps its headers to its end. */
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
const FIXED_HEADERS_OF_JSON: typeof FIXED_HEADERS = {
  stream: FIXED_HEADERS.stream.concat(JSON_CONTENT),
  json: FIXED_HEADERS.json.concat(JSON_CONTENT),
}

function urlOf({ baseURL }: ResponsesHost, { path, query = {} }: Pick<RequestShape, 'path' | 'query'>): URL {
  // A query of the base is kept: Azure has its `api-version` there.
  const url = new URL(baseURL)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url
}

const CREATE_PATH = 'responses'
const createUrls = new WeakMap<ResponsesHost, URL>()

/** The address of nearly all calls, made once for each client. */
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
        ? 'it contains a circular reference or a BigInt'
        : cause instanceof RangeError
          ? 'it is nested too deeply, or too long'
          : 'a toJSON() in it threw'
    throw new ConfigurationError(`params: cannot be converted to JSON (${why}).`, 'params')
  }
}
