import { hash } from 'node:crypto'
import type { HeaderPairs } from '../transport.ts'

/** Says which sockets a call may use, and how to open one. Proxy and TLS are the same for all sockets of a client. */
export interface SocketKey {
  /** The same for calls that may use each other's sockets. Holds no value of a header. */
  readonly id: string
  /** `http:` or `https:`, with the query, without a fragment. */
  readonly url: URL
  /** Headers of the upgrade. */
  readonly headers: HeaderPairs
}

/**
 * Headers of one request only. A call may use a socket that was opened with other values of them. Every other header may name
 * a credential, a tenant or an account, so it is part of the key.
 */
const OF_A_TURN: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'idempotency-key',
  'range',
  // Trace context.
  'b3',
  'baggage',
  'elastic-apm-traceparent',
  'newrelic',
  'sentry-trace',
  'traceparent',
  'tracestate',
  'uber-trace-id',
  'x-amzn-trace-id',
  'x-b3-flags',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-cloud-trace-context',
  'x-datadog-origin',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-datadog-tags',
  'x-datadog-trace-id',
  // Ids of one request.
  'x-client-request-id',
  'x-correlation-id',
  'x-ms-client-request-id',
  'x-request-id',
  // Headers of SDKs that count their own retries and time.
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-timeout',
])

/** `x-codex-turn-metadata`, `x-codex-turn-state`; `content-type`, `content-encoding`. */
const OF_A_TURN_BY_PREFIX = /^(?:x-codex-turn-|content-)/

/** Headers of the body, which an upgrade does not have, and of the connection, which an upgrade sets itself. */
const NOT_ON_UPGRADE: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const NOT_ON_UPGRADE_BY_PREFIX = /^(?:content-|sec-websocket-)/

/**
 * @param url the address to open a socket to.
 * @param headers all headers of the request, with names in lower case.
 */
export function socketKeyOf(url: URL, headers: HeaderPairs): SocketKey {
  const address = url.href.replace(/#.*$/, '')
  const sent = headers.filter(([name]) => !NOT_ON_UPGRADE.has(name) && !NOT_ON_UPGRADE_BY_PREFIX.test(name))
  const kept = sent
    .filter(([name]) => !OF_A_TURN.has(name) && !OF_A_TURN_BY_PREFIX.test(name))
    .map(([name, value]) => `${name.length}:${name}${value.length}:${value}`)
    .sort()
  // SHA-256: with a weaker hash, a caller could choose a header value whose digest equals that of another caller.
  return { id: `${address} ${hash('sha256', kept.join('\n'), 'base64')}`, url, headers: joined(sent) }
}

/** Node's `http` accepts each name once. */
function joined(pairs: HeaderPairs): HeaderPairs {
  const values = new Map<string, string>()
  for (const [name, value] of pairs) {
    const known = values.get(name)
    values.set(name, known === undefined ? value : `${known}${name === 'cookie' ? '; ' : ', '}${value}`)
  }
  return [...values]
}
