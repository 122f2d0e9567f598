import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import type { ResilientClientStats } from '../client/resilient-client.ts'
import { serverOf } from './call-facts.ts'
import { OWN, OWN_METRIC } from './names.ts'

/** A client whose state is measured: what has `stats()`. */
export interface Observed {
  stats(): ResilientClientStats
}

/** The state of clients, measured whenever metrics are collected: the sums over all clients. */
export class ClientGauges {
  /** An observation that is never ended must not keep a client alive. */
  readonly #clients = new Set<WeakRef<Observed>>()

  constructor(meter: Meter) {
    const connections = meter.createObservableUpDownCounter(OWN_METRIC.connections, {
      description: 'Open or opening connections.',
      unit: '{connection}',
    })
    const waiting = meter.createObservableUpDownCounter(OWN_METRIC.waitingCalls, {
      description: 'Calls that wait for their turn (option `concurrency`).',
      unit: '{call}',
    })
    const budget = meter.createObservableGauge(OWN_METRIC.retryBudget, {
      description: 'Retries that are left in the budget of an origin (option `retry.budget`).',
      unit: '{retry}',
    })
    meter.addBatchObservableCallback(
      (result) => {
        const all = this.#stats()
        const observe = (
          instrument: Observable,
          value: (one: ResilientClientStats) => number,
          attributes?: Attributes,
        ) => result.observe(instrument, sum(all.map(value)), attributes)
        observe(connections, ({ idleConnections }) => idleConnections, { [OWN.connectionState]: 'idle' })
        observe(connections, (one) => one.connections - one.idleConnections, { [OWN.connectionState]: 'used' })
        observe(waiting, ({ waitingCalls }) => waitingCalls)
        for (const origin of new Set(all.flatMap(({ retryBudgets }) => Object.keys(retryBudgets))))
          observe(budget, ({ retryBudgets }) => retryBudgets[origin] ?? 0, serverOf(new URL(origin)))
      },
      [connections, waiting, budget],
    )
  }

  /** @returns ends it for this client; idempotent. */
  add(client: Observed): () => void {
    const ref = new WeakRef(client)
    this.#clients.add(ref)
    return () => this.#clients.delete(ref)
  }

  #stats(): ResilientClientStats[] {
    return [...this.#clients].flatMap((ref) => {
      const stats = ref.deref()?.stats()
      if (stats === undefined) this.#clients.delete(ref)
      return stats ?? []
    })
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
