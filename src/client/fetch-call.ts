import type { CallRequest, HeaderAsk } from '../call/call.ts'
import { isIdempotent, type RequestTraits, responseIdIn } from '../call/request-traits.ts'
import { affinityOf } from '../endpoints/affinity.ts'
import type { HeaderPairs, RequestBody } from '../transport/transport.ts'
import type { FetchHost } from './fetch-host.ts'
import type { FetchRequest } from './fetch-request.ts'
import { fillGaps } from './header-source.ts'

/** The request of a drop-in call: the caller's request, with our headers where it has none. */
export function callRequest(host: FetchHost, request: FetchRequest, traits: RequestTraits): CallRequest {
  return new FetchCallRequest(host, request, traits)
}

/** A class, because a stream holds the request to its end, and functions would need more memory than methods. */
class FetchCallRequest implements CallRequest {
  readonly url: URL
  readonly method: string
  readonly body: RequestBody
  readonly dispatcher: unknown
  readonly callersForm: CallRequest['callersForm']
  readonly given: HeaderPairs
  readonly latency: RequestTraits['latency']
  readonly continuation: boolean
  readonly commitWithId: boolean
  readonly mayBeOver: boolean
  readonly asks: RequestTraits['asks']
  readonly label: string | undefined
  readonly continues: string | undefined
  readonly affinity: string | undefined
  readonly stored: boolean
  readonly #stateful: boolean
  readonly #signal: AbortSignal | undefined
  /** The source of the client's headers. */
  readonly #source: FetchHost['headers']
  /** Absent for other origins than that of `baseURL`. */
  readonly #own: ReturnType<FetchHost['headers']['ofCall']> | undefined
  #credentialIsOurs = false

  constructor(host: FetchHost, request: FetchRequest, traits: RequestTraits) {
    const { url, method, body } = request
    this.url = url
    this.method = method
    this.body = body
    this.dispatcher = request.dispatcher
    this.callersForm = request.callersForm
    this.given = host.handsOn ? request.headers : withDefaults(request.headers, traits)
    this.latency = traits.latency
    this.continuation = traits.continuation
    this.commitWithId = traits.commitWithId
    this.mayBeOver = traits.mayBeOver
    this.asks = traits.asks
    this.label = host.settings.label
    this.continues = traits.continues ?? responseIdIn(url)
    this.affinity = affinityOf(host.settings.endpointAffinity, request.headers, traits.promptCacheKey)
    this.stored = traits.stored
    this.#stateful = traits.stateful
    this.#signal = request.signal
    this.#source = host.headers
    this.#own = url.origin === host.settings.baseURL.origin ? host.headers.ofCall() : undefined
  }

  get signal(): AbortSignal | undefined {
    return isPassthrough(this) ? this.#signal : undefined
  }

  get replay(): CallRequest['replay'] {
    const { body, method, url, given } = this
    return {
      readOnce: body.kind === 'stream' && !body.replayable,
      stateful: this.#stateful,
      passthrough: isPassthrough(this),
      idempotent: isIdempotent({ method, url }),
      idempotencyKey: given.some(([name]) => name === 'idempotency-key'),
    }
  }

  async headers(ask: HeaderAsk): Promise<HeaderPairs> {
    const { given, method } = this
    if (this.#own === undefined) return given
    const filled = fillGaps(given, await this.#own.get({ ...ask, method }))
    this.#credentialIsOurs = filled.credentialIsOurs
    return filled.pairs
  }

  canRefresh(): boolean {
    return this.#credentialIsOurs && this.#source.canRefresh
  }
}

export function isPassthrough({ latency }: Pick<RequestTraits, 'latency'>): boolean {
  return latency.kind === 'passthrough'
}

function withDefaults(headers: HeaderPairs, { latency }: RequestTraits): HeaderPairs {
  const missing = (latency.kind === 'stream' ? STREAM_HEADERS : DEFAULT_HEADERS).filter(
    ([name]) => !headers.some(([present]) => present === name),
  )
  return headers.concat(missing)
}

/** `user-agent` of a request that came without one. */
export const DEFAULT_USER_AGENT = 'resilient-responses'

/** Shared, because a stream keeps its headers to its end. */
const DEFAULT_HEADERS: HeaderPairs = [
  ['accept', '*/*'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['user-agent', DEFAULT_USER_AGENT],
]
/** Event streams are requested uncompressed: decoding costs more than it saves, and delays events. */
const STREAM_HEADERS: HeaderPairs = DEFAULT_HEADERS.with(1, ['accept-encoding', 'identity'])
