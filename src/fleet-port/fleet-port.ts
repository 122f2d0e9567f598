import type { Clock } from '../core/clock.ts'
import type { HeaderPairs } from '../transport/transport.ts'

/**
 * What connects the clients of several processes. `redisFleet()` of `resilient-responses/fleet` makes one. Its member is for
 * the client alone.
 */
export interface Fleet {
  /** A client joins when it is made. It does no I/O before its first call. */
  join(member: FleetMember): FleetMembership
}

/** What a fleet needs of a client. */
export interface FleetMember {
  readonly clock: Clock
  /** The headers with the credential that the client adds to every call. Empty where a function makes them. */
  readonly credential: HeaderPairs
  /** The limit on the calls of all processes together. `undefined`: there is no such limit. */
  readonly limit: FleetLimit | undefined
  /** Another process has learnt this, or this process some time ago. */
  heard(fact: FleetFact): void
  /** The store stopped answering, or answers again. */
  storeChanged(change: StoreChange): void
}

export interface FleetLimit {
  /** Concurrent calls to one origin, over all processes. */
  readonly calls: number
  /** Concurrent calls of this process while the store does not answer. `undefined`: the last quota, at least an equal share. */
  readonly callsAlone: number | undefined
}

/** What one process learns of an endpoint, and all of them obey. It ends by itself. */
export interface FleetFact {
  /** `pushback`: the endpoint asked to wait. `cooldown`: one of several endpoints cools down. */
  readonly kind: 'pushback' | 'cooldown'
  /** The `baseURL` of the endpoint, where there are several; else its origin. */
  readonly at: string
  /** Of which account it is true, by `FleetMembership.accountOf`. */
  readonly account: string
  /** The model of the call. Empty for a cool-down, which is for all models. */
  readonly model: string
  /** Milliseconds from now. */
  readonly forMs: number
}

export type StoreChange =
  | { readonly state: 'lost' | 'not_subscribed'; readonly problem: string }
  | { readonly state: 'back' }

/** The part of a client in its fleet. Nothing here throws or rejects. */
export interface FleetMembership {
  /** The account of a call, by the credential that its caller has given, else by that of the client. A digest. */
  accountOf(given: HeaderPairs): string
  /**
   * Learns what the others know of an origin. Resolves when that is known, at the latest after 50 ms. `undefined`: it is known.
   */
  arrive(origin: string): Promise<void> | undefined
  /** Tells the others. */
  tell(origin: string, fact: FleetFact): void
  /** The part of this process in the limit on calls to an origin. */
  quotaOf(origin: string, demand: QuotaDemand): CallQuota
  /** Keeps where a stored response or a conversation lives. */
  keepOwner(id: string, endpoint: string): void
  /** Where it lives, as a process has kept it. Resolves at the latest after 100 ms. */
  findOwner(id: string): Promise<string | undefined>
  /** Gives back what this process holds. */
  leave(): Promise<void>
}

/** What a process uses and wants of a limit, as its gate knows it. */
export interface QuotaDemand {
  /** Calls under way. */
  readonly inside: number
  /** Calls that wait to begin. */
  readonly waiting: number
  /** Lets calls begin that wait, as many as the quota allows now. */
  fill(): void
}

export interface CallQuota {
  /** How many calls may be under way now. Calls above it may end, and no other begins. */
  limit(): number
  /** A call begins, waits, gave up waiting, or has ended. */
  changed(): void
}
