import { nextTurn } from '../../../src/core/turn.ts'
import type { ResilientClient } from '../../../src/index.ts'
import type { VirtualClock } from '../../../src/testing/index.ts'
import type { MockRequest, MockResponsesServer } from '../../../src/testing/server.ts'

/**
 * Turns of the event loop without a change after which nothing is on its way any more. Client and server share the loop,
 * so a busy machine makes the turns longer, not fewer; that many leave the kernel time to carry its packets.
 */
const QUIET_TURNS = 100

/**
 * Runs calls over real sockets in virtual time: whenever all of them wait for nothing but time, it moves on to the next
 * timer. So a slow machine is never taken for a silent endpoint, and no test waits for a deadline.
 */
export async function inVirtualTime<T>(
  work: Promise<T>,
  { clock, client, server }: { clock: VirtualClock; client: ResilientClient; server: MockResponsesServer },
): Promise<T> {
  let over = false
  const watched = work.finally(() => {
    over = true
  })
  watched.catch(() => {})
  const look = observe(client, server)
  for (let quiet = 0; !over; quiet++) {
    if (look()) quiet = 0
    await nextTurn()
    if (quiet < QUIET_TURNS || over) continue
    quiet = 0
    const next = clock.pending()[0]
    if (next !== undefined) await clock.advance(Math.max(0, next.inMs))
  }
  return watched
}

/** A function that says whether anything has happened since it was last asked. Asked at every turn, so it must be cheap. */
function observe(client: ResilientClient, server: MockResponsesServer): () => boolean {
  let pending: MockRequest[] = []
  let seen = 0
  let before = ''
  return () => {
    pending = [...pending, ...server.requests.slice(seen)].filter(({ outcome }) => outcome === 'pending')
    seen = server.requests.length
    let sentEvents = 0
    for (const request of pending) sentEvents += request.sentEvents
    const { activeCalls, connections, leases } = client.stats()
    const faults = server.appliedFaults.length
    const now = [
      seen,
      pending.length,
      sentEvents,
      faults,
      server.connections.length,
      activeCalls,
      connections,
      leases,
    ].join()
    const changed = now !== before
    before = now
    return changed
  }
}
