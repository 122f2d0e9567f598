import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { RecentMap } from '../core/recent-map.ts'
import { isPortableHeader } from '../errors/header-names.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { EndpointHealth, type EndpointReport, type Trial } from './endpoint-health.ts'
import { type AskContext, askEndpointOf, type EndpointOf } from './endpoint-of.ts'

export type { EndpointOf } from './endpoint-of.ts'

/** One of several places that answer the same calls. */
export interface EndpointSettings {
  readonly baseURL: URL
  readonly headers: HeaderPairs
  /** Names, in lower case, of further headers that go there from another origin. */
  readonly forwardHeaders?: readonly string[] | undefined
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

export interface EndpointsOptions {
  readonly endpoints: readonly EndpointSettings[]
  readonly endpointOf: EndpointOf | undefined
  readonly clock: Clock
  readonly random: Random
  onCooled(endpoint: Endpoint, forMs: number): void
}

/** Of how many responses it is remembered where they live; the one that was made longest ago is forgotten. */
const MAX_RESPONSES = 10_000

const NONE_TRIED: ReadonlySet<Endpoint> = new Set()

/** The endpoints of a client: how each of them fares, and which response lives where. */
export class Endpoints {
  readonly all: readonly Endpoint[]
  readonly #options: EndpointsOptions
  readonly #owners = new RecentMap<string, Endpoint>(MAX_RESPONSES)

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

  /** Where a response or a conversation lives, as was seen. */
  ownerOf(id: string): Endpoint | undefined {
    return this.#owners.peek(id)
  }

  /** Whether the caller can tell where something lives that was not seen. */
  get canAsk(): boolean {
    return this.#options.endpointOf !== undefined && this.all.length > 1
  }

  /** Where it lives, as the caller says. @throws RequestError `hook_failed`; the caller's own reason on an abort. */
  async askFor(id: string, context: AskContext): Promise<Endpoint | undefined> {
    const { endpointOf } = this.#options
    const said = endpointOf === undefined ? undefined : await askEndpointOf(endpointOf, id, context)
    const url = said === undefined ? null : URL.parse(said)
    return url === null ? undefined : this.all.find(({ name }) => name === nameOf(url))
  }

  remember(responseId: string, endpoint: Endpoint): void {
    this.#owners.set(responseId, endpoint)
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

  /** Whether a call that failed at one of them has another place to go to, which is none of those it has tried. */
  hasElsewhere(endpoint: Endpoint, model: string, tried: ReadonlySet<Endpoint> = NONE_TRIED): boolean {
    return this.all.some((other) => other !== endpoint && !tried.has(other) && other.health.isReady(model))
  }

  /** The last one that is ready is never given up. */
  report(endpoint: Endpoint, trial: Trial, model: string, report: EndpointReport): void {
    const coolMs = endpoint.health.report(trial, report, this.hasElsewhere(endpoint, model))
    if (coolMs !== undefined) this.#options.onCooled(endpoint, coolMs)
  }
}

/** What became of an attempt that was sent somewhere. */
export interface TargetEnd {
  /** `undefined`: nothing can be said of the endpoint. */
  readonly report: EndpointReport | undefined
  /** Milliseconds, as the endpoint asked. */
  readonly hintMs: number | undefined
}

/** Where one attempt goes. */
export interface Target {
  readonly url: URL
  readonly endpoint: string
  /** Where its headers are given, for example `endpoints.1.headers`; absent at the origin that the caller addressed. */
  readonly ownHeadersAt: string | undefined
  /** The headers for this endpoint, from those for the address that the caller gave. */
  headers(pairs: HeaderPairs): HeaderPairs
  /** Another endpoint could take the call, one that the call has not tried. */
  hasElsewhere(): boolean
  /** The id of a response or a conversation was seen, which lives where this attempt went. */
  saw(id: string): void
  /** Output is handed over. */
  sawLife(): void
  /** Told once of every target, also of one that nothing was sent to. */
  ended(end: TargetEnd): void
}

/** The way of one call: each attempt gets a target. */
export class Route {
  readonly #endpoints: Endpoints
  readonly #addressed: Endpoint
  readonly #traits: RouteTraits
  /** As the caller says. */
  #said: Endpoint | undefined
  readonly #tried = new Set<Endpoint>()

  constructor(endpoints: Endpoints, addressed: Endpoint, traits: RouteTraits) {
    this.#endpoints = endpoints
    this.#addressed = addressed
    this.#traits = traits
  }

  /** Where the call has to go: where the response lives. */
  get #owner(): Endpoint | undefined {
    const { responseId, isContinuation } = this.#traits
    if (responseId === undefined) return undefined
    const known = this.#endpoints.ownerOf(responseId) ?? this.#said
    // What is read of a response, or cancelled, is asked for where the caller asked, unless another place is known.
    return known ?? (isContinuation ? undefined : this.#addressed)
  }

  /** The call continues a response, and nobody knows where that one lives. */
  get isOwnerUnknown(): boolean {
    return this.#traits.isContinuation && this.#owner === undefined && this.#endpoints.all.length > 1
  }

  /** Asks the caller where the response lives, where nothing of it was seen. `undefined`: there is nothing to ask. */
  findOwner(context: AskContext): Promise<void> | undefined {
    const { responseId } = this.#traits
    const endpoints = this.#endpoints
    if (responseId === undefined || !endpoints.canAsk || endpoints.ownerOf(responseId) !== undefined) return undefined
    return endpoints.askFor(responseId, context).then((said) => {
      this.#said = said
    })
  }

  pick(): Target {
    const { url, model } = this.#traits
    const endpoints = this.#endpoints
    const owner = this.#owner
    const chosen = owner ?? endpoints.choose(model, this.#tried)
    this.#tried.add(chosen)
    const { health } = chosen
    const trial = health.begin()
    const isElsewhere = chosen.baseURL.origin !== url.origin
    const target = chosen === this.#addressed ? url : addressAt(chosen, url, this.#addressed)
    let isOver = false
    return {
      url: target,
      endpoint: chosen.name,
      ownHeadersAt: isElsewhere ? `endpoints.${endpoints.all.indexOf(chosen)}.headers` : undefined,
      headers: (pairs) => headersFor(chosen, pairs, isElsewhere),
      hasElsewhere: () => owner === undefined && endpoints.hasElsewhere(chosen, model, this.#tried),
      saw: (id) => endpoints.remember(id, chosen),
      sawLife: () => health.sawLife(trial),
      ended({ report, hintMs }) {
        if (isOver) return
        isOver = true
        if (hintMs !== undefined) health.hint(model, hintMs)
        if (report === undefined) health.endedWithoutWord(trial)
        else endpoints.report(chosen, trial, model, report)
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

/**
 * The endpoint's own headers win. Of those that were given for another origin only the named ones go along: no list knows
 * the names of all credentials.
 */
function headersFor({ headers: own, forwardHeaders }: Endpoint, pairs: HeaderPairs, isElsewhere: boolean): HeaderPairs {
  if (own.length === 0 && !isElsewhere) return pairs
  const replaced = new Set(own.map(([name]) => name))
  const kept = pairs.filter(
    ([name]) =>
      !replaced.has(name) && (!isElsewhere || isPortableHeader(name) || forwardHeaders?.includes(name) === true),
  )
  return [...kept, ...own]
}
