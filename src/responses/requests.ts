import { Call, type CallRequest } from '../call/call.ts'
import { responseIdIn, traitsOf } from '../call/request-traits.ts'
import type { AbortScope } from '../core/abort.ts'
import { utf8 } from '../core/utf8.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { isCredentialHeader } from '../errors/redact.ts'
import type { HeaderPairs } from '../transport/transport.ts'
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
  readonly face: 'stream' | 'json'
  readonly restartable?: boolean
  /** Hand over from the first event of any kind: what was seen once is never asked for again. */
  readonly commitAt?: 'first_event'
  /** Goes on with what is under way since then: a client that is being closed lets it finish, and its time is the same. */
  readonly continues?: { readonly since: number }
}

/** One request of the Responses API as a call, registered with its client. */
export function beginCall(host: ResponsesHost, shape: RequestShape, scope: AbortScope): Call {
  if (!shape.continues) host.assertOpen()
  const { restartable = false, commitAt } = shape
  const request = toCallRequest(host, shape)
  const context = host.contextFor(request.url.origin, scope, { restartable, ...(commitAt && { commitAt }) })
  // What goes on has had its turn.
  const call = new Call(
    request,
    shape.continues ? { ...context, admission: undefined, startedAt: shape.continues.since } : context,
  )
  host.begin(scope)
  return call
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

function toCallRequest(host: ResponsesHost, shape: RequestShape): CallRequest {
  const { method, headers, face } = shape
  const url = shape.path === CREATE_PATH && shape.query === undefined ? createUrl(host) : urlOf(host, shape)
  const body =
    shape.body === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'bytes', bytes: utf8(serialised(shape.body)) } as const)
  const fixed = headers.concat(FIXED_HEADERS[face], shape.body === undefined ? [] : JSON_CONTENT)
  const traits = traitsOf({ method, url, headers: fixed, body }, shape.body)
  let epoch: number | undefined
  let credentialIsOurs = false
  return {
    url,
    method,
    body,
    async headers(refresh, asking) {
      const own = await host.headers(asking, refresh ? epoch : undefined)
      epoch = own.epoch
      const added = own.pairs.filter(([name]) => !fixed.some(([present]) => present === name))
      credentialIsOurs = added.some(([name]) => isCredentialHeader(name))
      return fixed.concat(added)
    },
    canRefresh: () => credentialIsOurs && host.canRefresh,
    // A read of one response, or the cancelling of one, is short and can be repeated: it is timed as a JSON call.
    latency: { ...traits.latency, kind: face },
    replay: { readOnce: false, stateful: traits.stateful, foreign: false, idempotentMethod: method === 'GET' },
    anchored: traits.anchored,
    commitWithId: traits.commitWithId,
    asks: traits.asks,
    continues: traits.continues ?? responseIdIn(url),
  }
}

function serialised(body: object): string {
  try {
    return JSON.stringify(body)
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it holds a circle or a BigInt' : 'a toJSON() of it threw'
    throw new ConfigurationError(`params: no JSON can be made of it (${why}).`, 'params')
  }
}
