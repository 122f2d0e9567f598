import type { HeaderPairs } from '../transport/transport.ts'

/** A call, as its fleet knows it. */
export interface FleetCall {
  /** The origin that the caller addressed. */
  readonly origin: string
  /** The caller's headers. */
  readonly given: HeaderPairs
  readonly model: string
}

/** What a call asks of the fleet of its client. */
export interface CallFleet {
  /** See `FleetMembership.arrive`. */
  arrive(origin: string): Promise<void> | undefined
  /** An endpoint asked to wait. */
  pushedBack(call: FleetCall, at: string, forMs: number): void
  /** How long the call has to wait until one of these endpoints takes it. 0: not at all. Milliseconds. */
  heldMs(call: FleetCall, at: readonly string[]): number
}
