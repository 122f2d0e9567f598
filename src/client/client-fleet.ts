import type { QuotaOf } from '../admission/admission.ts'
import type { Endpoints, SharedOwners } from '../endpoints/endpoints.ts'
import type { CallFleet, FleetCall } from '../fleet-port/call-fleet.ts'
import type { Fleet, FleetFact, FleetMembership } from '../fleet-port/fleet-port.ts'
import { HeldPushbacks, LONGEST_PUSHBACK_MS } from '../fleet-port/held-pushbacks.ts'
import type { TelemetryEmitter } from '../telemetry/emitter.ts'
import type { HeaderPairs } from '../transport/transport.ts'
import type { ClientSettings } from './settings.ts'

/**
 * A client in its fleet. What the client decides by stays local and synchronous: facts of other processes come in beside it, and its
 * own go out, so no call waits for the store except once when it arrives, and where it is short of a quota or of an owner.
 */
export class ClientFleet implements CallFleet {
  readonly #membership: FleetMembership
  readonly #pushbacks: HeldPushbacks
  readonly #origin: string
  #endpoints: Endpoints | undefined
  /** The limit on calls, where processes share one. */
  readonly quotaOf: QuotaOf | undefined
  readonly owners: SharedOwners

  constructor(fleet: Fleet, settings: ClientSettings, telemetry: TelemetryEmitter) {
    const { clock, fleetLimit, baseURL } = settings
    this.#pushbacks = new HeldPushbacks(clock)
    this.#origin = baseURL.origin
    const membership = fleet.join({
      clock,
      credential: credentialOf(settings),
      limit: fleetLimit,
      heard: (fact) => this.#heard(fact),
      storeChanged: (change) => {
        if (telemetry.wants('fleet_store')) telemetry.emit({ type: 'fleet_store', ...change })
      },
    })
    this.#membership = membership
    this.quotaOf = fleetLimit === undefined ? undefined : (origin, demand) => this.#membership.quotaOf(origin, demand)
    this.owners = {
      find: (id) => membership.findOwner(id),
      keep: (id, endpoint) => membership.keepOwner(id, endpoint),
    }
  }

  /** The endpoints that hear of cool-downs, where there are several. */
  watch(endpoints: Endpoints): void {
    this.#endpoints = endpoints
  }

  arrive(origin: string): Promise<void> | undefined {
    return this.#membership.arrive(origin)
  }

  pushedBack({ origin, given, model }: FleetCall, at: string, forMs: number): void {
    // Calls fail at once with such a hint, as they would without a fleet.
    if (forMs > LONGEST_PUSHBACK_MS) return
    const scope = { at, account: this.#membership.accountOf(given), model }
    this.#pushbacks.hold(scope, forMs)
    this.#membership.tell(origin, { kind: 'pushback', ...scope, forMs })
  }

  heldMs({ given, model }: FleetCall, at: readonly string[]): number {
    if (!this.#pushbacks.any) return 0
    const account = this.#membership.accountOf(given)
    return Math.min(...at.map((each) => this.#pushbacks.heldMs({ at: each, account, model })))
  }

  /** One of several endpoints begins a cool-down. */
  cooled(endpoint: string, forMs: number): void {
    this.#membership.tell(this.#origin, { kind: 'cooldown', at: endpoint, account: '', model: '', forMs })
  }

  /** The client is closed. */
  leave(): Promise<void> {
    return this.#membership.leave()
  }

  #heard(fact: FleetFact): void {
    if (fact.kind === 'cooldown') {
      this.#endpoints?.coolElsewhere(fact.at, fact.forMs)
      return
    }
    this.#pushbacks.hold(fact, fact.forMs)
    this.#endpoints?.named(fact.at)?.health.hint(fact.model, fact.forMs)
  }
}

/** What the client adds to every call. A function may make another credential for each. */
function credentialOf({ apiKey, headers }: ClientSettings): HeaderPairs {
  if (typeof headers === 'function') return []
  const pairs = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  const hasOwn = apiKey === undefined || pairs.some(([name]) => name === 'authorization')
  return hasOwn ? pairs : [...pairs, ['authorization', `Bearer ${apiKey}`]]
}
