import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { RecentMap } from '../core/recent-map.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import { addressAt, below, type EndpointSettings, headersFor, nameOf } from './addresses.ts'
import { chooseByAffinity } from './affinity.ts'
import { EndpointHealth, type EndpointReport, type Trial } from './endpoint-health.ts'
import { type AskContext, askEndpointOf, type EndpointOf } from './endpoint-of.ts'

export type { EndpointSettings } from './addresses.ts'
export type { EndpointOf } from './endpoint-of.ts'

export interface Endpoint extends EndpointSettings {
  /** The address in telemetry. */
  readonly name: string
  readonly health: EndpointHealth
}

/** The traits of a call that decide its endpoint. */
export interface RouteTraits {
  readonly url: URL
  readonly model: string
  /** The response that the call continues, or that its address names. */
  readonly responseId: string | undefined
  /** Calls with the same text go to the same endpoint while it is ready. */
  readonly affinity?: string | undefined
  /** The call can only go to the endpoint where that response lives. */
  readonly isContinuation: boolean
  /** The endpoint keeps the response of the call, so that another process may continue it. */
  readonly isStored: boolean
}

/** The owners of responses, as other processes know them. */
export interface SharedOwners {
  /** The `baseURL` of the endpoint. Resolves at the latest after 100 ms, and never rejects. */
  find(id: string): Promise<string | undefined>
  keep(id: string, endpoint: string): void
}

export interface EndpointsOptions {
  readonly endpoints: readonly EndpointSettings[]
  readonly endpointOf: EndpointOf | undefined
  readonly sharedOwners?: SharedOwners | undefined
  readonly clock: Clock
  readonly random: Random
  onCooled(endpoint: Endpoint, forMs: number): void
}

/** Number of responses whose owner is remembered. The oldest is dropped first. */
const MAX_RESPONSES = 10_000

const NONE_TRIED: ReadonlySet<Endpoint> = new Set()

/** The endpoints of a client, with their health and the responses that live there. */
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

  /**
   * The route of a call. `undefined` for an address that belongs to no endpoint.
   *
   * @param former the route until now, at whose endpoints the call has failed.
   */
  routeOf(traits: RouteTraits, former?: Route): Route | undefined {
    const addressed = this.all.find(({ name }) => below(traits.url, name) !== undefined)
    return addressed === undefined ? undefined : new Route(this, addressed, traits, former?.tried)
  }

  /** The same request at each of the endpoints. */
  everywhere(url: URL, pairs: HeaderPairs): ReadonlyArray<{ readonly url: URL; readonly headers: HeaderPairs }> {
    const addressed = this.all.find(({ name }) => below(url, name) !== undefined)
    if (addressed === undefined) return [{ url, headers: pairs }]
    return this.all.map((one) => ({
      url: one === addressed ? url : addressAt(one, url, addressed),
      headers: headersFor(one, pairs, one.baseURL.origin !== url.origin),
    }))
  }

  /** The endpoint where a response or a conversation was seen. */
  ownerOf(id: string): Endpoint | undefined {
    return this.#owners.peek(id)
  }

  /** Whether there is another to ask: another process, or the option `endpointOf`. */
  get canAsk(): boolean {
    const { endpointOf, sharedOwners } = this.#options
    return (endpointOf !== undefined || sharedOwners !== undefined) && this.all.length > 1
  }

  /** The owner, according to other processes, else to `endpointOf`. @throws RequestError `hook_failed`; the caller's own reason on an abort. */
  async askFor(id: string, context: AskContext): Promise<Endpoint | undefined> {
    const { endpointOf, sharedOwners } = this.#options
    const known = sharedOwners === undefined ? undefined : this.named((await sharedOwners.find(id)) ?? '')
    if (known !== undefined) return known
    const said = endpointOf === undefined ? undefined : await askEndpointOf(endpointOf, id, context)
    const url = said === undefined ? null : URL.parse(said)
    return url === null ? undefined : this.all.find(({ name }) => name === nameOf(url))
  }

  remember(responseId: string, endpoint: Endpoint, isStored: boolean): void {
    const isNew = isStored && this.all.length > 1 && this.#owners.peek(responseId) !== endpoint
    this.#owners.set(responseId, endpoint)
    if (isNew) this.#options.sharedOwners?.keep(responseId, endpoint.name)
  }

  /** The endpoint of this name, as `Endpoint.name` has it. */
  named(name: string): Endpoint | undefined {
    return this.all.find((endpoint) => endpoint.name === name)
  }

  /** Another process started a cool-down. The last ready endpoint never cools down. */
  coolElsewhere(name: string, forMs: number): void {
    const endpoint = this.named(name)
    if (endpoint !== undefined && this.hasElsewhere(endpoint, '')) endpoint.health.coolElsewhere(forMs)
  }

  /** Chooses a ready endpoint by affinity or weight; untried ones first. If none is ready, the one that is ready soonest. */
  choose(model: string, tried: ReadonlySet<Endpoint>, affinity?: string): Endpoint {
    const ready = this.all.filter(({ health }) => health.isReady(model))
    const fresh = ready.filter((endpoint) => !tried.has(endpoint))
    const candidates = fresh.length > 0 ? fresh : ready
    const [first, ...others] = candidates
    if (first === undefined) {
      return this.all.reduce((soonest, one) =>
        one.health.readyAt(model) < soonest.health.readyAt(model) ? one : soonest,
      )
    }
    if (affinity !== undefined) return chooseByAffinity([first, ...others], affinity)
    let left = this.#options.random() * candidates.reduce((sum, { weight }) => sum + weight, 0)
    for (const endpoint of candidates) {
      left -= endpoint.weight
      if (left < 0) return endpoint
    }
    return candidates.at(-1) as Endpoint
  }

  /** Whether a call that failed at one endpoint can go to another that it has not tried. */
  hasElsewhere(endpoint: Endpoint, model: string, tried: ReadonlySet<Endpoint> = NONE_TRIED): boolean {
    return this.all.some((other) => other !== endpoint && !tried.has(other) && other.health.isReady(model))
  }

  /** Records the outcome of an attempt. The last ready endpoint never cools down. */
  report(endpoint: Endpoint, trial: Trial, model: string, report: EndpointReport): void {
    const coolMs = endpoint.health.report(trial, report, this.hasElsewhere(endpoint, model))
    if (coolMs !== undefined) this.#options.onCooled(endpoint, coolMs)
  }
}

/** Outcome of an attempt for its target. */
export interface TargetEnd {
  /** `undefined`: the attempt says nothing about the endpoint. */
  readonly report: EndpointReport | undefined
  /** The hint of the endpoint. Milliseconds. */
  readonly hintMs: number | undefined
}

/** Where one attempt goes. */
export interface Target {
  readonly url: URL
  readonly endpoint: string
  /** The option with its headers, for example `endpoints.1.headers`. Absent at the origin that the caller addressed. */
  readonly ownHeadersAt: string | undefined
  /** The headers for this endpoint, from the headers for the addressed one. */
  headers(pairs: HeaderPairs): HeaderPairs
  /** Whether an endpoint that the call has not tried can take it. */
  hasElsewhere(): boolean
  /** An id of a response or a conversation was seen, which lives at this endpoint. */
  saw(id: string): void
  /** Output was handed over. */
  sawLife(): void
  /** Called once for every target, also if nothing was sent to it. */
  ended(end: TargetEnd): void
}

/** Chooses the targets of one call: one for each attempt. */
export class Route {
  readonly #endpoints: Endpoints
  readonly #addressed: Endpoint
  readonly #traits: RouteTraits
  /** The owner, according to `endpointOf`. */
  #said: Endpoint | undefined
  readonly tried: Set<Endpoint>

  constructor(endpoints: Endpoints, addressed: Endpoint, traits: RouteTraits, tried = new Set<Endpoint>()) {
    this.#endpoints = endpoints
    this.#addressed = addressed
    this.#traits = traits
    this.tried = tried
  }

  /** The endpoint where the response lives, to which the call must go. */
  get #owner(): Endpoint | undefined {
    const { responseId, isContinuation } = this.#traits
    if (responseId === undefined) return undefined
    const known = this.#endpoints.ownerOf(responseId) ?? this.#said
    // Reading or cancelling a response goes to the addressed endpoint, unless the owner is known to be another.
    return known ?? (isContinuation ? undefined : this.#addressed)
  }

  /** The call continues a response whose owner is not known. */
  get isOwnerUnknown(): boolean {
    return this.#traits.isContinuation && this.#owner === undefined && this.#endpoints.all.length > 1
  }

  /** The names of the endpoints that can take the call. */
  get candidates(): readonly string[] {
    const owner = this.#owner
    return owner === undefined ? this.#endpoints.all.map(({ name }) => name) : [owner.name]
  }

  /** Asks for the owner if the response was never seen. `undefined`: no call is needed. */
  findOwner(context: AskContext): Promise<void> | undefined {
    const { responseId } = this.#traits
    const endpoints = this.#endpoints
    if (responseId === undefined || !endpoints.canAsk || endpoints.ownerOf(responseId) !== undefined) return undefined
    return endpoints.askFor(responseId, context).then((said) => {
      this.#said = said
    })
  }

  pick(): Target {
    const { url, model, affinity } = this.#traits
    const endpoints = this.#endpoints
    const owner = this.#owner
    const chosen = owner ?? endpoints.choose(model, this.tried, affinity)
    this.tried.add(chosen)
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
      hasElsewhere: () => owner === undefined && endpoints.hasElsewhere(chosen, model, this.tried),
      saw: (id) => endpoints.remember(id, chosen, this.#traits.isStored),
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
