import { text } from '../core/rule-kinds.ts'
import type { Rule, Rules } from '../core/rules.ts'
import { headersRule } from '../transport/assert-header.ts'

/** One of several places that answer the same calls. */
export interface EndpointOptions {
  /** As `ResilientClientOptions.baseURL`. A query goes with every request that this endpoint gets, and to no other one. */
  readonly baseURL: string
  /**
   * Sent to this endpoint alone; they win over all others. What the caller, `apiKey` or `headers` gave for one origin does not
   * go to another one, so an endpoint of an origin of its own needs its credential here. Beside an `apiKey` such an endpoint
   * is refused without one; `{}` says that it needs none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Names of headers that this endpoint gets although they were given for another origin: `['x-tenant', 'openai-organization']`.
   * Default: none. What says how to answer goes without being named: `accept*`, `content-*`, `range`, `user-agent`,
   * `openai-beta`, `idempotency-key`, and the headers of tracing (`traceparent`, `tracestate`, `b3`, `x-request-id`).
   */
  readonly forwardHeaders?: readonly string[] | undefined
  /** Its share of the calls, beside the others. Above 0; default 1. */
  readonly weight?: number | undefined
}

/** What `baseURL` takes, of a client too. That it can be used is checked where the address is read. */
export const addressRule = text('an http: or https: address, for example https://api.openai.com/v1')

const endpointRules = {
  baseURL: { ...addressRule, required: true },
  headers: headersRule,
  forwardHeaders: {
    accepts: 'an array of names of headers',
    test: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  },
  weight: {
    accepts: 'a number above 0',
    test: (value) => typeof value === 'number' && value > 0 && value <= 1e6,
    default: 1,
  },
} as const satisfies Rules<EndpointOptions>

export const endpointsRule: Rule<never> = {
  accepts: 'an array of { baseURL, headers?, forwardHeaders?, weight? }, with one at least',
  test: (value) => Array.isArray(value) && value.length > 0,
  each: endpointRules,
}
