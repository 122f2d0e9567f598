import { getEventListeners } from 'node:events'
import type { ResilientClient } from '../../../src/index.ts'
import type { VirtualClock } from '../../../src/testing/index.ts'
import type { Caller } from '../caller.ts'
import type { Network } from '../network/network.ts'
import type { Violations } from './violations.ts'

interface LeftoversContext {
  readonly violations: Violations
  readonly client: ResilientClient
  readonly clock: VirtualClock
  readonly network: Network
}

/** Nothing is left of calls that are over, and nothing at all of a client that has ended. */
export class Leftovers {
  readonly #context: LeftoversContext

  constructor(context: LeftoversContext) {
    this.#context = context
  }

  checkQuiet(callers: Iterable<Caller>): void {
    const { leases, activeCalls } = this.#context.client.stats()
    if (leases !== 0 || activeCalls !== 0)
      this.#add(undefined, `${leases} leases and ${activeCalls} calls after the last outcome`)
    for (const caller of callers) {
      const listeners = getEventListeners(caller.controller.signal, 'abort').length
      if (listeners > 0) this.#add(caller, `${listeners} listeners on its signal`)
      for (const ledger of caller.ledgers) {
        if (ledger.endedAt !== undefined) continue
        this.#context.violations.add('telemetry_paired', caller.plan.id, 'the call never ends in telemetry')
      }
    }
  }

  /** Once the client has ended, nothing of it waits for anything. What closes sockets belongs to the network. */
  checkTimers(how: 'close' | 'destroy'): void {
    const pending = this.#context.clock.pending().filter(({ label }) => label === 'client')
    if (pending.length === 0) return
    this.#add(undefined, `${pending.length} timers when ${how}() has settled: ${JSON.stringify(pending.slice(0, 3))}`)
  }

  checkNothing(): void {
    const { client, clock, network } = this.#context
    const { leases, activeCalls, connections, clients, idleConnections } = client.stats()
    const left = { leases, activeCalls, connections, clients, idleConnections }
    if (Object.values(left).some((count) => count !== 0)) this.#add(undefined, `after the end: ${JSON.stringify(left)}`)
    // The rest of the plan may be left: no code waits for it.
    const pending = clock.pending().filter(({ label, unref }) => label !== undefined || !unref)
    if (pending.length > 0) this.#add(undefined, `${pending.length} timers: ${JSON.stringify(pending.slice(0, 3))}`)
    const open = network.wires.size + network.sockets.size
    if (open > 0) this.#add(undefined, `${open} connections at the endpoints`)
  }

  #add(caller: Caller | undefined, detail: string): void {
    this.#context.violations.add('nothing_left', caller?.plan.id, detail)
  }
}
