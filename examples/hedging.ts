/**
 * Hedging for a call that a user waits for, and none for one that must not be sent twice.
 *
 * `hedge: 'auto'` needs nothing: it acts where an endpoint was seen to accept calls and never answer. Here a fixed rule is
 * used, for an endpoint whose first event normally comes within two seconds.
 */
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'

export function createHedged(options: ResilientClientOptions, afterMs = 4_000) {
  const client = new ResilientClient(options)
  const eager = client.withOptions({ hedge: { afterMs, maxConcurrent: 2 } })
  const once = client.withOptions({ hedge: false, maxRetries: 0 })
  return {
    client,
    /** A second attempt starts after `afterMs` of silence. The first output wins, the other attempt ends. */
    answer: (input: string) => eager.responses.create({ model: 'gpt-5.2', input }),
    /** Exactly one request, whatever happens. */
    charge: (input: string) => once.responses.create({ model: 'gpt-5.2', input }),
  }
}
