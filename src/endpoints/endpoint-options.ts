import { text } from '../core/rule-kinds.ts'
import type { Rule, Rules } from '../core/rules.ts'
import { headersRule } from '../transport/assert-header.ts'

/** One of several endpoints that answer the same calls. */
export interface EndpointOptions {
  /**
   * As the option `baseURL` of a client. Its query is added to every request to this endpoint, and to no other request.
   */
  readonly baseURL: string
  /**
   * Headers for this endpoint only. They replace all others of the same name. An endpoint at another origin than the first gets
   * neither `apiKey` nor `headers` of the client, nor the caller's headers, so it needs its credential here. A client with an
   * `apiKey` refuses such an endpoint without headers; `{}` says that it needs no credential. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Names of the caller's and the client's headers that this endpoint gets although it is at another origin: `['x-tenant']`. Without
   * being named it gets `accept*`, `content-*`, `range`, `user-agent`, `openai-beta`, `idempotency-key`, and tracing headers
   * (`traceparent`, `tracestate`, `b3`, `x-request-id`). Default: none.
   */
  readonly forwardHeaders?: readonly string[] | undefined
  /** Share of the calls, relative to the other endpoints. Above 0; default 1. */
  readonly weight?: number | undefined
}

/** Rule for `baseURL`, of a client too. The address itself is checked where it is parsed. */
export const addressRule = text('an http: or https: address, for example https://api.openai.com/v1')

const endpointRules = {
  baseURL: { ...addressRule, required: true },
  headers: headersRule,
  forwardHeaders: {
    accepts: 'an array of header names',
    test: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
  },
  weight: {
    accepts: 'a number above 0',
    test: (value) => typeof value === 'number' && value > 0 && value <= 1e6,
    default: 1,
  },
} as const satisfies Rules<EndpointOptions>

export const endpointsRule: Rule<never> = {
  accepts: 'an array of { baseURL, headers?, forwardHeaders?, weight? }, with at least one entry',
  test: (value) => Array.isArray(value) && value.length > 0,
  each: endpointRules,
}
