import type { CallRequest } from '../call/call.ts'
import { isIdempotent, type RequestTraits, responseIdIn } from '../call/request-traits.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { FetchHost } from './fetch-host.ts'
import type { FetchRequest } from './fetch-request.ts'
import { fillGaps } from './header-source.ts'

/** The request of a drop-in call: the caller's request, with our headers where it has none. */
export function callRequest(host: FetchHost, request: FetchRequest, traits: RequestTraits): CallRequest {
  const { url, method, body } = request
  const isOurs = url.origin === host.settings.baseURL.origin
  const passthrough = isPassthrough(traits)
  const theirs = host.handsOn ? request.headers : withDefaults(request.headers, traits)
  const own = isOurs ? host.headers.ofCall() : undefined
  let credentialIsOurs = false
  return {
    url,
    method,
    body,
    dispatcher: request.dispatcher,
    callersForm: request.callersForm,
    signal: passthrough ? request.signal : undefined,
    given: theirs,
    async headers(ask) {
      if (own === undefined) return theirs
      const filled = fillGaps(theirs, await own.get({ ...ask, method }))
      credentialIsOurs = filled.credentialIsOurs
      return filled.pairs
    },
    canRefresh: () => credentialIsOurs && host.headers.canRefresh,
    latency: traits.latency,
    replay: {
      readOnce: body.kind === 'stream' && !body.replayable,
      stateful: traits.stateful,
      passthrough,
      idempotent: isIdempotent({ method, url }),
      idempotencyKey: request.headers.some(([name]) => name === 'idempotency-key'),
    },
    continuation: traits.continuation,
    commitWithId: traits.commitWithId,
    asks: traits.asks,
    label: host.settings.label,
    continues: traits.continues ?? responseIdIn(url),
  }
}

export function isPassthrough({ latency }: RequestTraits): boolean {
  return latency.kind === 'passthrough'
}

function withDefaults(headers: HeaderPairs, { latency }: RequestTraits): HeaderPairs {
  const missing = (latency.kind === 'stream' ? STREAM_HEADERS : DEFAULT_HEADERS).filter(
    ([name]) => !headers.some(([present]) => present === name),
  )
  return headers.concat(missing)
}

/** Shared, because a stream keeps its headers to its end. */
const DEFAULT_HEADERS: HeaderPairs = [
  ['accept', '*/*'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['user-agent', 'resilient-responses'],
]
/** Event streams are requested uncompressed: decoding costs more than it saves, and delays events. */
const STREAM_HEADERS: HeaderPairs = DEFAULT_HEADERS.with(1, ['accept-encoding', 'identity'])
