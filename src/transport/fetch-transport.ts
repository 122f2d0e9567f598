import { func, oneOf } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import { transportEnded } from './ended.ts'
import { closed, FetchExchange, type FetchFunction } from './fetch-exchange.ts'
import type { Exchange, ExchangeObserver, Transport, TransportRequest, TransportStats } from './transport.ts'

export type { FetchFunction }

/**
 * Makes calls with an existing `fetch`: a mock, another client, the built-in one. The only control over it is abort:
 * the transport cannot choose connections, see when a connection is made or the request is written, or turn off the
 * timeouts of that fetch (300 s for headers and for silence in undici). See `docs/transports.md`.
 *
 * @param fetch called as `fetch(url, init)`, without `this`.
 * @throws ConfigurationError for a `fetch` that is not a function, and for an option that is unknown or not accepted.
 */
export function fetchTransport(fetch: FetchFunction, options: FetchTransportOptions = {}): Transport {
  checkOptions({ fetch }, argumentRules, { of: 'fetchTransport()' })
  checkOptions(options, rules, { of: 'fetchTransport()' })
  return new FetchTransport(fetch, options.redirect === 'as_given')
}

/** Options of `fetchTransport()`. */
export interface FetchTransportOptions {
  /**
   * The `redirect` option of the wrapped `fetch`. `'manual'` (default): it follows no redirects. The client follows or
   * refuses them, so that a conversation and its credentials do not leave their origin. `'as_given'`: the option of
   * `client.fetch`, or none. That fetch then follows redirects by its own rules.
   */
  readonly redirect?: 'manual' | 'as_given'
}

/** `fetch` is shown by its kind: a text in its place may be a credential. */
const argumentRules = {
  fetch: { ...func('a function with the signature of `fetch`'), required: true, secret: true },
} as const

const rules = { redirect: oneOf('manual', 'as_given') } as const satisfies Rules<FetchTransportOptions>

class FetchTransport implements Transport {
  readonly name = 'fetch'
  readonly abilities = {
    seesConnect: false,
    seesSent: false,
    choosesConnection: false,
    takesCallersForm: true,
  } as const
  readonly #fetch: FetchFunction
  readonly #followsAsGiven: boolean
  readonly #exchanges = new Set<FetchExchange>()
  #closed = false
  #onQuiet: Array<() => void> = []

  constructor(fetch: FetchFunction, followsAsGiven: boolean) {
    this.#fetch = fetch
    this.#followsAsGiven = followsAsGiven
  }

  send(request: TransportRequest, observer: ExchangeObserver): Exchange {
    const exchange = new FetchExchange(
      { fetch: this.#closed ? closed : this.#fetch, followsAsGiven: this.#followsAsGiven },
      request,
      observer,
      () => {
        this.#exchanges.delete(exchange)
        if (this.#exchanges.size === 0) for (const resolve of this.#onQuiet.splice(0)) resolve()
      },
    )
    this.#exchanges.add(exchange)
    return exchange
  }

  stats(): TransportStats {
    return { connections: 0, idleConnections: 0, leases: this.#exchanges.size, clients: 0 }
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#exchanges.size > 0) await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
  }

  async destroy(): Promise<void> {
    this.#closed = true
    const error = transportEnded('UND_ERR_DESTROYED')
    for (const exchange of [...this.#exchanges]) exchange.fail(error)
  }
}
