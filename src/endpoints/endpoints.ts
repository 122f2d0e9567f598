import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { RecentMap } from '../core/recent-map.ts'
import { isCredentialHeader } from '../errors/redact.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { EndpointHealth, type EndpointReport } from './endpoint-health.ts'

/** One of several places that answer the same calls. */
export interface EndpointSettings {
  readonly baseURL: URL
  readonly headers: HeaderPairs
  readonly weight: number
}

export interface Endpoint extends EndpointSettings {
  /** Its address, as telemetry tells it. */
  readonly name: string
  readonly health: EndpointHealth
}

/** What a call is about, for the choice of its endpoint. */
export interface RouteTraits {
  readonly url: URL
  readonly model: string
  /** The response that the call continues, or that its address names. */
  readonly responseId: string | undefined
  /** The call cannot do without the endpoint where that response lives. */
  readonly isContinuation: boolean
}

export type EndpointOf = (responseId: string) => string | undefined

export interface EndpointsOptions {
  readonly endpoints: readonly EndpointSettings[]
  readonly endpointOf: EndpointOf | undefined
  readonly clock: Clock
  readonly random: Random
  onCooled(endpoint: Endpoint, forMs: number): void
}

/** Of how many responses it is remembered where they live; the one that was made longest ago is forgotten. */
const MAX_RESPONSES = 10_000

/** The endpoints of a client: how each of them fares, and which response lives where. */
export class Endpoints {
  readonly all: readonly Endpoint[]
  readonly #options: EndpointsOptions
  readonly #homes = new RecentMap<string, Endpoint>(MAX_RESPONSES)

  constructor(options: EndpointsOptions) {
    this.#options = options
    this.all = options.endpoints.map((settings) => ({
      ...settings,
      name: nameOf(settings.baseURL),
      health: new EndpointHealth(options.clock),
    }))
  }

  /** How a call finds its way; `undefined` for an address that is below none of the endpoints. */
  routeOf(traits: RouteTraits): Route | undefined {
    const addressed = this.all.find(({ name }) => below(traits.url, name) !== undefined)
    return addressed === undefined ? undefined : new Route(this, addressed, traits)
  }

  /** Where a response lives, as was seen, or as the caller says. */
  homeOf(responseId: string): Endpoint | undefined {
    const seen = this.#homes.peek(responseId)
    if (seen !== undefined) return seen
    const said = this.#options.endpointOf?.(responseId)
    const url = said === undefined ? null : URL.parse(said)
    return url === null ? undefined : this.all.find(({ name }) => name === nameOf(url))
  }

  remember(responseId: string, endpoint: Endpoint): void {
    this.#homes.set(responseId, endpoint)
  }

  /** One that is ready, by weight; those not tried yet first. When none is, the one that will be soonest. */
  choose(model: string, tried: ReadonlySet<Endpoint>): Endpoint {
    const ready = this.all.filter(({ health }) => health.isReady(model))
    const fresh = ready.filter((endpoint) => !tried.has(endpoint))
    const candidates = fresh.length > 0 ? fresh : ready
    if (candidates.length === 0) {
      return this.all.reduce((soonest, one) =>
        one.health.readyAt(model) < soonest.health.readyAt(model) ? one : soonest,
      )
    }
    let left = this.#options.random() * candidates.reduce((sum, { weight }) => sum + weight, 0)
    for (const endpoint of candidates) {
      left -= endpoint.weight
      if (left < 0) return endpoint
    }
    return candidates.at(-1) as Endpoint
  }

  /** Whether a call that failed at one of them has another place to go to. */
  hasElsewhere(endpoint: Endpoint, model: string): boolean {
    return this.all.some((other) => other !== endpoint && other.health.isReady(model))
  }

  /** The last one that is ready is never given up. */
  report(endpoint: Endpoint, model: string, report: EndpointReport): void {
    const coolMs = endpoint.health.report(report, this.hasElsewhere(endpoint, model))
    if (coolMs !== undefined) this.#options.onCooled(endpoint, coolMs)
  }
}

/** What became of an attempt that was sent somewhere. */
export interface TargetEnd {
  /** `undefined`: nothing can be said of the endpoint. */
  readonly report: EndpointReport | undefined
  /** Milliseconds, as the endpoint asked. */
  readonly hintMs: number | undefined
  readonly responseId: string | undefined
}

/** Where one attempt goes. */
export interface Target {
  readonly url: URL
  readonly endpoint: string
  /** The headers for this endpoint, from those for the address that the caller gave. */
  headers(pairs: HeaderPairs): HeaderPairs
  /** Another endpoint could take the call. */
  hasElsewhere(): boolean
  ended(end: TargetEnd): void
}

/** The way of one call: each attempt gets a target. */
export class Route {
  readonly #endpoints: Endpoints
  readonly #addressed: Endpoint
  readonly #traits: RouteTraits
  readonly #home: Endpoint | undefined
  readonly #tried = new Set<Endpoint>()

  constructor(endpoints: Endpoints, addressed: Endpoint, traits: RouteTraits) {
    this.#endpoints = endpoints
    this.#addressed = addressed
    this.#traits = traits
    const { responseId, isContinuation } = traits
    const known = responseId === undefined ? undefined : endpoints.homeOf(responseId)
    // What is read of a response, or cancelled, is asked for where the caller asked, unless another place is known.
    this.#home = known ?? (responseId !== undefined && !isContinuation ? addressed : undefined)
  }

  /** The call continues a response, and nobody knows where that one lives. */
  get isHomeless(): boolean {
    return this.#traits.isContinuation && this.#home === undefined && this.#endpoints.all.length > 1
  }

  pick(): Target {
    const { url, model } = this.#traits
    const endpoints = this.#endpoints
    const chosen = this.#home ?? endpoints.choose(model, this.#tried)
    this.#tried.add(chosen)
    chosen.health.begin()
    const isElsewhere = chosen.baseURL.origin !== url.origin
    const target = chosen === this.#addressed ? url : addressAt(chosen, url, this.#addressed)
    let isOver = false
    return {
      url: target,
      endpoint: chosen.name,
      headers: (pairs) => headersFor(chosen, pairs, isElsewhere),
      hasElsewhere: () => this.#home === undefined && endpoints.hasElsewhere(chosen, model),
      ended({ report, hintMs, responseId }) {
        if (isOver) return
        isOver = true
        if (responseId !== undefined) endpoints.remember(responseId, chosen)
        if (hintMs !== undefined) chosen.health.hint(model, hintMs)
        if (report === undefined) chosen.health.endedWithoutWord()
        else endpoints.report(chosen, model, report)
      },
    }
  }
}

/** Origin and path: what stands before the address of every request to an endpoint. */
function nameOf({ origin, pathname }: URL): string {
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** What follows the base of an endpoint in the path of an address; `undefined` when it is not below it. */
function below(url: URL, name: string): string | undefined {
  const address = `${url.origin}${url.pathname}`
  if (address !== name && !address.startsWith(`${name}/`)) return undefined
  return address.slice(name.length)
}

/** The same request at another endpoint, with the query of that one's base in the place of the addressed one's. */
function addressAt({ name, baseURL }: Endpoint, url: URL, addressed: Endpoint): URL {
  const path = `${name}${below(url, addressed.name) ?? ''}`
  if (baseURL.search === '' && addressed.baseURL.search === '') return new URL(`${path}${url.search}`)
  const target = new URL(`${path}${baseURL.search}`)
  const replaced = new Set([...addressed.baseURL.searchParams.keys(), ...baseURL.searchParams.keys()])
  for (const [key, value] of url.searchParams) if (!replaced.has(key)) target.searchParams.append(key, value)
  return target
}

/** The endpoint's own headers win. Credentials for one origin never go to another. */
function headersFor({ headers: own }: Endpoint, pairs: HeaderPairs, isElsewhere: boolean): HeaderPairs {
  if (own.length === 0 && !isElsewhere) return pairs
  const replaced = new Set(own.map(([name]) => name))
  return [...pairs.filter(([name]) => !replaced.has(name) && !(isElsewhere && isCredentialHeader(name))), ...own]
}
