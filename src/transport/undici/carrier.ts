import type { Lease } from '../../cache/lease.ts'
import type { Clock } from '../../core/clock.ts'
import type { Member } from '../../core/live-set.ts'
import type { TransportRequest } from '../transport.ts'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './pool.ts'
import type { Dispatcher } from './undici-parts.ts'

/** A connection under a lease, or a caller's dispatcher. */
export type Carrier =
  | { readonly kind: 'leased'; readonly lease: Lease<ConnectionPool>; readonly connection: Connection }
  | { readonly kind: 'foreign'; readonly dispatcher: Dispatcher }

/** The transport of an exchange. */
export interface ExchangeSource {
  /**
   * Calls back with the carrier of the exchange, or with the reason why there is none. Returns the function that gives
   * up waiting.
   */
  readonly carrierFor: (
    request: TransportRequest,
    callback: (error: unknown, carrier: Carrier | undefined) => void,
  ) => () => void
  readonly clock: Clock
  /** The lease of a carrier has ended. */
  readonly leavePlace: (origin: string) => void
  readonly onEnded: (exchange: Member) => void
}
