import type { Entry } from './entry.ts'
import type { ClientLease } from './types.ts'

/** The giver of leases, which is told when they are poisoned or released. */
export interface LeaseKeeper<C> {
  poison(entry: Entry<C>, reason: string): void
  release(entry: Entry<C>): void
}

/** The use of one client by one user. Small, because a stream holds one to its end. */
export class Lease<C> implements Omit<ClientLease<C>, typeof Symbol.dispose> {
  readonly #entry: Entry<C>
  readonly #keeper: LeaseKeeper<C>
  #held = true

  constructor(entry: Entry<C>, keeper: LeaseKeeper<C>) {
    this.#entry = entry
    this.#keeper = keeper
  }

  get client(): C {
    return this.#entry.client
  }

  get generation(): number {
    return this.#entry.generation
  }

  poison(reason: string): void {
    this.#keeper.poison(this.#entry, reason)
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    this.#keeper.release(this.#entry)
  }
}

/** The same lease, with methods that work without their `this`. */
export function withoutThis<C>(lease: Lease<C>): ClientLease<C> {
  const release = (): void => lease.release()
  return {
    client: lease.client,
    generation: lease.generation,
    poison: (reason) => lease.poison(reason),
    release,
    [Symbol.dispose]: release,
  }
}
